import { afterAll, beforeAll, describe, it } from 'vitest';
import { marketToKillIn } from '../crash/ends-the-same.ts';
import { eachChange } from '../crash/kill-point.ts';
import type { Market } from '../support/market.ts';
import { endsWithSoundBooks, STOCK_STEPS } from './kill-stock.ts';

/** Routing, which asks, and giving back are killed in the long run. */
const STEPS = STOCK_STEPS.slice(1, 2);

let market: Market;
beforeAll(async () => {
  market = await marketToKillIn(STEPS);
});
afterAll(() => market.cloud.stop());

describe(
  'killed at each change and run again, no stock is promised twice or lost:',
  { timeout: 120_000 },
  () => {
    it.each(STEPS)('$title', (step) => endsWithSoundBooks(market, step, eachChange));
  },
);
