import { createHash } from 'node:crypto';
import { FieldValue, type Firestore, type Transaction } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import { paths } from '../cloud/firestore.ts';
import { dueSlot } from '../domain/due.ts';
import { keyedId } from '../domain/ids.ts';
import type { OrderBilling } from '../domain/order.ts';
import { timestamp } from '../domain/time.ts';
import { feeOf, isTooLittle, isTooMuch, toStripe } from './amounts.ts';
import { stateAtOrders } from './charge-store.ts';
import {
  type Acting,
  type BillingDeps,
  sidesOf,
  type StoredAccount,
  type StoredCard,
  type StoredCharge,
  writeCharge,
} from './documents.ts';
import { type Chosen, currencyOf, type Group, groupOf, marksOf, UnbilledIds } from './unbilled.ts';

/** A connection that is billed, with what there is to charge it by. */
export interface Billable {
  partnerId: string;
  supplierId: string;
  retailerId: string;
  account: StoredAccount;
  card: StoredCard;
}

/** Ids that are looked for at once, at most. */
const MOST_LOOKED_FOR = 64;

/**
 * Writes a `pending` charge with the orders it is for, in one transaction, page by page until the connection has none
 * left. A day has one charge for a connection and currency, and further ones only for what does not fit. The id comes
 * from what it is for: a run that is repeated finds what it wrote. False when the time was over first.
 */
export async function openCharges(
  billable: Billable,
  day: string,
  inTime: () => boolean,
  acting: Acting,
  deps: BillingDeps,
): Promise<boolean> {
  for (const mark of await marksOf(billable, deps.db)) {
    const idOf = (part: number): string => chargeId(billable.partnerId, mark, day, part);
    const unbilled = new UnbilledIds(deps.db, billable.supplierId, mark);
    let part = await firstFree(billable.supplierId, idOf, deps.db);
    for (let orders = await unbilled.next(); orders.length > 0; orders = await unbilled.next()) {
      if (!inTime()) return false;
      const opened = await openOne(billable, { id: idOf(part), mark, day, orders }, acting, deps);
      if (opened === 'waits') break;
      if (opened !== 'exists') {
        unbilled.pass(opened.passed);
        deps.onCharge?.(billable.supplierId, idOf(part));
      }
      part += 1;
    }
  }
  return true;
}

function chargeId(partnerId: string, mark: string, day: string, part: number): string {
  const name = ['charge', partnerId, mark, day, String(part)].join('\n');
  return keyedId('charge', createHash('sha256').update(name).digest());
}

/** The first part of the day that no earlier run wrote: one read where there was none, a few for a thousand. */
async function firstFree(supplierId: string, idOf: (part: number) => string, db: Firestore): Promise<number> {
  for (let from = 0; ;) {
    const length = Math.min(from + 1, MOST_LOOKED_FOR);
    const refs = Array.from({ length }, (_, at) => db.doc(paths.charge(supplierId, idOf(from + at))));
    const found = await db.getAll(...refs, { fieldMask: ['day'] });
    const free = found.findIndex(({ exists }) => !exists);
    if (free >= 0) return from + free;
    from += length;
  }
}

/**
 * Writes one charge for the first of these orders, with them and its entries. `exists`: another run has written one of
 * this id. `waits`: it is too little by itself. Else how many of the orders are done with.
 */
async function openOne(
  billable: Billable,
  { id, mark, day, orders }: { id: string; mark: string; day: string; orders: string[] },
  acting: Acting,
  deps: BillingDeps,
): Promise<'exists' | 'waits' | { passed: number }> {
  const { db, now } = deps;
  const { supplierId, partnerId } = billable;
  return db.runTransaction(async (tx) => {
    const refs = orders.map((orderId) => db.doc(paths.order(supplierId, orderId)));
    const [before, ...docs] = await tx.getAll(db.doc(paths.charge(supplierId, id)), ...refs);
    if (before?.exists) return 'exists';
    const group = groupOf(docs, mark);
    const { chosen, passed, skus } = group;
    if (chosen.length === 0) return { passed };
    const sides = await sidesOf(tx, db, billable);
    const charge = chargeFor(billable, group, { day, currency: currencyOf(mark) }, deps);
    if (charge === undefined) return 'waits';
    writeCharge(tx, db, id, charge, sides);
    for (const each of chosen) writeBilled(tx, id, each, charge);
    const record = { type: 'charge', id } as const;
    const facts = { partnerId, chargeId: id, orders: chosen.length, lines: skus };
    const opened = { ...acting, action: 'charge.opened', record, result: 'done', facts } as const;
    for (const companyId of sides) addEntry(tx, { companyId, ...opened }, { db, now });
    return { passed };
  });
}

function writeBilled(
  tx: Transaction,
  id: string,
  { snapshot, stored, billing, charged: { amount } }: Chosen,
  { state, code, createdAt }: StoredCharge,
): void {
  const entry = { id, amount, refunded: 0, lost: 0, state: stateAtOrders({ state, dispute: null }), code };
  const charges = [...(stored.billing?.charges ?? []), entry];
  const billed: OrderBilling = { lines: billing, charges };
  tx.update(snapshot.ref, { updatedAt: createdAt, billing: billed, unbilled: FieldValue.delete() });
}

/** Undefined for what is too little by itself and waits for more to be shipped. What has no room for more is told as it is. */
function chargeFor(
  { partnerId, supplierId, retailerId, account, card }: Billable,
  { chosen, full }: Group,
  { day, currency }: { day: string; currency: string },
  { stripe, now }: BillingDeps,
): StoredCharge | undefined {
  const at = timestamp(now);
  const orders = chosen.map(({ charged }) => charged);
  const amount = orders.reduce((sum, order) => sum + order.amount, 0);
  // Nothing to pay, such as what all came back, needs no Stripe.
  const free = amount === 0;
  if (!free && isTooLittle(amount, currency) && !full) return undefined;
  const chargeable =
    toStripe(amount, currency) !== undefined &&
    (free || !isTooLittle(amount, currency)) &&
    !isTooMuch(amount, currency);
  const due = !free && chargeable;
  return {
    ...{ partnerId, supplierId, retailerId, accountId: account.accountId, mode: account.mode },
    state: free ? 'succeeded' : chargeable ? 'pending' : 'failed',
    code: chargeable ? null : 'AMOUNT_NOT_CHARGEABLE',
    ...{ day, currency, amount, fee: feeOf(amount, stripe.feeBasisPoints, currency) },
    ...{ refunded: 0, lost: 0, dispute: null, orders, refunds: [] },
    ...{ customerId: card.customerId, invoiceId: null, paymentIntentId: null },
    ...{ refusedAttempt: null, attempts: 0, nextAttemptAt: due ? at : null },
    ...{ createdAt: at, updatedAt: at },
    ...(due && { due: dueSlot() }),
  };
}
