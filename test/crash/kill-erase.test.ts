import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Market } from '../support/market.ts';
import { endsTheSame, marketToKillIn } from './ends-the-same.ts';
import { afterChanges, eachChange } from './kill-point.ts';
import { ERASE } from './steps.ts';

/** What else erases, holds and sweeps is killed in the long run, at every call. */
const STEPS = [ERASE];

/** Processes start one after another here, which a busy machine makes slow. */
const PATIENCE = { timeout: 120_000 };

let market: Market;
beforeAll(async () => {
  market = await marketToKillIn(STEPS);
});
afterAll(() => market.cloud.stop());

describe('killed at each change and run again, it ends as if nothing had happened:', PATIENCE, () => {
  it.each(STEPS)('$title', (step) => endsTheSame(market, step, eachChange));
});

describe('killed twice in a row, it ends as if nothing had happened:', PATIENCE, () => {
  it('erasing an order', () => endsTheSame(market, ERASE, afterChanges(1, 2)));
});
