import fc from 'fast-check';
import { expect } from 'vitest';
import { paths } from '../../shared/cloud/firestore.ts';
import type { StoredOrder } from '../../shared/domain/order.ts';
import { act, call } from '../orders/trading.ts';
import type { Market, Merchant } from '../support/market.ts';
import { booksOf, expectSound, onHand, ordered, quiet, settled, supplying } from './stock-fixture.ts';

/** One thing that a retailer or their supplier does. Orders are chosen by number. */
interface Step {
  does: 'order' | 'cancel' | 'decline' | 'ship' | 'count' | 'pause' | 'resume' | 'end';
  of: number;
  quantity: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  does: fc.constantFrom(
    ...(['order', 'order', 'order', 'cancel', 'decline', 'ship', 'ship', 'count'] as const),
    ...(['pause', 'resume', 'resume', 'end'] as const),
  ),
  of: fc.nat(20),
  quantity: fc.integer({ min: 1, max: 4 }),
});

/** Walks that are the same for the same seed. */
export function walks(seed: number, count: number, steps: number): Step[][] {
  return fc.sample(fc.array(step, { minLength: steps, maxLength: steps }), { seed, numRuns: count });
}

/** Two retailers and their supplier take one walk. Its books are sound at every moment, and right when all is quiet. */
export async function walk(market: Market, steps: Step[]): Promise<void> {
  const { supplier, one, two, partnerIds } = await supplying(market, 6);
  const orders: { owner: Merchant; id: string }[] = [];
  const taken: Step[] = [];
  let expected = 6;
  for (const next of steps) {
    taken.push(next);
    const told = JSON.stringify(taken);
    const owner = next.of % 2 === 0 ? one : two;
    const chosen = orders[next.of % Math.max(1, orders.length)];
    if (next.does === 'order') {
      const id = await ordered(owner, next.quantity);
      orders.push({ owner, id });
      await settled(market, owner, id);
    }
    if (next.does === 'cancel' && chosen !== undefined) await act(chosen.owner, chosen.id, 'cancel');
    if (next.does === 'decline' && chosen !== undefined) {
      await act(supplier, await supplyOf(market, chosen), 'decline');
    }
    if (next.does === 'ship' && chosen !== undefined) {
      expected -= await ship(market, supplier, await supplyOf(market, chosen), next.quantity);
    }
    if (next.does === 'count') {
      await quiet(market, supplier);
      const stock = [{ sku: 'S', onHand: next.quantity * 2 }];
      expect((await call(supplier, 'PUT', '/v1/stock', { stock })).status, told).toBe(200);
      expected = next.quantity * 2;
    }
    const states: Partial<Record<Step['does'], string>> = { pause: 'paused', resume: 'active', end: 'ended' };
    const state = states[next.does];
    if (state !== undefined) await connection(market, partnerIds, [one, two], supplier, next.of % 2, state);
    expectSound(await booksOf(market, supplier.companyId), told);
  }

  const told = JSON.stringify(taken);
  const books = await quiet(market, supplier);
  expectSound(books, told);
  expect(onHand(books), told).toBe(expected);
  const free = expected - (books.stock?.reserved ?? 0);
  expect(free, told).toBeGreaterThanOrEqual(0);
  // Nobody waits for what is there.
  for (const each of books.reservations.filter(({ state }) => state === 'backordered')) {
    expect(each.quantity, told).toBeGreaterThan(free);
  }
  // What the lines say, on both sides, is what stands in the books.
  const inBooks = new Map(books.reservations.map(({ id, state }) => [id, state]));
  for (const { owner, id } of orders) {
    const own = await settled(market, owner, id);
    for (const { id: supplyId, companyId } of own.supplyOrders) {
      const doc = await market.seed.db.doc(paths.order(companyId, supplyId)).get();
      for (const line of (doc.data() as StoredOrder).lines) {
        const state = inBooks.get(line.id);
        if (state === 'released' || state === undefined) continue;
        expect(line.stock, told).toBe(state);
        expect(own.lines.find((each) => each.id === line.origin)?.stock, told).toBe(state);
      }
    }
  }
}

async function supplyOf(market: Market, { owner, id }: { owner: Merchant; id: string }): Promise<string> {
  const own = await settled(market, owner, id);
  return own.supplyOrders[0]?.id ?? 'ord_00000000000000000000000000';
}

/** Ships some of a line; answers how much of that leaves the stock: what was promised, or else what nobody was. */
async function ship(market: Market, supplier: Merchant, id: string, quantity: number): Promise<number> {
  const books = await quiet(market, supplier);
  const mine = books.reservations.find(({ orderId }) => orderId === id);
  const some = Math.min(quantity, mine?.quantity ?? 0);
  if (mine === undefined || some === 0) return 0;
  const body = { lines: [{ lineId: mine.id, quantity: some }] };
  expect((await act(supplier, id, 'fulfilments', body)).status).toBe(201);
  const free = onHand(books) - (books.stock?.reserved ?? 0);
  return mine.state === 'granted' ? some : Math.min(some, free);
}

/** What the connection between the two is from now on: open orders go on, and nothing new is asked. */
async function connection(
  market: Market,
  partnerIds: string[],
  retailers: Merchant[],
  supplier: Merchant,
  which: number,
  state: string,
): Promise<void> {
  const id = partnerIds[which] ?? '';
  const { db } = market.seed;
  await db.doc(paths.partner(retailers[which]?.companyId ?? '', id)).update({ state });
  await db.doc(paths.partner(supplier.companyId, id)).update({ state });
}
