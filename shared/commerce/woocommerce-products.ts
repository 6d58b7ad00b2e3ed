import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import { askShop } from './ask-shop.ts';
import { Id } from './fields.ts';
import { pageOfVariants, type Variant } from './read-products.ts';
import type { ShopDeps } from './shop-orders.ts';
import type { ShopProducts } from './shop-products.ts';
import { wooCommerceCall, type WooCommerceShop } from './woocommerce-orders.ts';

const PAGE = 50;
/** Of variations, the most that one answer has. */
const VARIATIONS = 100;
/** A shop that answers the same page for each would be asked without end. */
const MOST_VARIATION_PAGES = 100;
const Text = z.string().nullish();
const Variation = z.object({
  id: Id,
  sku: Text,
  price: z.union([z.string(), z.number()]).nullish(),
  status: Text,
  /** `parent`: a variation whose product counts for all. */
  manage_stock: z.union([z.boolean(), z.string()]).nullish(),
  stock_quantity: z.number().nullish(),
  global_unique_id: Text,
  attributes: z.array(z.object({ option: Text })).nullish(),
});
const Product = Variation.extend({ name: z.string().nullish(), type: Text });
const Currency = z.object({ value: z.string() });

/** Products of WooCommerce's REST API v3, and the variations of those that have some. */
export function wooCommerceProducts(shop: WooCommerceShop, deps: ShopDeps): ShopProducts {
  const get = async <S extends z.ZodType>(path: string, answer: S): Promise<z.infer<S>> => {
    const read = answer.safeParse(await askShop(deps, { method: 'GET', ...wooCommerceCall(shop, path) }));
    if (!read.success) throw new AppError('SHOP_UNAVAILABLE', 'the shop answers what can not be used');
    return read.data;
  };
  const variationsOf = async (productId: string): Promise<z.infer<typeof Variation>[]> => {
    const all: z.infer<typeof Variation>[] = [];
    for (let page = 1; page <= MOST_VARIATION_PAGES; page += 1) {
      const path = `products/${productId}/variations?per_page=${VARIATIONS}&page=${page}&orderby=id&order=asc`;
      const some = await get(path, z.array(Variation));
      all.push(...some);
      if (some.length < VARIATIONS) break;
    }
    return all;
  };
  return {
    async changedSince(since, page = '1') {
      const { value: currency } = await get('settings/general/woocommerce_currency', Currency);
      const changed = since === null ? '' : `&modified_after=${since.slice(0, 19)}&dates_are_gmt=true`;
      const path = `products?per_page=${PAGE}&page=${page}&orderby=id&order=asc${changed}`;
      const products = await get(path, z.array(Product));
      const variants: Variant[] = [];
      for (const product of products) {
        const name = product.name ?? '';
        if (product.type !== 'variable') {
          variants.push(variantOf(product, name, null, currency));
          continue;
        }
        for (const each of await variationsOf(product.id)) {
          const options = (each.attributes ?? []).flatMap(({ option }) => option ?? []).join(', ');
          variants.push(variantOf(each, options === '' ? name : `${name} - ${options}`, name, currency));
        }
      }
      return pageOfVariants(variants, products.length < PAGE ? undefined : String(Number(page) + 1));
    },
  };
}

function variantOf(
  {
    sku,
    price,
    status,
    manage_stock: counts,
    stock_quantity: quantity,
    global_unique_id: barcode,
  }: z.infer<typeof Variation>,
  title: string,
  group: string | null,
  currency: string,
): Variant {
  const active = (status ?? 'publish') === 'publish';
  return {
    sku,
    title,
    price,
    currency,
    barcode,
    group,
    active,
    available: counts === true ? (quantity ?? 0) : null,
  };
}
