import type { z } from 'zod';
import { DeliveryError } from '../domain/delivery-error.ts';
import { AppError } from '../domain/errors.ts';
import { toShopError } from './ask-shop.ts';
import type { ShopDeps } from './shop-orders.ts';
import { callShopify, type ShopifyShop } from './shopify-call.ts';

/** One call of the GraphQL Admin API, failing as `askShop`. */
export async function askShopify<S extends z.ZodType>(
  shop: ShopifyShop,
  { variables = {}, ...asked }: { query: string; variables?: Record<string, unknown>; answer: S },
  deps: ShopDeps,
): Promise<z.infer<S>> {
  try {
    return await callShopify(deps.egress, shop, { ...asked, variables });
  } catch (thrown) {
    // A shop that was closed or has changed its name has no such page.
    if (thrown instanceof DeliveryError && thrown.code === 'NOT_FOUND') throw new AppError('SHOP_REFUSED');
    throw toShopError(thrown, deps);
  }
}
