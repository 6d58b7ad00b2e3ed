import { afterAll, beforeAll, it } from 'vitest';
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

it('charges each of a thousand orders once, with every misbehaviour on at random', async () => {
  const ids = await randomRun(market, { seed: 7, orders: 1000, rounds: 40 });
  await expectChargedOnce(market, account, ids);
}, 1_800_000);
