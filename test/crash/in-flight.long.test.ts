import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Market } from '../support/market.ts';
import { marketToKillIn } from './ends-the-same.ts';
import { killedAt } from './kill-point.ts';
import { stateOf } from './order-state.ts';
import { RECEIVE, ROUTE } from './steps.ts';

const STEPS = [RECEIVE, ROUTE];

/** Processes start one after another here, which a busy machine makes slow. */
const PATIENCE = { timeout: 120_000 };

let market: Market;
beforeAll(async () => {
  market = await marketToKillIn(STEPS);
});
afterAll(() => market.cloud.stop());

describe('killed while twenty orders are in flight', PATIENCE, () => {
  it.each(STEPS)('it loses none and makes none twice: $title', async ({ by, prepare }) => {
    const alone = await prepare(market);
    await alone.run();
    const expected = await stateOf(market, alone.ids);

    const orders = await Promise.all(Array.from({ length: 20 }, () => prepare(market)));
    const point = { of: 'changes', nth: 11, when: 'after' } as const;
    await killedAt(market.cloud, by, [point, { ...point, nth: 23 }], () =>
      Promise.all(orders.map(({ run }) => run())),
    );
    for (const { ids } of orders) expect(await stateOf(market, ids)).toEqual(expected);
  });
});
