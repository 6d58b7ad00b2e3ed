import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freeOf as available, onHand } from '../../shared/domain/stock.ts';
import { type Count, type Need, settle, shortage, takeBack } from '../../shared/stock/settle.ts';

const stock = (quantity: number, more: Partial<Count> = {}): Count => ({
  places: { main: quantity },
  reserved: 0,
  waiting: 0,
  ...more,
});
const need = (quantity: number, more: Partial<Need> = {}): Need => ({
  ...{ quantity, shipped: 0, granted: 0, taken: 0, state: 'asked' },
  ...more,
});

describe('a reservation', () => {
  it('is granted whole when there is enough, and promised stock is nobody else’s', () => {
    const first = settle(stock(3), need(2), true);
    expect(first.reservation).toMatchObject({ granted: 2, state: 'granted' });
    expect(first.stock).toMatchObject({ reserved: 2, waiting: 0 });
    const second = settle(first.stock, need(2), true);
    expect(second.reservation).toMatchObject({ granted: 0, state: 'backordered' });
    expect(second.stock).toMatchObject({ reserved: 2, waiting: 1 });
  });

  it('does not overtake those who wait, and is granted when it is its turn', () => {
    const waiting = stock(5, { waiting: 1 });
    expect(settle(waiting, need(1), true).reservation.state).toBe('backordered');
    expect(settle(waiting, need(1), false).reservation.state).toBe('granted');
  });

  it('takes what it was promised off the stock when it ships, and only that', () => {
    const granted = settle(stock(5), need(3), true);
    const shipped = { ...granted.reservation, quantity: 1, shipped: 2 };
    const after = settle(granted.stock, shipped, true);
    expect([onHand(after.stock), after.stock.reserved, after.reservation.granted]).toEqual([3, 1, 1]);
    const all = settle(after.stock, { ...after.reservation, quantity: 0, shipped: 3 }, true);
    expect([onHand(all.stock), all.stock.reserved, all.reservation.state]).toEqual([2, 0, 'released']);
  });

  it('that ships before it was granted takes what is free, and never what others were promised', () => {
    const promised = stock(5, { reserved: 4 });
    const after = settle(promised, need(0, { shipped: 3 }), true);
    expect([onHand(after.stock), after.stock.reserved]).toEqual([4, 4]);
  });

  it('gives back what it does not need any more', () => {
    const granted = settle(stock(5), need(3), true);
    const cancelled = settle(granted.stock, { ...granted.reservation, quantity: 1 }, true);
    expect([cancelled.stock.reserved, cancelled.reservation.granted]).toEqual([1, 1]);
    const waiting = settle(stock(0), need(2), true);
    const left = settle(waiting.stock, { ...waiting.reservation, quantity: 0 }, true);
    expect([left.stock.waiting, left.reservation.state]).toEqual([0, 'released']);
  });

  it('that wants more than there is gives up what it had, for those who can be served', () => {
    const granted = settle(stock(3), need(2), true);
    const grown = settle(granted.stock, { ...granted.reservation, quantity: 4 }, true);
    expect(grown.reservation).toMatchObject({ granted: 0, state: 'backordered' });
    expect(available(grown.stock)).toBe(3);
  });

  it('is taken from the place that has most, and no place goes below zero', () => {
    const two = stock(0, { places: { a: 2, b: 5 } });
    expect(settle(two, need(0, { shipped: 6 }), true).stock.places).toEqual({ a: 1, b: 0 });
  });
});

/** One thing that happens to one of five lines, or to the stock. */
const move = fc.oneof(
  fc.record({ does: fc.constantFrom('ask', 'cancel', 'ship'), line: fc.nat(4), quantity: fc.nat(3) }),
  fc.record({ does: fc.constant('count'), line: fc.constant(0), quantity: fc.nat(8) }),
  fc.record({
    does: fc.constantFrom('settle', 'serve', 'takeBack'),
    line: fc.nat(4),
    quantity: fc.constant(0),
  }),
);

it('stock is never negative, never promised twice and never lost, whatever happens in whatever order', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
      let count = stock(5);
      const needs: Need[] = Array.from({ length: 5 }, () => need(0));
      let counted = 5;
      let uncounted = 0;
      for (const { does, line, quantity } of moves) {
        const own = needs[line] ?? need(0);
        if (does === 'ask') needs[line] = { ...own, quantity: own.quantity + quantity };
        if (does === 'cancel') needs[line] = { ...own, quantity: Math.max(0, own.quantity - quantity) };
        if (does === 'ship') {
          const some = Math.min(quantity, own.quantity);
          needs[line] = { ...own, quantity: own.quantity - some, shipped: own.shipped + some };
        }
        if (does === 'count') {
          counted += quantity - onHand(count);
          count = { ...count, places: { main: quantity } };
        }
        if (does === 'settle' || does === 'serve') {
          const before = onHand(count);
          const after = settle(count, own, does === 'settle');
          // What left the stock is what was shipped, or was not there to be counted.
          const shipped = own.shipped - own.taken;
          expect(before - onHand(after.stock)).toBeLessThanOrEqual(shipped);
          uncounted += shipped - (before - onHand(after.stock));
          needs[line] = after.reservation;
          count = after.stock;
          expect(settle(after.stock, after.reservation, true)).toEqual(after);
        }
        if (does === 'takeBack' && own.granted > 0 && own.state === 'granted') {
          ({ stock: count, reservation: needs[line] } = takeBack(count, own));
        }
        const taken = needs.reduce((sum, each) => sum + each.taken, 0);
        expect(onHand(count)).toBe(counted - (taken - uncounted));
        expect(Object.values(count.places).every((each) => each >= 0)).toBe(true);
        expect(count.reserved).toBe(needs.reduce((sum, each) => sum + each.granted, 0));
        expect(count.waiting).toBe(needs.filter((each) => each.state === 'backordered').length);
        // Only a new count can leave less than was promised.
        if (does !== 'count' && shortage(count) > 0)
          expect(moves.some((each) => each.does === 'count')).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});
