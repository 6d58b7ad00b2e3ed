import { afterAll, beforeAll, expect, it } from 'vitest';
import { readConfig } from '../../shared/cloud/config.ts';
import { openFirestore, paths } from '../../shared/cloud/firestore.ts';
import { read, trade } from '../orders/trading.ts';
import { type Market, startMarket } from '../support/market.ts';

let market: Market;
let stopped = false;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(async () => {
  if (!stopped) await market.cloud.stop();
});

it('no address is opened without an entry before the answer', async () => {
  const { own } = await trade(market);
  const written: string[] = [];
  const stop = market.cloud.doors.orders.observe((writes) => {
    written.push(...writes.map(({ path }) => path));
  });
  await read(market.retailer, own.id);
  stop();
  expect(written).toContainEqual(expect.stringMatching(`^companies/${market.retailer.companyId}/audit/`));
});

it('a cloud in which a function changed something without an entry fails its test file when it stops', async () => {
  const { companyId } = market.retailer;
  const { own } = await trade(market);
  const db = openFirestore(readConfig(market.cloud.envOf('orders')), '(default)');
  await db.doc(paths.order(companyId, own.id)).update({ 'totals.total': 1 });
  await db.terminate();
  stopped = true;
  await expect(market.cloud.stop()).rejects.toThrow(/log: orders update orders totals$/);
});
