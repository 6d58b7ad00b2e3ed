import { afterAll, beforeAll, expect, it } from 'vitest';
import { failing, push } from '../orders/trading.ts';
import { end, erase, routed } from '../privacy/trade.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { type Market, startMarket } from '../support/market.ts';
import { backupsOf, HOUR } from './backups-fixture.ts';

let cloud: TestCloud;
let market: Market;
beforeAll(async () => {
  cloud = await testCloud({ asleep: [] });
  market = await startMarket(cloud);
});
afterAll(() => cloud.stop());

const erasure = async (): Promise<{ id: string; state: string }> =>
  ((await market.retailer.call('GET', '/v1/erasures')).json as { data: [{ id: string; state: string }] })
    .data[0];

it('a backup that is not purged keeps an erasure from being confirmed', async () => {
  const payload = market.order();
  await market.send(payload);
  const both = await routed(market, await market.idOf(payload.id));
  await end(market, both);
  const backups = backupsOf(cloud);
  await backups.make();
  await erase(market.retailer, both.orderId);
  failing(cloud.doors['offsite-purge'], ({ method }) => method === 'objects.delete', 403);
  await cloud.clock.advance(25 * HOUR);
  await backups.tick('backup-check');
  const message = { companyId: market.retailer.companyId, erasureId: (await erasure()).id };
  expect(await push(market, 'erase', message)).toBe(503);
  expect((await erasure()).state).toBe('destroyed');
  cloud.doors['offsite-purge'].setFault(null);
  await backups.tick('offsite-purge');
  expect(await push(market, 'erase', message)).toBe(204);
  expect((await erasure()).state).toBe('confirmed');
});
