import { afterAll, beforeAll, expect, it } from 'vitest';
import { paths } from '../../shared/cloud/firestore.ts';
import { eventually } from '../support/market.ts';
import { losesNothing } from './misbehave.ts';
import { type Shops, startShops } from './shops.ts';

let shops: Shops;
beforeAll(async () => {
  shops = await startShops();
  await shops.poll();
}, 90_000);
afterAll(() => shops.stop());

it('shops that drop, repeat, delay and reorder events, fail and forget us lose no order and get no shipment twice', async () => {
  await losesNothing(shops, 4);
});

it('subscriptions are looked at once a day, also where nothing seems to be missing', async () => {
  const { big, market } = shops;
  big.hooks.clear();
  const ref = market.seed.db.doc(paths.connection(market.retailer.companyId, big.connectionId));
  const yesterday = new Date(market.cloud.clock.now() - 25 * 60 * 60_000).toISOString();
  await ref.update({ 'health.checkedAt': yesterday });
  await shops.poll();
  await eventually(() => {
    expect(big.hooks.size).toBe(4);
  });
});
