import fc from 'fast-check';
import { expect } from 'vitest';
import type { StoredOrder } from '../../shared/domain/order.ts';
import { canArchive, hasEnded, left, stateOf } from '../../shared/orders/progress.ts';
import { eventually, type Market } from '../support/market.ts';
import { act, call, push, read, type SeenErasure, sent } from './trading.ts';

const SKUS = ['IPOD2008GREEN', 'IPOD2008RED', 'IPOD2008BLACK'] as const;
const SIDES = ['retailer', 'supplier'] as const;

/** One thing that somebody does to an order. Lines are chosen by number, so that every walk can be made anywhere. */
type Step =
  | { by: 'shop'; wants: number[]; cancelled: boolean; paid: boolean; moved: number; late: boolean }
  | {
      by: (typeof SIDES)[number];
      does: 'fulfilments' | 'cancel' | 'returns';
      lines: [place: number, quantity: number][];
    }
  | { by: (typeof SIDES)[number]; does: 'decline' | 'archive' | 'retry' | 'correct'; place: number }
  | { by: 'queue' };

const some = fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 2 })), { maxLength: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      by: fc.constant('shop' as const),
      wants: fc.array(fc.nat(3), { minLength: 3, maxLength: 3 }),
      cancelled: fc.integer({ min: 0, max: 9 }).map((of) => of === 0),
      paid: fc.integer({ min: 0, max: 3 }).map((of) => of > 0),
      moved: fc.nat(2),
      late: fc.integer({ min: 0, max: 4 }).map((of) => of === 0),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      by: fc.constantFrom(...SIDES),
      does: fc.constantFrom('fulfilments' as const, 'cancel' as const, 'returns' as const),
      lines: some,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      by: fc.constantFrom(...SIDES),
      does: fc.constantFrom('decline' as const, 'archive' as const, 'retry' as const, 'correct' as const),
      place: fc.nat(3),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ by: 'queue' as const }) },
);

/** Walks that are the same for the same seed. */
export function walks(seed: number, count: number, steps: number): Step[][] {
  return fc.sample(fc.array(step, { minLength: steps, maxLength: steps }), { seed, numRuns: count });
}

/** Takes one walk, looks at both sides after every step, and ends with both sides archived and the order erased. */
export async function walk(market: Market, steps: Step[]): Promise<void> {
  const payload = market.order();
  const id = await sent(market, payload);
  const taken: Step[] = [];
  let seconds = 0;
  for (const next of steps) {
    taken.push(next);
    seconds += 1;
    const status =
      next.by === 'shop' ? await shop(market, payload, next, seconds) : await onStep(market, id, next);
    const told = JSON.stringify(taken);
    // Only what is under contention may be told to come again.
    expect(status < 500 || status === 503, `${status} after ${told}`).toBe(true);
    await look(market, id, told);
  }
  await end(market, id, JSON.stringify(taken));
}

async function shop(
  market: Market,
  payload: ReturnType<Market['order']>,
  change: Step & { by: 'shop' },
  seconds: number,
): Promise<number> {
  const at = Date.parse(String(payload['updated_at'])) + (change.late ? -60 : seconds) * 1000;
  const items = payload['line_items'] as { sku: string }[];
  const line_items = items.flatMap((item) => {
    const quantity = change.wants[SKUS.findIndex((sku) => sku === item.sku)] ?? 1;
    return quantity === 0 ? [] : [{ ...item, quantity, current_quantity: quantity }];
  });
  const update = {
    updated_at: new Date(at).toISOString(),
    line_items,
    financial_status: change.paid ? 'paid' : 'partially_paid',
    cancelled_at: change.cancelled ? new Date(at).toISOString() : null,
    shipping_address: { ...(payload['shipping_address'] as object), address1: `${change.moved} Walk Street` },
  };
  return (await market.send({ ...payload, ...update }, 'orders/updated')).status;
}

async function onStep(market: Market, id: string, next: Exclude<Step, { by: 'shop' }>): Promise<number> {
  if (next.by === 'queue') {
    return push(market, 'route-order', { companyId: market.retailer.companyId, orderId: id });
  }
  const sides = await bothSides(market, id);
  const mine = next.by === 'retailer' ? { id, order: sides.owned } : sides.supplies[0];
  if (mine === undefined) return 0;
  const who = market[next.by];
  const lineId = (place: number): string => mine.order.lines[place % mine.order.lines.length]?.id ?? '';
  if (!('lines' in next)) {
    const shipTo = {
      firstName: '',
      lastName: '',
      streetAddress: 'Other',
      postalCode: '',
      region: '',
      country: 'US',
    };
    if (next.does === 'correct')
      return (await call(who, 'PATCH', `/v1/orders/${mine.id}`, { shipTo })).status;
    const body = next.does === 'decline' ? { lines: [{ lineId: lineId(next.place) }] } : {};
    return (await act(who, mine.id, next.does, body)).status;
  }
  const lines = next.lines.map(([place, quantity]) => ({ lineId: lineId(place), quantity }));
  if (lines.length === 0 && next.does === 'returns') return 0;
  return (await act(who, mine.id, next.does, lines.length === 0 ? {} : { lines })).status;
}

interface Sides {
  owned: StoredOrder;
  supplies: { id: string; order: StoredOrder }[];
}

/** Both sides as they are stored at one moment. */
async function bothSides(market: Market, id: string): Promise<Sides> {
  const { db } = market.seed;
  const doc = (companyId: string, order: string) => db.doc(`companies/${companyId}/orders/${order}`);
  return db.runTransaction(
    async (tx) => {
      const owned = (await tx.get(doc(market.retailer.companyId, id))).data() as StoredOrder;
      const supplies = await Promise.all(
        owned.supplyOrders.map(async (supply) => {
          const found = await tx.get(doc(supply.companyId, supply.id));
          return { id: supply.id, order: found.data() as StoredOrder };
        }),
      );
      return { owned, supplies };
    },
    { readOnly: true },
  );
}

async function look(market: Market, id: string, told: string): Promise<void> {
  const { owned, supplies } = await bothSides(market, id);
  for (const order of [owned, ...supplies.map((supply) => supply.order)]) {
    for (const line of order.lines) {
      expect(left(line), told).toBeGreaterThanOrEqual(0);
      expect(line.returnedQuantity, told).toBeLessThanOrEqual(line.fulfilledQuantity);
    }
    expect(order.state, told).toBe(
      stateOf(order.lines, order.partner !== null || order.supplyOrders.length > 0),
    );
    if (order.archived) expect(hasEnded(order.state), told).toBe(true);
  }
  for (const { id: supplyId, order: supply } of supplies) {
    expect(owned.supplyOrders.find((each) => each.id === supplyId)?.state, told).toBe(supply.state);
    const origins = supply.lines.map((line) => line.origin);
    expect(new Set(origins).size, told).toBe(origins.length);
    for (const line of supply.lines) {
      const own = owned.lines.find((each) => each.id === line.origin);
      // What the supplier does not supply any more, it has shipped, cancelled or given back.
      expect(left(line), told).toBe(own?.supplier === supply.partner ? left(own) : 0);
    }
    const items = supply.lines.reduce((sum, line) => sum + line.quantity * line.unitPrice, 0);
    expect(supply.totals.total, told).toBe(items);
  }
  for (const line of owned.lines.filter((each) => each.supplier !== null)) {
    expect(
      supplies.some(({ order }) => order.lines.some((each) => each.origin === line.id)),
      told,
    ).toBe(true);
  }
  expect(owned.due !== undefined, told).toBe(owned.routing === 'pending' && owned.paid);
}

/** Whatever happened, what is left can be cancelled, both sides can be put away, and the order can be erased. */
async function end(market: Market, id: string, told: string): Promise<void> {
  const again = async (work: () => Promise<{ status: number; code: string }>): Promise<void> => {
    await eventually(async () => {
      const { status, code } = await work();
      expect(status < 300 || code === 'QUANTITY_EXCEEDED', `${code} after ${told}`).toBe(true);
    });
  };
  await again(() => act(market.retailer, id, 'cancel'));
  const { owned, supplies } = await bothSides(market, id);
  expect(canArchive(owned), told).toBe(true);
  for (const supply of supplies) await again(() => act(market.supplier, supply.id, 'archive'));
  await again(() => act(market.retailer, id, 'archive'));
  expect((await read(market.retailer, id)).shipTo?.country, told).toBe('US');
  const { json } = await call<SeenErasure>(market.retailer, 'DELETE', `/v1/orders/${id}`);
  await eventually(async () => {
    const erasure = await call<SeenErasure>(market.retailer, 'GET', `/v1/erasures/${json.id}`);
    expect(erasure.json.state, told).toBe('destroyed');
  });
  expect(await market.seed.keyring.recordKeyExists(id)).toBe(false);
}

/** Some at a time, as merchants would. */
export async function walkAll(market: Market, all: Step[][], atOnce = 4): Promise<void> {
  const open = [...all];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let next = open.pop(); next !== undefined; next = open.pop()) await walk(market, next);
    }),
  );
}
