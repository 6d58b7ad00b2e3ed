import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Market } from '../support/market.ts';
import { endsTheSame, marketToKillIn } from './ends-the-same.ts';
import { afterChanges, eachChange } from './kill-point.ts';
import { RECEIVE, ROUTE } from './steps.ts';

const STEPS = [RECEIVE, ROUTE];

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
  it('storing an order', () => endsTheSame(market, RECEIVE, afterChanges(1, 2)));
  // The second run finds the wrap of the first, and changes one thing only.
  it('routing an order', () => endsTheSame(market, ROUTE, afterChanges(1, 1)));
});
