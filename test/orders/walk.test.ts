import { afterAll, beforeAll, it } from 'vitest';
import { type Market, startMarket } from '../support/market.ts';
import { walkAll, walks } from './walk.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(() => market.cloud.stop());

it('whatever shop, retailer and supplier do in whatever order, both sides agree and the order can end', async () => {
  await walkAll(market, walks(1, 10, 12));
});
