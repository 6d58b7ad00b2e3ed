import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import type { CommerceEvent } from './platform.ts';
import { readEach, type ShopDeps, type ShopOrders } from './shop-orders.ts';
import type { ShopifyShop } from './shopify-call.ts';
import { askShopify } from './shopify-graphql.ts';
import { readShopifyOrder } from './shopify.ts';

const PAGE = 25;

const CHANGED = `query Changed($query: String!, $first: Int!, $after: String) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes { legacyResourceId updatedAt }
    pageInfo { hasNextPage endCursor }
  }
}`;
const Changed = z.object({
  orders: z.object({
    nodes: z.array(
      z.object({
        legacyResourceId: z.string().regex(/^\d{1,20}$/),
        updatedAt: z.iso.datetime({ offset: true }),
      }),
    ),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullish() }),
  }),
});

/** Asks for what is kept and for nothing else: a shop gives no email or phone to who does not ask for it. */
const ONE = `query One($id: ID!, $after: String) {
  order(id: $id) {
    legacyResourceId name currencyCode displayFinancialStatus cancelledAt updatedAt
    totalShippingPriceSet { shopMoney { amount } }
    totalTaxSet { shopMoney { amount } }
    totalDiscountsSet { shopMoney { amount } }
    totalPriceSet { shopMoney { amount } }
    shippingAddress { firstName lastName name address1 address2 city zip province countryCodeV2 }
    shippingLine { code }
    customAttributes { key value }
    lineItems(first: 250, after: $after) {
      nodes {
        id sku title variantTitle quantity currentQuantity requiresShipping
        variant { legacyResourceId }
        originalUnitPriceSet { shopMoney { amount } }
        originalTotalSet { shopMoney { amount } }
      }
      pageInfo { hasNextPage endCursor }
    }
    fulfillments(first: 50) {
      id
      status
      trackingInfo(first: 50) { company number url }
      fulfillmentLineItems(first: 100) { nodes { quantity lineItem { id } } }
    }
  }
}`;

const Gid = z.string().transform((id) => id.slice(id.lastIndexOf('/') + 1));
const Shop = z
  .object({ shopMoney: z.object({ amount: z.string() }) })
  .transform(({ shopMoney }) => shopMoney);
const Text = z.string().nullish();

const Item = z.object({
  id: Gid,
  sku: Text,
  title: Text,
  variantTitle: Text,
  quantity: z.int(),
  currentQuantity: z.int(),
  requiresShipping: z.boolean(),
  variant: z.object({ legacyResourceId: z.string() }).nullish(),
  originalUnitPriceSet: Shop,
  originalTotalSet: Shop,
});
const Order = z.object({
  legacyResourceId: z.string(),
  name: z.string(),
  currencyCode: z.string(),
  displayFinancialStatus: Text,
  cancelledAt: Text,
  updatedAt: z.string(),
  totalShippingPriceSet: Shop,
  totalTaxSet: Shop.nullish(),
  totalDiscountsSet: Shop.nullish(),
  totalPriceSet: Shop,
  shippingAddress: z
    .object({
      firstName: Text,
      lastName: Text,
      name: Text,
      address1: Text,
      address2: Text,
      city: Text,
      zip: Text,
      province: Text,
      countryCodeV2: Text,
    })
    .nullish(),
  shippingLine: z.object({ code: Text }).nullish(),
  customAttributes: z.array(z.object({ key: z.string(), value: Text })),
  lineItems: z.object({
    nodes: z.array(Item),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: Text }),
  }),
  fulfillments: z.array(
    z.object({
      id: Gid,
      status: z.string(),
      trackingInfo: z.array(z.object({ company: Text, number: Text, url: Text })),
      fulfillmentLineItems: z.object({
        nodes: z.array(z.object({ quantity: z.int(), lineItem: z.object({ id: Gid }) })),
      }),
    }),
  ),
});
type Order = z.infer<typeof Order>;
const One = z.object({ order: Order.nullish() });

/** Orders of Shopify's GraphQL Admin API: https://shopify.dev/docs/api/admin-graphql/latest/queries/orders */
export function shopifyOrders(shop: ShopifyShop, deps: ShopDeps): ShopOrders {
  async function one(externalId: string): Promise<CommerceEvent> {
    let whole: Order | undefined;
    for (let after: string | undefined; ;) {
      const variables = { id: `gid://shopify/Order/${externalId}`, after: after ?? null };
      const { order } = await askShopify(shop, { query: ONE, variables, answer: One }, deps);
      if (!order) return { kind: 'removed', externalId };
      if (whole === undefined) whole = order;
      else whole.lineItems.nodes.push(...order.lineItems.nodes);
      const { hasNextPage, endCursor } = order.lineItems.pageInfo;
      if (!hasNextPage || !endCursor) break;
      if (endCursor === after) throw new AppError('SHOP_UNAVAILABLE', 'the shop does not come to an end');
      after = endCursor;
    }
    return readShopifyOrder(asInWebhooks(whole));
  }

  return {
    one,
    async changedSince(since, page, isKnown) {
      const variables = { first: PAGE, after: page ?? null, query: `updated_at:>='${since}'` };
      const { orders } = await askShopify(shop, { query: CHANGED, variables, answer: Changed }, deps);
      const { hasNextPage, endCursor } = orders.pageInfo;
      const next = hasNextPage && endCursor ? endCursor : undefined;
      return readEach(
        orders.nodes,
        () => next,
        async (node) => {
          const { legacyResourceId: id, updatedAt } = node as (typeof orders.nodes)[number];
          return (await isKnown(id, new Date(updatedAt).toISOString())) ? undefined : one(id);
        },
      );
    },
  };
}

/** The same order in the form of the webhooks, so that one mapper reads both. */
function asInWebhooks(order: Order): unknown {
  const { shippingAddress: to } = order;
  const items = order.lineItems.nodes;
  const cents = items.reduce((sum, item) => sum + Number(item.originalTotalSet.amount) * 10_000, 0);
  return {
    id: order.legacyResourceId,
    name: order.name,
    currency: order.currencyCode,
    financial_status: order.displayFinancialStatus?.toLowerCase() ?? null,
    cancelled_at: order.cancelledAt ?? null,
    updated_at: order.updatedAt,
    total_line_items_price: (Math.round(cents) / 10_000).toFixed(4),
    total_shipping_price_set: { shop_money: order.totalShippingPriceSet },
    total_tax: order.totalTaxSet?.amount ?? '0',
    total_discounts: order.totalDiscountsSet?.amount ?? '0',
    total_price: order.totalPriceSet.amount,
    line_items: items.map((item) => ({
      id: item.id,
      variant_id: item.variant?.legacyResourceId ?? null,
      sku: item.sku,
      title: item.title,
      variant_title: item.variantTitle,
      quantity: item.quantity,
      current_quantity: item.currentQuantity,
      requires_shipping: item.requiresShipping,
      price: item.originalUnitPriceSet.amount,
    })),
    fulfillments: order.fulfillments.map(({ id, status, trackingInfo, fulfillmentLineItems }) => ({
      id,
      status: status.toLowerCase(),
      tracking_company: trackingInfo[0]?.company ?? null,
      tracking_numbers: trackingInfo.map((each) => each.number ?? null),
      tracking_urls: trackingInfo.map((each) => each.url ?? null),
      line_items: fulfillmentLineItems.nodes.map(({ quantity, lineItem }) => ({ id: lineItem.id, quantity })),
    })),
    shipping_address: to && {
      first_name: to.firstName,
      last_name: to.lastName,
      name: to.name,
      address1: to.address1,
      address2: to.address2,
      city: to.city,
      zip: to.zip,
      province: to.province,
      country_code: to.countryCodeV2,
    },
    // Of these the mapper reads the one that marks an order of our own.
    note_attributes: order.customAttributes.map(({ key, value }) => ({ name: key, value })),
    shipping_lines: order.shippingLine ? [{ code: order.shippingLine.code }] : [],
  };
}
