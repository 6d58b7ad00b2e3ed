import { randomInt } from 'node:crypto';
import { type BigCommerceStandIn, startBigCommerce } from '../../local/shops/bigcommerce.ts';
import { type ShopifyStandIn, startShopify } from '../../local/shops/shopify-shop.ts';
import { startWooCommerce, type WooCommerceStandIn } from '../../local/shops/woocommerce.ts';
import { type CloudOptions, shopifyAppOf } from '../../local/cloud.ts';
import { seedConnection } from '../../local/seed.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { SHOPIFY_SCOPES } from '../../shared/commerce/shopify-app.ts';
import { DUE_SLOTS } from '../../shared/domain/due.ts';
import { testCloud } from '../support/cloud.ts';
import { eventually, type Market, startMarket } from '../support/market.ts';

/** A market in which one of the two has a shop at each platform, played by its stand-in. */
export interface Shops {
  market: Market;
  woo: WooCommerceStandIn & { connectionId: string; site: string };
  big: BigCommerceStandIn & { connectionId: string };
  shopify: ShopifyStandIn & { connectionId: string };
  /** Lets every shop have its turn of the poll, and waits until it has been asked. */
  poll(): Promise<void>;
  stop(): Promise<void>;
}

const WOO = { consumerKey: 'ck_test', consumerSecret: 'cs_test' };
const SHOP = { shop: 'sold-in.myshopify.com', token: 'shpat_test' };
const BIG = { storeHash: 'abc123', token: 'token-of-the-store', clientSecret: 'client-secret-of-the-store' };

export async function startShops(
  options: Omit<CloudOptions, 'emulators'> = {},
  owner: 'retailer' | 'supplier' = 'retailer',
): Promise<Shops> {
  let now = (): number => Date.now();
  const woo = await startWooCommerce({ ...WOO, now: () => now() });
  const big = await startBigCommerce({ ...BIG, now: () => now() });
  let app = (): ReturnType<Parameters<typeof startShopify>[0]['app']> => ({ clientId: '', clientSecret: '' });
  const shopify = await startShopify({ ...SHOP, app: () => app(), now: () => now() });
  const standIns = `*.shops.example=*,api.bigcommerce.com=${big.port},${SHOP.shop}=${shopify.port}`;
  const cloud = await testCloud({ standIns, ...options });
  now = () => cloud.clock.now();
  app = () => {
    const { SHOPIFY_CLIENT_ID: clientId, SHOPIFY_CLIENT_SECRETS: clientSecret } = shopifyAppOf(
      cloud.projectId,
    );
    return { clientId, clientSecret };
  };
  const market = await startMarket(cloud);
  const { companyId } = market[owner];
  const site = `https://${woo.port}.shops.example`;
  const wooSecrets = { platform: 'woocommerce', secrets: ['secret-of-the-webhooks'], site, ...WOO } as const;
  const { clientSecret, ...store } = BIG;
  const bigSecrets = { platform: 'bigcommerce', secrets: [clientSecret], ...store } as const;
  const seeded = { ...market.seed, now: () => now() };
  const wooId = await seedConnection(companyId, { ...wooSecrets, secrets: [...wooSecrets.secrets] }, seeded);
  const bigId = await seedConnection(companyId, { ...bigSecrets, secrets: [...bigSecrets.secrets] }, seeded);

  const installed = { ...SHOP, secrets: [], scopes: [...SHOPIFY_SCOPES] };
  const shopifyId = await seedConnection(companyId, { platform: 'shopify', ...installed }, seeded);

  const ids = [wooId, bigId, shopifyId];
  const polled = async (): Promise<(string | null)[]> =>
    Promise.all(
      ids.map(async (id) => {
        const found = await market.seed.db.doc(paths.connection(companyId, id)).get();
        const { health } = found.data() as {
          health: { lastPolledAt: string | null; lastFailure: { at: string } | null };
        };
        return `${health.lastPolledAt ?? ''}/${health.lastFailure?.at ?? ''}`;
      }),
    );
  const poll = async (): Promise<void> => {
    const before = await polled();
    // All in the slot of the next minute, which is published by the next tick whenever that comes.
    const slot = (Math.floor(cloud.clock.now() / 60_000) + 1) % DUE_SLOTS;
    for (const id of ids) {
      await market.seed.db.doc(paths.connection(companyId, id)).update({ slot });
    }
    await cloud.clock.advance(60_000);
    await eventually(async () => {
      const after = await polled();
      if (after.some((each, place) => each === before[place])) throw new Error('not asked yet');
    });
  };
  return {
    market,
    woo: { ...woo, connectionId: wooId, site },
    big: { ...big, connectionId: bigId },
    shopify: { ...shopify, connectionId: shopifyId },
    poll,
    stop: async () => {
      await cloud.stop();
      await Promise.all([woo.close(), big.close(), shopify.close()]);
    },
  };
}

export function freshId(): number {
  return randomInt(1, 2 ** 31);
}
