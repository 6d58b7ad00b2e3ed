import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Market, startMarket } from '../support/market.ts';
import { sellOut } from './oversell.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(() => market.cloud.stop());

it('of 200 orders at once for one SKU, 150 in stock, exactly 150 are granted', async () => {
  await sellOut(market, 200, 150);
  expect(market.cloud.lines.filter((line) => line.includes('stock.unsettled'))).toEqual([]);
}, 600_000);
