import { askShop } from './ask-shop.ts';
import type { ConnectionSecrets } from './platform.ts';
import { pageAfter, readEach, type ShopDeps, type ShopOrders } from './shop-orders.ts';
import { readWooCommerceOrder } from './woocommerce.ts';

export type WooCommerceShop = Omit<
  Extract<ConnectionSecrets, { platform: 'woocommerce' }>,
  'platform' | 'secrets'
>;

const PAGE = 20;

/** Orders of WooCommerce's REST API v3: https://woocommerce.github.io/woocommerce-rest-api-docs/#orders */
export function wooCommerceOrders(shop: WooCommerceShop, deps: ShopDeps): ShopOrders {
  const get = (path: string) => askShop(deps, { method: 'GET', ...wooCommerceCall(shop, path) });
  return {
    async one(externalId) {
      const answer = await get(`orders/${externalId}`);
      return answer === undefined ? { kind: 'removed', externalId } : readWooCommerceOrder(answer);
    },
    async changedSince(since, page = '1') {
      const query = new URLSearchParams({
        modified_after: since.slice(0, 19),
        dates_are_gmt: 'true',
        orderby: 'modified',
        order: 'asc',
        status: 'any',
        per_page: String(PAGE),
        page,
      });
      const answer = await get(`orders?${query.toString()}`);
      return readEach(answer, pageAfter(Number(page), PAGE), readWooCommerceOrder);
    },
  };
}

/** Where a path of a shop is, and as whom it is asked. `site` has no slash at its end. */
export function wooCommerceCall(
  { site, consumerKey, consumerSecret }: WooCommerceShop,
  path: string,
): { url: string; headers: Record<string, string>; budget: string } {
  return {
    url: `${site}/wp-json/wc/v3/${path}`,
    headers: {
      Authorization: `Basic ${Buffer.from(`${consumerKey}:${consumerSecret}`).toString('base64')}`,
    },
    budget: `woocommerce/${site}`,
  };
}
