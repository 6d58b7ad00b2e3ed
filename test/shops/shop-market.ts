import { type BigCommerceStandIn, startBigCommerce } from '../../local/shops/bigcommerce.ts';
import { type ShopifyStandIn, startShopify } from '../../local/shops/shopify-shop.ts';
import { startWooCommerce, type WooCommerceStandIn } from '../../local/shops/woocommerce.ts';
import { type CloudOptions, shopifyAppOf } from '../../local/cloud.ts';
import type { ConnectionSecrets } from '../../shared/commerce/platform.ts';
import { SHOPIFY_SCOPES } from '../../shared/commerce/shopify-app.ts';
import type { ShopPlatform } from '../../shared/domain/delivery.ts';
import { testCloud } from '../support/cloud.ts';
import { type Market, startMarket } from '../support/market.ts';

/** A market beside which each platform has one shop, played by its stand-in. */
export interface ShopMarket {
  market: Market;
  woo: WooCommerceStandIn & { site: string };
  big: BigCommerceStandIn;
  shopify: ShopifyStandIn;
  /** What each shop is connected with. */
  access: Record<ShopPlatform, ConnectionSecrets>;
  stop: () => Promise<void>;
}

/** What the shops are called by, and with. */
export const WOO = { consumerKey: 'ck_test', consumerSecret: 'cs_test' };
export const SHOP = { shop: 'sold-in.myshopify.com', token: 'shpat_test' };
export const BIG = {
  storeHash: 'abc123',
  token: 'token-of-the-store',
  clientSecret: 'client-secret-of-the-store',
};

/** `hosts` are further servers on this machine, by the name that the hub calls them by: their ports. */
export async function startShopMarket(
  options: Omit<CloudOptions, 'emulators' | 'standIns'> = {},
  hosts: Record<string, number> = {},
): Promise<ShopMarket> {
  let now = (): number => Date.now();
  let app = (): ReturnType<Parameters<typeof startShopify>[0]['app']> => ({ clientId: '', clientSecret: '' });
  const woo = await startWooCommerce({ ...WOO, now: () => now() });
  const big = await startBigCommerce({ ...BIG, now: () => now() });
  const shopify = await startShopify({ ...SHOP, app: () => app(), now: () => now() });
  const ports = {
    '*.shops.example': '*',
    'api.bigcommerce.com': big.port,
    [SHOP.shop]: shopify.port,
    ...hosts,
  };
  const standIns = Object.entries(ports).map(([host, port]) => `${host}=${port}`);
  const cloud = await testCloud({ ...options, standIns: standIns.join(',') });
  now = () => cloud.clock.now();
  app = () => {
    const { SHOPIFY_CLIENT_ID: clientId, SHOPIFY_CLIENT_SECRETS: clientSecret } = shopifyAppOf(
      cloud.projectId,
    );
    return { clientId, clientSecret };
  };
  const site = `https://${woo.port}.shops.example`;
  const { clientSecret, ...store } = BIG;
  return {
    market: await startMarket(cloud),
    woo: Object.assign(woo, { site }),
    big,
    shopify,
    access: {
      woocommerce: { platform: 'woocommerce', secrets: ['secret-of-the-webhooks'], site, ...WOO },
      bigcommerce: { platform: 'bigcommerce', secrets: [clientSecret], ...store },
      // The app's own secret signs for it.
      shopify: { platform: 'shopify', secrets: [], scopes: [...SHOPIFY_SCOPES], ...SHOP },
    },
    stop: async () => {
      await cloud.stop();
      await Promise.all([woo.close(), big.close(), shopify.close()]);
    },
  };
}
