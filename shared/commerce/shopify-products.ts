import { z } from 'zod';
import { pageOfVariants } from './read-products.ts';
import type { ShopDeps } from './shop-orders.ts';
import type { ShopProducts } from './shop-products.ts';
import type { ShopifyShop } from './shopify-call.ts';
import { askShopify } from './shopify-graphql.ts';

const PAGE = 100;
const CURRENCY = 'query { shop { currencyCode } }';
const Currency = z.object({ shop: z.object({ currencyCode: z.string() }) });
const VARIANTS = `query Variants($query: String, $first: Int!, $after: String) {
  productVariants(first: $first, after: $after, query: $query) {
    nodes {
      sku title price barcode
      inventoryItem { tracked inventoryLevels(first: 1) { nodes { quantities(names: ["available"]) { quantity } } } }
      product { title status hasOnlyDefaultVariant }
    }
    pageInfo { hasNextPage endCursor }
  }
}`;
const Text = z.string().nullish();
const Variants = z.object({
  productVariants: z.object({
    nodes: z.array(
      z.object({
        sku: Text,
        title: z.string(),
        price: z.string(),
        barcode: Text,
        inventoryItem: z.object({
          tracked: z.boolean(),
          inventoryLevels: z.object({
            nodes: z.array(z.object({ quantities: z.array(z.object({ quantity: z.number() })) })),
          }),
        }),
        product: z.object({ title: z.string(), status: z.string(), hasOnlyDefaultVariant: z.boolean() }),
      }),
    ),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: Text }),
  }),
});

/** Variants of Shopify's GraphQL Admin API: https://shopify.dev/docs/api/admin-graphql/latest/queries/productVariants */
export function shopifyProducts(shop: ShopifyShop, deps: ShopDeps): ShopProducts {
  return {
    async changedSince(since, page) {
      const answer = await askShopify(shop, { query: CURRENCY, answer: Currency }, deps);
      const currency = answer.shop.currencyCode;
      const query = since === null ? null : `updated_at:>='${since}'`;
      const variables = { first: PAGE, after: page ?? null, query };
      const { productVariants } = await askShopify(
        shop,
        { query: VARIANTS, variables, answer: Variants },
        deps,
      );
      const { hasNextPage, endCursor } = productVariants.pageInfo;
      const variants = productVariants.nodes.map(({ product, inventoryItem, ...variant }) => ({
        ...{
          sku: variant.sku,
          price: variant.price,
          barcode: variant.barcode,
          currency,
          active: product.status === 'ACTIVE',
        },
        title: product.hasOnlyDefaultVariant ? product.title : `${product.title} - ${variant.title}`,
        group: product.hasOnlyDefaultVariant ? null : product.title,
        available: inventoryItem.tracked ? countOf(inventoryItem) : null,
      }));
      return pageOfVariants(variants, hasNextPage && endCursor ? endCursor : undefined);
    },
  };
}

/** At the first place that the shop keeps it, which is where `setShopifyStock` writes. */
function countOf({
  inventoryLevels,
}: {
  inventoryLevels: { nodes: { quantities: { quantity: number }[] }[] };
}): number {
  return inventoryLevels.nodes[0]?.quantities[0]?.quantity ?? 0;
}
