import { expect } from 'vitest';
import { seedStock } from '../../local/seed.ts';
import { type Books, booksOf, expectSound, onHand } from './stock-fixture.ts';
import { type OrderIds, stateOf } from '../crash/order-state.ts';
import { callsDuring, fewerOf, killedAt, type KillPoint } from '../crash/kill-point.ts';
import { past, routedOrder, RECEIVE, type Step } from '../crash/steps.ts';
import type { CallSeen } from '../../local/door/faults.ts';
import { eventually, type Market } from '../support/market.ts';

const SKU = 'IPOD2008GREEN';
const MINUTE = 60_000;

/** Until the order is routed, its stock settled and both sides told: by its messages, or else by the clock. */
async function settledBooks(market: Market, ids: OrderIds): Promise<void> {
  const open = async (): Promise<void> => {
    const { reservations, stock } = await booksOf(market, market.supplier.companyId, SKU);
    expect(stock?.due).toBeUndefined();
    const mine = reservations.filter(({ orderId }) => orderId === ids.supplyOrderId);
    expect(mine.map(({ next, state }) => [next, state])).toEqual([[undefined, mine[0]?.state]]);
    expect(mine[0]?.state).not.toBe('asked');
  };
  await past(market, 6 * MINUTE, () => eventually(open, 1000));
}

/** An order that asks for stock, from its delivery until both sides know what they got. */
const ASK = (by: 'route-order' | 'allocate'): Step => ({
  title: `asking for stock, killing ${by}`,
  by,
  async prepare(market) {
    const { ids, run } = await RECEIVE.prepare(market);
    return {
      ids,
      run: async () => {
        await run();
        await settledBooks(market, ids);
      },
    };
  },
});

/** Cancelling what was granted, until it is given back. */
const RELEASE: Step = {
  title: 'giving stock back, killing allocate',
  by: 'allocate',
  async prepare(market) {
    const ids = await routedOrder(market);
    await settledBooks(market, ids);
    return {
      ids,
      run: async () => {
        const path = `/v1/orders/${ids.orderId}/cancel`;
        expect((await market.retailer.call('POST', path)).status).toBe(200);
        await settledBooks(market, ids);
      },
    };
  },
};

export const STOCK_STEPS = [ASK('route-order'), ASK('allocate'), RELEASE];

/**
 * Does a step undisturbed and then once for each point at which its function is killed. Every time the order ends the
 * same on both sides, and the supplier's books are sound: nothing promised twice, nothing lost.
 */
export async function endsWithSoundBooks(
  market: Market,
  { by, prepare }: Step,
  choose: (calls: CallSeen[]) => KillPoint[][],
): Promise<void> {
  await seedStock(market.supplier.companyId, { [SKU]: 1000 }, market.seed);
  await (await prepare(market)).run();
  const undisturbed = await prepare(market);
  const before = await booksOf(market, market.supplier.companyId, SKU);
  const calls = await callsDuring(market.cloud, by, undisturbed.run);
  const expected = await stateOf(market, undisturbed.ids);
  const change = moved(before, await booksOf(market, market.supplier.companyId, SKU));
  const again = await prepare(market);
  for (const inARow of choose(fewerOf(calls, await callsDuring(market.cloud, by, again.run)))) {
    const { ids, run } = await prepare(market);
    const start = await booksOf(market, market.supplier.companyId, SKU);
    await killedAt(market.cloud, by, inARow, run);
    const where = `killed ${inARow.map(({ title }) => title).join(', then ')}`;
    const books = await booksOf(market, market.supplier.companyId, SKU);
    expectSound(books, where);
    expect(moved(start, books), where).toEqual(change);
    expect(await stateOf(market, ids), where).toEqual(expected);
  }
}

function moved(before: Books, after: Books) {
  return {
    onHand: onHand(after) - onHand(before),
    reserved: (after.stock?.reserved ?? 0) - (before.stock?.reserved ?? 0),
  };
}
