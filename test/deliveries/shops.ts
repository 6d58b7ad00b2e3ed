import { expect } from 'vitest';
import { DELIVERY_KINDS, type ShopPlatform, type StoredDelivery } from '../../shared/domain/delivery.ts';
import { randomId } from '../../shared/domain/ids.ts';
import { eventually, type Market, type Merchant, startMarket } from '../support/market.ts';
import { testCloud } from '../support/cloud.ts';
import { type SeenOrder, trade } from '../orders/trading.ts';
import { ShopServer } from './shop-server.ts';

/** A market whose shops of all platforms are one server. */
export interface Shops {
  market: Market;
  shop: ShopServer;
  stop(): Promise<void>;
}

const HOSTS = ['written.myshopify.com', 'woo.merchant.com', 'api.bigcommerce.com', 'erp.merchant.com'];

export async function startShops(options: Parameters<typeof testCloud>[0] = {}): Promise<Shops> {
  const shop = new ShopServer();
  const port = await shop.start();
  const standIns = HOSTS.map((host) => `${host}=${port}`).join(',');
  const market = await startMarket(await testCloud({ ...options, standIns }));
  const stop = async (): Promise<void> => {
    await market.cloud.stop();
    shop.stop();
  };
  return { market, shop, stop };
}

/** Whom to tell is remembered for half a minute. */
export function noticed(market: Market): Promise<void> {
  return market.cloud.clock.advance(30_000);
}

/** A connection with what its platform's API takes, as it is stored once a merchant has connected its shop. */
export async function connectShop(
  { market, shop }: Shops,
  platform: ShopPlatform,
  companyId: string,
  token = shop.token,
): Promise<string> {
  const id = randomId('connection');
  const access = {
    shopify: { platform, secrets: ['webhook-secret'], shop: 'written.myshopify.com', token },
    woocommerce: {
      ...{ platform, secrets: ['webhook-secret'], site: 'https://woo.merchant.com' },
      ...{ consumerKey: 'ck_1', consumerSecret: token },
    },
    bigcommerce: { platform, secrets: ['webhook-secret'], storeHash: 'hash1', token },
  }[platform];
  const plain = Buffer.from(JSON.stringify(access));
  const sealed = await market.seed.keyring.sealSecret(companyId, `connection/${id}`, plain);
  const createdAt = new Date().toISOString();
  await market.seed.db.doc(`connectionRefs/${id}`).set({ companyId });
  await market.seed.db.doc(`companies/${companyId}/connections/${id}`).set({ platform, sealed, createdAt });
  await noticed(market);
  return id;
}

/** An order that the retailer's shop on this platform sold, routed to the supplier. */
export async function soldIn(
  shops: Shops,
  platform: ShopPlatform,
  connectionId?: string,
): Promise<{ own: SeenOrder; supply: SeenOrder; externalId: string; connectionId: string }> {
  const { market, shop } = shops;
  const id = connectionId ?? (await connectShop(shops, platform, market.retailer.companyId));
  const { payload, own, supply } = await trade(market);
  const externalId = String(payload.id);
  shop.sell(
    externalId,
    own.lines.map(({ sku, quantity }) => ({ sku, quantity })),
  );
  const source = { connectionId: id, platform, externalId };
  await market.seed.db.doc(`companies/${market.retailer.companyId}/orders/${own.id}`).update({ source });
  return { own, supply, externalId, connectionId: id };
}

/** The supplier ships, which must be taken; answers the fulfilment's id. */
export async function ship(who: Merchant, orderId: string, body: object): Promise<string> {
  const answer = await who.call('POST', `/v1/orders/${orderId}/fulfilments`, { body });
  expect(answer.status).toBe(201);
  return (answer.json as { id: string }).id;
}

export async function deliveriesOf(
  market: Market,
  companyId: string,
): Promise<(StoredDelivery & { id: string })[]> {
  const found = await market.seed.db
    .collection(`companies/${companyId}/deliveries`)
    .orderBy('createdAt')
    .get();
  return found.docs.map((doc) => ({ id: doc.id, ...(doc.data() as StoredDelivery) }));
}

/** Waits until every delivery of an order, of these kinds, is in one of these states and nobody is at it. */
export function settled(
  market: Market,
  companyId: string,
  orderId: string,
  states: readonly string[] = ['done'],
  kinds: readonly string[] = DELIVERY_KINDS,
): Promise<(StoredDelivery & { id: string })[]> {
  return eventually(async () => {
    const all = await deliveriesOf(market, companyId);
    const mine = all.filter((each) => each.orderId === orderId && kinds.includes(each.kind));
    expect(mine.length).toBeGreaterThan(0);
    for (const { kind, state, claimedUntil, attempts, lastCode } of mine) {
      expect(states, `${kind}: ${attempts} attempts, ${lastCode}`).toContain(state);
      expect(claimedUntil).toBeNull();
    }
    return mine;
  });
}
