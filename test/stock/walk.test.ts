import { afterAll, beforeAll, it } from 'vitest';
import { type Market, startMarket } from '../support/market.ts';
import { walk, walks } from './walk.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(() => market.cloud.stop());

it('stock is never negative and never lost, whatever partners do', { timeout: 180_000 }, async () => {
  await Promise.all(walks(4, 2, 15).map((each) => walk(market, each)));
});
