import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Market } from '../support/market.ts';
import { endsTheSame, marketToKillIn } from './ends-the-same.ts';
import { afterChanges, eachChange, killedAt } from './kill-point.ts';
import { stateOf } from './order-state.ts';
import { RECEIVE, ROUTE } from './steps.ts';

const STEPS = [RECEIVE, ROUTE];

let market: Market;
beforeAll(async () => {
  market = await marketToKillIn(STEPS);
});
afterAll(() => market.cloud.stop());

describe('killed at each change and run again, it ends as if nothing had happened:', () => {
  it.each(STEPS)('$title', (step) => endsTheSame(market, step, eachChange));
});

describe('killed twice in a row, it ends as if nothing had happened:', () => {
  it('storing an order', () => endsTheSame(market, RECEIVE, afterChanges(1, 2)));
  // The second run finds the wrap of the first, and changes one thing only.
  it('routing an order', () => endsTheSame(market, ROUTE, afterChanges(1, 1)));
});

describe('killed while twenty orders are in flight', () => {
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
