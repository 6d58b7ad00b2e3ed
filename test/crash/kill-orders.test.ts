import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Market } from '../support/market.ts';
import { endsTheSame, marketToKillIn } from './ends-the-same.ts';
import { eachChange } from './kill-point.ts';
import { ARCHIVE, CANCEL, CREATE, DELETE, FULFIL } from './steps.ts';

const STEPS = [ARCHIVE, CANCEL, CREATE, DELETE, FULFIL];

let market: Market;
beforeAll(async () => {
  market = await marketToKillIn(STEPS);
});
afterAll(() => market.cloud.stop());

describe('killed at each change and run again, it ends as if nothing had happened:', () => {
  it.each(STEPS)('$title', (step) => endsTheSame(market, step, eachChange));
});
