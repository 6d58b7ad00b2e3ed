import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StoredOrder } from '../../shared/domain/order.ts';
import { differs, mergeEvent } from '../../shared/orders/merge.ts';
import type { MinimisedOrder } from '../../shared/orders/minimise.ts';
import { left } from '../../shared/orders/progress.ts';
import { after, event, idOf, type Said, said, stored } from './order-fixture.ts';

const leftOf = (order: StoredOrder): Record<string, number> =>
  Object.fromEntries(
    order.lines.map((line): [string, number] => [line.id, left(line)]).filter(([, most]) => most !== 0),
  );

const merge = (first: MinimisedOrder, ...events: MinimisedOrder[]): StoredOrder =>
  events.reduce(after, stored(first));

describe('an event that is newer', () => {
  it('adds a line, which is then to be routed', () => {
    const routed = { ...stored(event(0, { a: said(1) })), routing: 'done' as const, due: 3 };
    const merged = after(routed, event(1, { a: said(1), b: said(2) }));
    expect(leftOf(merged)).toEqual({ ln_a: 1, ln_b: 2 });
    expect(merged.routing).toBe('pending');
    expect(merged.due).toBeDefined();
  });

  it('cancels what it no longer names, and what it names less of', () => {
    const merged = merge(event(0, { a: said(3), b: said(2) }), event(1, { a: said(1) }));
    expect(merged.lines.map((line) => [line.quantity, line.cancelledQuantity])).toEqual([
      [3, 2],
      [2, 2],
    ]);
  });

  it('orders again what it names again, more or less often', () => {
    const down = merge(event(0, { a: said(3) }), event(1, { a: said(2) }), event(2, { a: said(3) }));
    expect(leftOf(down)).toEqual({ ln_a: 3 });
    const away = merge(event(0, { a: said(2), b: said(1) }), event(1, { b: said(1) }));
    expect(leftOf(away)).toEqual({ ln_b: 1 });
    expect(leftOf(after(away, event(2, { a: said(2), b: said(1) })))).toEqual({ ln_a: 2, ln_b: 1 });
  });

  it('does not bring back what the merchant cancelled here', () => {
    const order = stored(event(0, { a: said(3) }));
    const cancelled = { ...order, lines: order.lines.map((line) => ({ ...line, cancelledQuantity: 1 })) };
    expect(leftOf(after(cancelled, event(1, { a: said(3) })))).toEqual({ ln_a: 2 });
  });

  it('ends the order when all is cancelled, and opens it when something is wanted again', () => {
    const ended = merge(event(0, { a: said(1) }), event(1, { a: said(1, 1) }, { cancelled: true }));
    expect([ended.state, ended.routing, ended.due]).toEqual(['cancelled', 'done', undefined]);
    const archived = { ...ended, archived: true, archivedAt: ended.updatedAt };
    const opened = after(archived, event(2, { a: said(1, 1), b: said(1) }));
    expect([opened.state, opened.routing, opened.archived, opened.archivedAt]).toEqual([
      'received',
      'pending',
      false,
      null,
    ]);
    // Nothing is opened by an event that wants nothing more.
    expect(after(archived, event(3, { a: said(1, 1) })).archived).toBe(true);
  });

  it('makes an order due only once it is paid', () => {
    const unpaid = merge(event(0, { a: said(1) }, { paid: false }));
    expect([unpaid.state, unpaid.routing, unpaid.due]).toEqual(['received', 'pending', undefined]);
    expect(after(unpaid, event(1, { a: said(1) })).due).toBeTypeOf('number');
    expect(after(unpaid, event(1, { a: said(1) }, { paid: false })).due).toBeUndefined();
  });

  it('stays away from an order that is held', () => {
    const order = stored(event(0, { a: said(1) }, { shipTo: null }));
    expect([order.routing, order.held?.code, order.due]).toEqual(['held', 'ADDRESS_EMPTY', undefined]);
    expect(after(order, event(1, { a: said(1), b: said(1) })).routing).toBe('held');
  });

  it('leaves what a partner ships to the partner', () => {
    const order = stored(event(0, { a: said(2) }));
    const owned = { ...order, lines: order.lines.map((line) => ({ ...line, supplier: 'ptn_x' })) };
    expect(after(owned, event(1, { a: said(2, 0, 2) })).lines[0]?.fulfilledQuantity).toBe(0);
    expect(after(order, event(1, { a: said(2, 0, 2) })).lines[0]?.fulfilledQuantity).toBe(2);
  });
});

describe('an event of the same time', () => {
  it('adds and cancels, and takes nothing away', () => {
    const merged = merge(event(0, { a: said(2), b: said(1) }), event(0, { a: said(1, 1), c: said(1) }));
    expect(leftOf(merged)).toEqual({ ln_a: 1, ln_b: 1, ln_c: 1 });
  });

  it('leaves an order paid that was paid', () => {
    const both = [event(0, { a: said(1) }), event(0, { a: said(1) }, { paid: false })] as const;
    expect(merge(both[0], both[1]).paid).toBe(true);
    expect(merge(both[1], both[0]).paid).toBe(true);
  });
});

/** One step of a shop's order. The first kinds only add up, so that they may happen within one second. */
const GROWTH = ['add', 'more', 'cancel', 'ship', 'pay'] as const;
const CHANGES = [...GROWTH, 'less', 'remove'] as const;
const KEYS = ['a', 'b', 'c'] as const;

interface Version {
  lines: Record<string, Said>;
  paid: boolean;
}

function step({ lines, paid }: Version, change: (typeof CHANGES)[number], key: string): Version {
  const line = lines[key];
  const open = line === undefined ? 0 : line.quantity - line.cancelled - line.fulfilled;
  const change1 = (by: Partial<Said>): Version => ({
    paid,
    lines: { ...lines, ...(line && { [key]: { ...line, ...by } }) },
  });
  if (change === 'pay') return { lines, paid: true };
  if (change === 'add')
    return line === undefined ? { paid, lines: { ...lines, [key]: said(2) } } : { lines, paid };
  if (line === undefined) return { lines, paid };
  if (change === 'more') return change1({ quantity: line.quantity + 1 });
  if (open === 0) return { lines, paid };
  if (change === 'cancel') return change1({ cancelled: line.cancelled + 1 });
  if (change === 'ship') return change1({ fulfilled: line.fulfilled + 1 });
  if (change === 'less' && line.quantity > 1) return change1({ quantity: line.quantity - 1 });
  if (line.cancelled + line.fulfilled > 0) return { lines, paid };
  const { [key]: _removed, ...others } = lines;
  return { paid, lines: others };
}

/** The events of a shop's order as its history made them, oldest first. */
const history = fc
  .record({
    first: fc.dictionary(
      fc.constantFrom(...KEYS),
      fc.integer({ min: 1, max: 3 }).map((q) => said(q)),
      {
        minKeys: 1,
        noNullPrototype: true,
      },
    ),
    paid: fc.boolean(),
    steps: fc.array(
      fc.oneof(
        fc.record({
          later: fc.constant(false),
          change: fc.constantFrom(...GROWTH),
          key: fc.constantFrom(...KEYS),
        }),
        fc.record({
          later: fc.constant(true),
          change: fc.constantFrom(...CHANGES),
          key: fc.constantFrom(...KEYS),
        }),
      ),
      { maxLength: 12 },
    ),
  })
  .map(({ first, paid, steps }) => {
    let version: Version = { lines: first, paid };
    let minute = 0;
    const events = [event(minute, version.lines, { paid })];
    for (const { later, change, key } of steps) {
      version = step(version, change, key);
      if (later) minute += 1;
      events.push(event(minute, version.lines, { paid: version.paid }));
    }
    return { events, last: version };
  });

describe('laws of merging', () => {
  it('any order of arrival, with repeats and losses, ends at what the shop said last', () => {
    const arrivals = history.chain(({ events, last }) => {
      const latest = events.at(-1);
      const others = fc.array(fc.constantFrom(...events), { maxLength: 12 });
      return fc.record({
        last: fc.constant(last),
        arrived: others.chain((some) =>
          fc.shuffledSubarray([...some, latest ?? event(0, {})], { minLength: some.length + 1 }),
        ),
      });
    });
    fc.assert(
      fc.property(arrivals, ({ arrived: [first, ...rest], last }) => {
        const order = merge(first ?? event(0, {}), ...rest);
        const wanted = Object.entries(last.lines).map(
          ([key, line]) => [idOf(key), line.quantity - line.cancelled - line.fulfilled] as const,
        );
        expect(leftOf(order)).toEqual(Object.fromEntries(wanted.filter(([, most]) => most > 0)));
        expect(order.paid).toBe(last.paid);
      }),
      { numRuns: 2000 },
    );
  });

  const anyLine = fc.record({
    quantity: fc.integer({ min: 1, max: 4 }),
    cancelled: fc.integer({ min: 0, max: 4 }),
    fulfilled: fc.integer({ min: 0, max: 4 }),
  });
  const anyEvent = fc
    .record({
      minute: fc.integer({ min: 0, max: 2 }),
      lines: fc.dictionary(fc.constantFrom(...KEYS), anyLine, { minKeys: 1, noNullPrototype: true }),
      paid: fc.boolean(),
    })
    .map(({ minute, lines, paid }) => event(minute, lines, { paid }));

  it('whatever is said, shipped and cancelled stay within what was ordered, and no line is forgotten', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 8 }), ([first, ...rest]) => {
        let order = stored(within(first ?? event(0, {})));
        for (const next of rest) {
          const merged = after(order, within(next));
          for (const line of merged.lines) {
            expect(left(line)).toBeGreaterThanOrEqual(0);
            const was = order.lines.find((each) => each.id === line.id);
            expect(line.quantity).toBeGreaterThanOrEqual(was?.quantity ?? 0);
            expect(line.cancelledQuantity).toBeGreaterThanOrEqual(was?.cancelledQuantity ?? 0);
            expect(line.fulfilledQuantity).toBeGreaterThanOrEqual(was?.fulfilledQuantity ?? 0);
          }
          expect(merged.lines.length).toBeGreaterThanOrEqual(order.lines.length);
          order = merged;
        }
      }),
    );
  });

  it('an event that comes twice changes nothing the second time', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 6 }), anyEvent, ([first, ...rest], next) => {
        const once = after(merge(within(first ?? event(0, {})), ...rest.map(within)), within(next));
        expect(differs(once, after(once, within(next)))).toBe(false);
      }),
    );
  });

  it('at equal times nothing gets less to ship but by what was cancelled or shipped', () => {
    fc.assert(
      fc.property(anyEvent, anyEvent, (one, other) => {
        const order = stored(within(one));
        const merged = mergeEvent(order, { ...within(other), updatedAt: one.updatedAt }, idOf);
        for (const line of order.lines) {
          const now = merged.lines.find((each) => each.id === line.id);
          expect(now?.quantity).toBeGreaterThanOrEqual(line.quantity);
        }
      }),
    );
  });
});

/** As `minimise` leaves it: shipped and cancelled never exceed what was ordered. */
function within(order: MinimisedOrder): MinimisedOrder {
  const lines = order.lines.map((line) => {
    const fulfilledQuantity = Math.min(line.fulfilledQuantity, line.quantity);
    const rest = line.quantity - fulfilledQuantity;
    return { ...line, fulfilledQuantity, cancelledQuantity: Math.min(line.cancelledQuantity, rest) };
  });
  return { ...order, lines };
}
