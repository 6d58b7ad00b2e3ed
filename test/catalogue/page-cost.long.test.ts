import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Market, startMarket } from '../support/market.ts';
import { ended, fileOf, sendFile, skus } from './shop-floor.ts';
import { bytesOfTimes, pageCost } from './page-cost.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(() => market.cloud.stop());

it('a page reads as much of 100,000 products as of 100', { timeout: 600_000 }, async () => {
  const few = await pageCost(market, 100);
  const many = await pageCost(market, 100_000);
  for (const page of ['own', 'priced'] as const) {
    expect([many[page].reads, many[page].writes]).toEqual([few[page].reads, 0]);
    expect(Math.abs(many[page].bytes - few[page].bytes)).toBeLessThan(bytesOfTimes(few[page]));
  }
});

it('a file of 10,000 rows is applied whole', { timeout: 120_000 }, async () => {
  const importId = await sendFile(market.retailer, fileOf(skus(10_000)));
  expect(await ended(market.retailer, importId)).toMatchObject({ state: 'done', created: 10_000 });
});
