import { describe, expect, it } from 'vitest';
import type { AppError } from '../../shared/domain/errors.ts';
import { canArchive, left, stateOf } from '../../shared/orders/progress.ts';
import { allOf, chosen } from '../../shared/orders/quantities.ts';
import { event, said, stored } from './order-fixture.ts';

const { lines } = stored(event(0, { a: said(3, 1), b: said(2, 0, 2) }));

function refusal(act: () => unknown): Pick<AppError, 'code' | 'fields'> {
  try {
    act();
  } catch (error) {
    const { code, fields } = error as AppError;
    return { code, fields };
  }
  throw new Error('nothing was refused');
}

describe('quantities that a request names', () => {
  it('are added up by line', () => {
    const asked = [
      { lineId: 'ln_a', quantity: 1 },
      { lineId: 'ln_a', quantity: 1 },
    ];
    expect(chosen(lines, asked, left)).toEqual(new Map([['ln_a', 2]]));
  });

  it('are refused as a whole where a line has less left, and the place is named', () => {
    const asked = [
      { lineId: 'ln_a', quantity: 2 },
      { lineId: 'ln_b', quantity: 1 },
      { lineId: 'ln_a', quantity: 1 },
    ];
    expect(refusal(() => chosen(lines, asked, left))).toEqual({
      code: 'QUANTITY_EXCEEDED',
      fields: [
        { path: 'lines.1.quantity', message: 'more than the 0 that are left' },
        { path: 'lines.2.quantity', message: 'more than the 2 that are left' },
      ],
    });
  });

  it('are refused for a line of another order before anything is said of quantities', () => {
    const asked = [
      { lineId: 'ln_a', quantity: 99 },
      { lineId: 'ln_x', quantity: 1 },
    ];
    expect(refusal(() => chosen(lines, asked, left))).toEqual({
      code: 'BAD_REQUEST',
      fields: [{ path: 'lines.1.lineId', message: 'no line of this order' }],
    });
  });

  it('are all there is when none is named, and refused when that is nothing', () => {
    expect(allOf(lines, left)).toEqual(new Map([['ln_a', 2]]));
    expect(refusal(() => allOf(lines, () => 0)).code).toBe('QUANTITY_EXCEEDED');
  });
});

describe('the state of an order', () => {
  it.each([
    ['received', { a: said(1) }, false],
    ['routed', { a: said(1) }, true],
    ['part_fulfilled', { a: said(2, 0, 1) }, true],
    ['part_fulfilled', { a: said(1, 0, 1), b: said(1) }, false],
    ['fulfilled', { a: said(2, 1, 1) }, true],
    ['fulfilled', { a: said(1, 0, 1), b: said(1, 1) }, false],
    ['cancelled', { a: said(2, 2) }, true],
  ])('is %s', (state, of, asked) => {
    expect(stateOf(stored(event(0, of)).lines, asked)).toBe(state);
  });

  it('allows archiving when nothing is left on either side', () => {
    const order = stored(event(0, { a: said(1, 1) }));
    const supplyOrder = { id: 'ord_s', companyId: 'cmp_s', partner: 'ptn_s' };
    expect(canArchive(order)).toBe(true);
    expect(canArchive({ ...order, supplyOrders: [{ ...supplyOrder, state: 'fulfilled' }] })).toBe(true);
    expect(canArchive({ ...order, supplyOrders: [{ ...supplyOrder, state: 'routed' }] })).toBe(false);
    expect(canArchive(stored(event(0, { a: said(1) })))).toBe(false);
  });
});
