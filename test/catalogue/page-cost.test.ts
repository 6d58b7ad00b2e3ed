import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Market, startMarket } from '../support/market.ts';
import { bytesOfTimes, pageCost } from './page-cost.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(() => market.cloud.stop());

it('a page, priced or not, reads as many documents and bytes of 1,000 products as of 100, and writes none', async () => {
  const few = await pageCost(market, 100);
  const many = await pageCost(market, 1000);
  // The page and one more; with prices also the partner, its list and the exception.
  expect([few.own.reads, few.priced.reads]).toEqual([51, 54]);
  expect([few.own.writes, few.priced.writes]).toEqual([0, 0]);
  for (const page of ['own', 'priced'] as const) {
    const { bytes, ...documents } = many[page];
    expect(documents.reads).toBe(few[page].reads);
    expect(documents.writes).toBe(0);
    expect(Math.abs(bytes - few[page].bytes)).toBeLessThan(bytesOfTimes(few[page]));
  }
});
