import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Market } from '../support/market.ts';
import { endsTheSame, marketToKillIn } from './ends-the-same.ts';
import { afterChanges, eachChange } from './kill-point.ts';
import { CONFIRM, ERASE, HOLD, SWEEP } from './steps.ts';

const STEPS = [CONFIRM, ERASE, HOLD, SWEEP];

let market: Market;
beforeAll(async () => {
  market = await marketToKillIn(STEPS);
});
afterAll(() => market.cloud.stop());

describe('killed at each change and run again, it ends as if nothing had happened:', () => {
  it.each(STEPS)('$title', (step) => endsTheSame(market, step, eachChange));
});

describe('killed twice in a row, it ends as if nothing had happened:', () => {
  it('erasing an order', () => endsTheSame(market, ERASE, afterChanges(1, 2)));
});
