import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StoredOrder } from '../../shared/domain/order.ts';
import type { MinimisedOrder } from '../../shared/orders/minimise.ts';
import { left } from '../../shared/orders/progress.ts';
import { carryToSupply, withSupplies, withSupplyLines } from '../../shared/orders/supply.ts';
import { after, event, said, stored, supplied } from './order-fixture.ts';

const SUPPLY = 'ord_supply';

/** What a later event makes of both sides, as `merge-stored` carries it. */
function both(
  { owned, supply }: { owned: StoredOrder; supply: StoredOrder },
  next: MinimisedOrder,
): { owned: StoredOrder; supply: StoredOrder } {
  const merged = after(owned, next);
  const { lines, changed } = carryToSupply(owned.lines, merged.lines, new Map([[SUPPLY, supply]]));
  return {
    owned: withSupplies({ ...merged, lines }, changed),
    supply: changed.get(SUPPLY) ?? supply,
  };
}

const start = (...quantities: number[]): { owned: StoredOrder; supply: StoredOrder } =>
  supplied(stored(event(0, Object.fromEntries(quantities.map((q, place) => [`l${place}`, said(q)])))));

describe('what changes on the owner’s lines', () => {
  it('is cancelled at the supplier, whose state follows', () => {
    const { owned, supply } = both(start(2), event(1, { l0: said(2, 2) }));
    expect([left(supply.lines[0] ?? never()), supply.state]).toEqual([0, 'cancelled']);
    expect(owned.supplyOrders[0]?.state).toBe('cancelled');
  });

  it('is ordered on top at the supplier, with totals to match', () => {
    const { supply } = both(start(2), event(1, { l0: said(5) }));
    expect(left(supply.lines[0] ?? never())).toBe(5);
    expect(supply.totals).toMatchObject({ items: 500, total: 500 });
  });

  it('is not asked of the supplier before it is paid, and then is', () => {
    const unpaid = both(start(1), event(1, { l0: said(3) }, { paid: false }));
    expect(left(unpaid.supply.lines[0] ?? never())).toBe(1);
    const paid = both(unpaid, event(2, { l0: said(3) }));
    expect(left(paid.supply.lines[0] ?? never())).toBe(3);
  });

  it('goes back to the owner when the supplier has put its order away', () => {
    const { owned, supply } = start(1);
    const shipped = (order: StoredOrder): StoredOrder => ({
      ...order,
      lines: order.lines.map((line) => ({ ...line, fulfilledQuantity: line.quantity })),
    });
    const done = { owned: shipped(owned), supply: { ...shipped(supply), archived: true } };
    const grown = both(done, event(1, { l0: said(3) }));
    expect(grown.supply).toBe(done.supply);
    expect(grown.owned.lines[0]).toMatchObject({ supplier: null, quantity: 3, fulfilledQuantity: 1 });
  });

  it('leaves other lines and other suppliers alone', () => {
    const { owned, supply } = start(1, 1);
    const others = { ...supply, partner: 'ptn_other' };
    const next = event(1, { l0: said(4), l1: said(1) });
    expect(
      carryToSupply(owned.lines, after(owned, next).lines, new Map([[SUPPLY, others]])).changed.size,
    ).toBe(0);
    const changed = both({ owned, supply }, next).supply;
    expect(changed.lines[1]).toBe(supply.lines[1]);
  });
});

it('both sides always have the same left to ship, whatever the shop says and the supplier ships', () => {
  const line = fc.record({
    quantity: fc.integer({ min: 1, max: 4 }),
    cancelled: fc.integer({ min: 0, max: 1 }),
    fulfilled: fc.constant(0),
  });
  const move = fc.oneof(
    fc.record({
      lines: fc.dictionary(fc.constantFrom('l0', 'l1'), line, { noNullPrototype: true }),
      paid: fc.boolean(),
    }),
    fc.constantFrom('l0', 'l1'),
  );
  fc.assert(
    fc.property(fc.array(move, { maxLength: 10 }), (moves) => {
      let sides = start(2, 1);
      moves.forEach((each, place) => {
        sides =
          typeof each === 'string'
            ? ship(sides, `ln_${each}`)
            : both(sides, event(place + 1, each.lines, { paid: each.paid }));
        for (const served of sides.supply.lines) {
          const own = sides.owned.lines.find((one) => one.id === served.origin);
          expect(left(served)).toBe(own && left(own));
          expect(left(served)).toBeGreaterThanOrEqual(0);
        }
        expect(sides.owned.supplyOrders[0]?.state).toBe(sides.supply.state);
      });
    }),
  );
});

/** The supplier ships one of a line, if it has one left, and both sides note it. */
function ship(
  sides: { owned: StoredOrder; supply: StoredOrder },
  lineId: string,
): { owned: StoredOrder; supply: StoredOrder } {
  const one = (order: StoredOrder, is: (line: StoredOrder['lines'][number]) => boolean): StoredOrder => ({
    ...order,
    lines: order.lines.map((line) =>
      is(line) && left(line) > 0 ? { ...line, fulfilledQuantity: line.fulfilledQuantity + 1 } : line,
    ),
  });
  const owned = one(sides.owned, (line) => line.id === lineId);
  const shipped = one(sides.supply, (line) => line.origin === lineId);
  const supply = withSupplyLines(shipped, shipped.lines);
  return { supply, owned: withSupplies(owned, new Map([[SUPPLY, supply]])) };
}

function never(): never {
  throw new Error('there is a line');
}
