import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import { askShop } from './ask-shop.ts';
import { bigCommerceCall, type BigCommerceShop } from './bigcommerce-orders.ts';
import { pageOfVariants } from './read-products.ts';
import type { ShopDeps } from './shop-orders.ts';
import type { ShopProducts } from './shop-products.ts';

const PAGE = 100;
const Text = z.string().nullish();
const Products = z.object({
  data: z.array(
    z.object({
      name: z.string(),
      price: z.number(),
      is_visible: z.boolean().nullish(),
      /** `none`, `product` or `variant`. */
      inventory_tracking: Text,
      inventory_level: z.number().nullish(),
      variants: z.array(
        z.object({
          sku: Text,
          price: z.number().nullish(),
          upc: Text,
          inventory_level: z.number().nullish(),
          option_values: z.array(z.object({ label: z.string() })).nullish(),
        }),
      ),
    }),
  ),
});
const Store = z.object({ currency: z.string() });

/** Products of BigCommerce's V3 catalog: https://developer.bigcommerce.com/docs/rest-catalog/products */
export function bigCommerceProducts(shop: BigCommerceShop, deps: ShopDeps): ShopProducts {
  const get = async <S extends z.ZodType>(path: string, answer: S): Promise<z.infer<S>> => {
    const read = answer.safeParse(await askShop(deps, { method: 'GET', ...bigCommerceCall(shop, path) }));
    if (!read.success) throw new AppError('SHOP_UNAVAILABLE', 'the store answers what can not be used');
    return read.data;
  };
  return {
    async changedSince(since, page = '1') {
      const { currency } = await get('v2/store', Store);
      const changed = since === null ? '' : `&date_modified:min=${encodeURIComponent(since)}`;
      const path = `v3/catalog/products?include=variants&limit=${PAGE}&page=${page}&sort=id${changed}`;
      const { data } = await get(path, Products);
      const variants = data.flatMap((product) => {
        const tracking = product.inventory_tracking ?? 'none';
        return product.variants.map((variant) => {
          const options = (variant.option_values ?? []).map(({ label }) => label).join(', ');
          const level = tracking === 'variant' ? variant.inventory_level : product.inventory_level;
          return {
            ...{ sku: variant.sku, price: variant.price ?? product.price, currency, barcode: variant.upc },
            title: options === '' ? product.name : `${product.name} - ${options}`,
            group: product.variants.length > 1 ? product.name : null,
            active: product.is_visible !== false,
            // One number for all variants says of none how many there are.
            available:
              tracking === 'none' || (tracking === 'product' && product.variants.length > 1)
                ? null
                : (level ?? 0),
          };
        });
      });
      return pageOfVariants(variants, data.length < PAGE ? undefined : String(Number(page) + 1));
    },
  };
}
