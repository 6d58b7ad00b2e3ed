import { expect } from 'vitest';
import { seedConnection } from '../../local/seed.ts';
import { DELIVERY_KINDS, type ShopPlatform, type StoredDelivery } from '../../shared/domain/delivery.ts';
import { type SeenOrder, trade } from '../orders/trading.ts';
import { type ShopMarket, startShopMarket } from '../shops/shop-market.ts';
import { BACKUPS } from '../support/cloud.ts';
import { eventually, type Market, type Merchant } from '../support/market.ts';
import { type Endpoint, startEndpoint } from './endpoint.ts';
import { type PlatformShop, platformShops } from './platforms.ts';

/** A market with a shop of each platform, none of which is connected yet, and a merchant's own endpoint. */
export interface Shops extends ShopMarket {
  of: Record<ShopPlatform, PlatformShop>;
  endpoint: Endpoint;
}

/** Nobody reads the shops by the minute: whatever they are called for here is a delivery. */
const ASLEEP = [...BACKUPS, 'pull'];

export async function startShops(options: Parameters<typeof startShopMarket>[0] = {}): Promise<Shops> {
  const endpoint = await startEndpoint();
  const shops = await startShopMarket({ asleep: ASLEEP, ...options }, { 'erp.merchant.com': endpoint.port });
  const stop = async (): Promise<void> => {
    await shops.stop();
    await endpoint.close();
  };
  return { ...shops, of: platformShops(shops), endpoint, stop };
}

/** Whom to tell is remembered for half a minute. */
export function noticed(market: Market): Promise<void> {
  return market.cloud.clock.advance(30_000);
}

/** Connects the shop of a platform to a company, as it is stored once a merchant has done so. */
export async function connectShop(
  { market, access }: Shops,
  platform: ShopPlatform,
  companyId: string,
): Promise<string> {
  const deps = { ...market.seed, now: () => market.cloud.clock.now() };
  const id = await seedConnection(companyId, access[platform], deps);
  await noticed(market);
  return id;
}

/** An order that the retailer's shop on this platform sold, routed to the supplier. */
export async function soldIn(
  shops: Shops,
  platform: ShopPlatform,
): Promise<{ own: SeenOrder; supply: SeenOrder; externalId: number; connectionId: string }> {
  const { market, of } = shops;
  const connectionId = await connectShop(shops, platform, market.retailer.companyId);
  const { payload, own, supply } = await trade(market);
  await of[platform].sell(payload.id);
  const source = { connectionId, platform, externalId: String(payload.id) };
  await market.seed.db.doc(`companies/${market.retailer.companyId}/orders/${own.id}`).update({ source });
  return { own, supply, externalId: payload.id, connectionId };
}

/** What a shop says of an error, which is not to be kept anywhere. */
export function failing(status: number, headers: Record<string, string> = {}) {
  return { answer: { status, headers, body: { error: 'canary-of-the-shop' } } };
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
