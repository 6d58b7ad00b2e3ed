import { expect } from 'vitest';
import type { CallSeen } from '../../local/door/faults.ts';
import { testCloud } from '../support/cloud.ts';
import { type Market, startMarket } from '../support/market.ts';
import { callsDuring, fewerOf, killedAt, type KillPoint } from './kill-point.ts';
import { stateOf } from './order-state.ts';
import type { Step } from './steps.ts';

/** A market in which the functions that do these steps have a process each. */
export async function marketToKillIn(steps: readonly Step[]): Promise<Market> {
  const apart = [...new Set(steps.map(({ by }) => by))];
  // A message that meets a process which is just starting must not become a dead letter for it.
  return startMarket(await testCloud({ apart, delivery: { maxDeliveryAttempts: 100 } }));
}

/**
 * Does a step undisturbed, then once more for each of what `choose` makes of its calls: one point at which the function
 * is killed, or several in a row. Every time with an order of its own, every time to the same end.
 */
export async function endsTheSame(
  market: Market,
  { by, prepare }: Step,
  choose: (calls: CallSeen[]) => KillPoint[][],
): Promise<void> {
  const { cloud } = market;
  // The first one reads what later ones find in memory.
  await (await prepare(market)).run();
  const undisturbed = await prepare(market);
  const calls = await callsDuring(cloud, by, undisturbed.run);
  const expected = await stateOf(market, undisturbed.ids);
  const again = await prepare(market);
  const points = choose(fewerOf(calls, await callsDuring(cloud, by, again.run)));
  expect(points).not.toEqual([]);
  for (const inARow of points) {
    const { ids, run } = await prepare(market);
    await killedAt(cloud, by, inARow, run);
    const where = inARow.map(({ title }) => title).join(', then ');
    expect(await stateOf(market, ids), `killed ${where}`).toEqual(expected);
  }
}
