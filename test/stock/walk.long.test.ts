import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, it } from 'vitest';
import { type Market, startMarket } from '../support/market.ts';
import { walk, walks } from './walk.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(() => market.cloud.stop());

it('many walks of many steps, others each time, keep the books', { timeout: 30 * 60_000 }, async () => {
  const seed = Number(process.env['WALK_SEED'] ?? randomInt(2 ** 31));
  console.log(`WALK_SEED=${seed} takes the same walks again.`);
  for (const each of walks(seed, 6, 50)) await walk(market, each);
});
