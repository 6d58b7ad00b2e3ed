import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, it } from 'vitest';
import { type Market, startMarket } from '../support/market.ts';
import { walkAll, walks } from './walk.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(() => market.cloud.stop());

it(
  'many walks of many steps, others each time, leave both sides in agreement',
  { timeout: 600_000 },
  async () => {
    const seed = Number(process.env['WALK_SEED'] ?? randomInt(2 ** 31));
    console.log(`WALK_SEED=${seed} takes the same walks again.`);
    await walkAll(market, walks(seed, 60, 25));
  },
);
