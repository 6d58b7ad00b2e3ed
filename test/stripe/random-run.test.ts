import { afterAll, beforeAll, expect, it } from 'vitest';
import { testCloud } from '../support/cloud.ts';
import { type Market, startMarket } from '../support/market.ts';
import { expectChargedOnce, randomRun, readyToBill } from './random-run.ts';

let market: Market;
let account: string;
beforeAll(async () => {
  market = await startMarket(await testCloud({ apart: ['bill'] }));
  account = await readyToBill(market, 'pm_card_visa');
});
afterAll(() => market.cloud.stop());

it('charges every order once, whatever Stripe and the network do and whenever we are killed', async () => {
  const ids = await randomRun(market, { seed: 20_261_125, orders: 30, rounds: 5 });
  expect(ids).toHaveLength(30);
  await expectChargedOnce(market, account, ids);
}, 240_000);
