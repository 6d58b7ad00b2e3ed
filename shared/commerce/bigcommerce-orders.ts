import { z } from 'zod';
import { askShop } from './ask-shop.ts';
import { readBigCommerceOrder } from './bigcommerce.ts';
import { Id, markerIn } from './fields.ts';
import { readAs } from './parse.ts';
import type { CommerceEvent, ConnectionSecrets } from './platform.ts';
import { pageAfter, readEach, type ShopDeps, type ShopOrders } from './shop-orders.ts';

export type BigCommerceShop = Omit<
  Extract<ConnectionSecrets, { platform: 'bigcommerce' }>,
  'platform' | 'secrets'
>;

const PAGE = 20;
/** The most that an order's products come in at once. */
const PRODUCTS = 250;
const Ours = z.object({ external_order_id: z.unknown().optional() });
const Named = z.object({ id: Id, date_modified: z.string().nullish() });

/** Orders of BigCommerce's V2 API: https://developer.bigcommerce.com/docs/rest-management/orders */
export function bigCommerceOrders(shop: BigCommerceShop, deps: ShopDeps): ShopOrders {
  const get = (path: string) => askShop(deps, { method: 'GET', ...bigCommerceCall(shop, path) });

  /** The order is asked for first: what changes in between is told by another event. */
  async function one(externalId: string): Promise<CommerceEvent> {
    const order = await get(`v2/orders/${externalId}`);
    if (order === undefined) return { kind: 'removed', externalId };
    const addresses = await get(`v2/orders/${externalId}/shipping_addresses?limit=${PRODUCTS}`);
    const products: unknown[] = [];
    for (let page = 1; page <= 2; page += 1) {
      const answer = await get(`v2/orders/${externalId}/products?limit=${PRODUCTS}&page=${page}`);
      const found = Array.isArray(answer) ? (answer as unknown[]) : [];
      products.push(...found);
      if (found.length < PRODUCTS) break;
    }
    // Only of an order that we made ourselves: what a store ships of its own orders is not looked at.
    const ours = markerIn(readAs(Ours, order).external_order_id).marker !== undefined;
    const shipments = ours ? await get(`v2/orders/${externalId}/shipments?limit=${PRODUCTS}`) : [];
    return readBigCommerceOrder({ order, addresses: addresses ?? [], products, shipments: shipments ?? [] });
  }

  return {
    one,
    async changedSince(since, page = '1', isKnown) {
      const query = new URLSearchParams({
        min_date_modified: since,
        sort: 'date_modified:asc',
        limit: String(PAGE),
        page,
      });
      const answer = await get(`v2/orders?${query.toString()}`);
      return readEach(answer ?? [], pageAfter(Number(page), PAGE), async (each) => {
        const { id, date_modified: modified } = readAs(Named, each);
        const at = new Date(modified ?? '');
        if (!Number.isNaN(at.getTime()) && (await isKnown(id, at.toISOString()))) return undefined;
        return one(id);
      });
    },
  };
}

/** Where a path of a store is, and as whom it is asked. All stores share one host, and each has a rate limit of its own. */
export function bigCommerceCall({ storeHash, token }: BigCommerceShop, path: string) {
  return {
    url: `https://api.bigcommerce.com/stores/${storeHash}/${path}`,
    headers: { 'x-auth-token': token },
    budget: `bigcommerce/${storeHash}`,
  };
}
