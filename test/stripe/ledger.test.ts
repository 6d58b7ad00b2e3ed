import { parse } from 'csv-parse/sync';
import currencies from 'currency-codes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { feeOf, fromStripeAmount, toStripe } from '../../shared/billing/amounts.ts';
import type { ChargedOrder, StoredCharge, StoredRefund } from '../../shared/billing/documents.ts';
import { linesOf } from '../../shared/billing/invoice-lines.ts';
import { leftOf, spread, withMoney } from '../../shared/billing/ledger.ts';
import { statementRows } from '../../shared/billing/lists.ts';
import { sumOf, unbilledOf, withPaidBack } from '../../shared/billing/unbilled.ts';
import type { StoredOrder } from '../../shared/domain/order.ts';
import { isCurrency } from '../../shared/domain/money.ts';
import { csvOf } from '../../shared/http/billing/csv.ts';

const line = fc.record({
  ...{ lineId: fc.uuid(), sku: fc.constantFrom('A', 'B', 'C'), quantity: fc.integer({ min: 1, max: 50 }) },
  ...{ unitPrice: fc.integer({ min: 0, max: 9_999_999 }), refunded: fc.constant(0) },
});
const order = fc.array(line, { minLength: 1, maxLength: 8 }).map((lines): ChargedOrder => ({
  ...{ orderId: `ord_${lines[0]?.lineId}`, shownId: `shown_${lines[0]?.lineId}` },
  ...{ amount: sumOf(lines), refunded: 0, lost: 0, lines },
}));
const chargeOf = (orders: ChargedOrder[], currency = 'USD'): StoredCharge => ({
  ...{ partnerId: 'ptn_1', supplierId: 'cmp_s', retailerId: 'cmp_r', accountId: 'acct_1', mode: 'test' },
  ...{ state: 'succeeded', code: null, day: '2030-01-01', currency, fee: 0, refunded: 0, lost: 0 },
  ...{ amount: orders.reduce((sum, { amount }) => sum + amount, 0), dispute: null, orders, refunds: [] },
  ...{ customerId: null, invoiceId: null, paymentIntentId: null, refusedAttempt: null, attempts: 1 },
  ...{ nextAttemptAt: null, createdAt: '2030-01-01T00:00:00Z', updatedAt: '2030-01-01T00:00:00Z' },
});
const charge = fc.array(order, { minLength: 1, maxLength: 6 }).map((orders) => chargeOf(orders));
/** Parts of what is left, each given back, or asked for and refused; and what a bank took in the end. */
const backs = fc.array(
  fc.record({ share: fc.double({ min: 0, max: 1, noNaN: true }), fails: fc.boolean() }),
  {
    maxLength: 6,
  },
);

function after(
  before: StoredCharge,
  given: { share: number; fails: boolean }[],
  lost: boolean,
): StoredCharge {
  let refunds: StoredRefund[] = [];
  for (const { share, fails } of given) {
    const { orders } = withMoney(before, refunds, undefined);
    const amount = Math.floor(share * orders.reduce((sum, each) => sum + leftOf(each), 0));
    const state = fails ? 'failed' : 'succeeded';
    const parts = spread(orders, amount);
    refunds = [...refunds, { id: 'rfd', stripeId: 're', state, amount, parts, createdAt: '' }];
  }
  const left = withMoney(before, refunds, undefined);
  return withMoney(
    before,
    refunds,
    lost ? { state: 'lost', amount: left.amount - left.refunded } : undefined,
  );
}

describe('a statement', () => {
  it('is equal to the sum of its orders to the last minor unit, on both sides and as CSV', () => {
    fc.assert(
      fc.property(charge, backs, fc.boolean(), (before, given, lost) => {
        const now = after(before, given, lost);
        const sum = (rows: Record<string, unknown>[], of: string): number =>
          rows.reduce((total, row) => total + Number(row[of]), 0);
        for (const companyId of ['cmp_s', 'cmp_r']) {
          const rows = statementRows(companyId, 'chg_1', now);
          const read = parse<Record<string, string>>(csvOf(rows), { columns: true });
          expect(read.map((row) => row['order'])).toEqual(rows.map((row) => row.order));
          for (const some of [rows, read]) {
            expect(sum(some, 'amount')).toBe(now.amount);
            expect(sum(some, 'refunded')).toBe(now.refunded);
            expect(sum(some, 'lost')).toBe(now.lost);
            expect(sum(some, 'net')).toBe(now.amount - now.refunded - now.lost);
          }
          expect(rows.every(({ net, refunded, lost: gone }) => net >= 0 && refunded >= 0 && gone >= 0)).toBe(
            true,
          );
        }
        expect(now.orders.map(({ amount, lines }) => amount - sumOf(lines))).toEqual(now.orders.map(() => 0));
        const succeeded = now.refunds.filter(({ state }) => state === 'succeeded');
        expect(now.refunded).toBe(succeeded.reduce((total, { amount }) => total + amount, 0));
        if (lost) expect(now.refunded + now.lost).toBe(now.amount);
      }),
    );
  });
});

describe('charges of an order', () => {
  it('come to what was shipped and did not come back before, whenever they are made', () => {
    const step = fc.record({
      ...{
        ships: fc.integer({ min: 0, max: 9 }),
        returns: fc.integer({ min: 0, max: 9 }),
        claims: fc.integer({ min: 0, max: 9 }),
        bills: fc.boolean(),
      },
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 12 }),
        fc.integer({ min: 0, max: 5000 }),
        (steps, unitPrice) => {
          let [shipped, returned, claimed, charged] = [0, 0, 0, 0];
          let billing: StoredOrder['billing'];
          const bill = (): void => {
            const now = {
              id: 'ln_1',
              sku: 'A',
              unitPrice,
              fulfilledQuantity: shipped,
              returnedQuantity: returned + claimed,
              unconfirmedReturnQuantity: claimed,
            };
            const { lines, taken } = unbilledOf({ lines: [now], billing } as unknown as StoredOrder);
            charged += sumOf(lines);
            billing = { lines: taken, charges: [] };
          };
          let backBefore = 0;
          for (const { ships, returns, claims, bills } of steps) {
            shipped += ships;
            returned += Math.min(returns, shipped - returned - claimed);
            claimed += Math.min(claims, shipped - returned - claimed);
            if (!bills) continue;
            bill();
            // Charged at most for what was shipped, and never for less than what was kept.
            expect(charged).toBeLessThanOrEqual(shipped * unitPrice);
            expect(charged).toBeGreaterThanOrEqual((shipped - returned) * unitPrice);
            backBefore = billing?.lines['ln_1']?.returned ?? 0;
            expect(charged).toBe((shipped - backBefore) * unitPrice);
          }
          bill();
          bill();
          expect(charged).toBe((shipped - (billing?.lines['ln_1']?.returned ?? 0)) * unitPrice);
        },
      ),
    );
  });
});

describe('a piece of an order that came back', () => {
  const charged = { ...{ lineId: 'ln_1', sku: 'A', quantity: 5, unitPrice: 100 }, refunded: 0 };
  const paidBack = (refunded: number) => [{ ...charged, refunded }];
  const next = (fulfilledQuantity: number, returnedQuantity: number, counted: Counted): number => {
    const now = { id: 'ln_1', sku: 'A', unitPrice: 100, fulfilledQuantity, returnedQuantity };
    const order = { lines: [now], billing: { lines: counted, charges: [] } } as unknown as StoredOrder;
    return sumOf(unbilledOf(order).lines);
  };
  type Counted = Parameters<typeof withPaidBack>[0];
  const five: Counted = { ln_1: { shipped: 5, returned: 0 } };

  it('is given back once, whether it is refunded before or after it is told', () => {
    const refunded = withPaidBack(five, paidBack(0), paidBack(2));
    expect(next(7, 2, refunded)).toBe(200);
    expect(next(7, 3, refunded)).toBe(100);
    expect(next(7, 2, five)).toBe(0);
  });

  it('takes something off what ships next where its refund failed after all', () => {
    const failed = withPaidBack(withPaidBack(five, paidBack(0), paidBack(2)), paidBack(2), paidBack(0));
    expect(next(7, 2, failed)).toBe(0);
  });
});

describe('an amount', () => {
  const codes = currencies.codes().filter(isCurrency);

  it('is the same at Stripe and here in every currency, or is not charged', () => {
    fc.assert(
      fc.property(fc.constantFrom(...codes), fc.integer({ min: 0, max: 99_999_999 }), (currency, amount) => {
        const theirs = toStripe(amount, currency);
        if (theirs !== undefined) expect(fromStripeAmount(theirs, currency)).toBe(amount);
      }),
    );
  });

  it('is what the lines of its invoice come to', () => {
    const currency = fc.constantFrom('USD', 'JPY', 'KWD', 'MGA', 'UGX', 'ISK');
    fc.assert(
      fc.property(fc.array(order, { minLength: 1, maxLength: 60 }), currency, (orders, code) => {
        const billed = chargeOf(orders, code);
        const whole = toStripe(billed.amount, code);
        if (whole === undefined) return;
        const lines = linesOf(billed);
        const sum = lines.reduce(
          (total, { amount, quantity, price_data }) =>
            total + (amount ?? (quantity ?? 0) * (price_data?.unit_amount ?? 0)),
          0,
        );
        expect(sum).toBe(whole);
        expect(lines.length).toBeLessThanOrEqual(250);
      }),
    );
  });

  it('leaves the hub its share, rounded down to what Stripe takes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 99_999_999 }),
        fc.integer({ min: 0, max: 5000 }),
        fc.constantFrom(
          ...([
            ['USD', 1],
            ['JPY', 1],
            ['ISK', 1],
            ['KWD', 10],
            ['MGA', 100],
          ] as const),
        ),
        (amount, points, [currency, step]) => {
          const fee = feeOf(amount, points, currency);
          expect(fee * 10_000).toBeLessThanOrEqual(amount * points);
          expect((fee + step) * 10_000).toBeGreaterThan(amount * points);
          expect(toStripe(fee, currency)).toBeDefined();
        },
      ),
    );
  });
});
