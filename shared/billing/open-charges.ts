import { createHash, randomInt } from 'node:crypto';
import type { Firestore, QueryDocumentSnapshot } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import { paths } from '../cloud/firestore.ts';
import { keyedId } from '../domain/ids.ts';
import { DUE_SLOTS, type OrderBilling, type StoredOrder } from '../domain/order.ts';
import { timestamp } from '../domain/time.ts';
import { feeOf, isTooLittle, isTooMuch, toStripe } from './amounts.ts';
import {
  type Acting,
  type BillingDeps,
  type ChargedLine,
  type ChargedOrder,
  sidesOf,
  type StoredAccount,
  type StoredCard,
  type StoredCharge,
  writeCharge,
} from './documents.ts';

/** A connection that is billed, with what there is to charge it by. */
export interface Billable {
  partnerId: string;
  supplierId: string;
  retailerId: string;
  account: StoredAccount;
  card: StoredCard;
}

/** One charge holds at most this: an invoice of Stripe's has 250 lines, a document one megabyte. */
const MOST_ORDERS = 100;
const MOST_LINES = 250;

/** What of an order was shipped, kept and not charged yet; the quantities that a charge for it accounts for. */
export function unbilledOf(order: StoredOrder): { lines: ChargedLine[]; taken: OrderBilling['lines'] } {
  const taken: OrderBilling['lines'] = {};
  const lines: ChargedLine[] = [];
  for (const line of order.lines) {
    const before = order.billing?.lines[line.id] ?? { shipped: 0, returned: 0 };
    // More was charged than is known to be shipped where a backup forgot the shipment.
    const shipped = Math.max(0, line.fulfilledQuantity - before.shipped);
    const returned = Math.min(line.returnedQuantity - before.returned, shipped);
    const quantity = shipped - returned;
    taken[line.id] = { shipped: before.shipped + shipped, returned: before.returned + returned };
    if (quantity > 0) {
      lines.push({ lineId: line.id, sku: line.sku, quantity, unitPrice: line.unitPrice, refunded: 0 });
    }
  }
  return { lines, taken };
}

export function sumOf(lines: ChargedLine[]): number {
  return lines.reduce((sum, { quantity, unitPrice }) => sum + quantity * unitPrice, 0);
}

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
    for (let part = 0; ; part += 1) {
      if (!inTime()) return false;
      const id = chargeId(billable.partnerId, mark, day, part);
      const outcome = await openOne(billable, { id, mark, day }, acting, deps);
      if (outcome === 'exists') continue;
      if (outcome !== 'more') break;
    }
  }
  return true;
}

/** `ptn_…/USD` and so on, each once. */
export async function marksOf(
  { supplierId, partnerId }: Pick<Billable, 'supplierId' | 'partnerId'>,
  db: Firestore,
): Promise<string[]> {
  const marks: string[] = [];
  for (let after = `${partnerId}/`; ;) {
    const found = await db
      .collection(paths.orders(supplierId))
      .where('unbilled', '>', after)
      .where('unbilled', '<', `${partnerId}0`)
      .orderBy('unbilled')
      .limit(1)
      .select('unbilled')
      .get();
    const mark = found.docs[0]?.get('unbilled') as string | undefined;
    if (mark === undefined) return marks;
    marks.push(mark);
    after = mark;
  }
}

function chargeId(partnerId: string, mark: string, day: string, part: number): string {
  const name = ['charge', partnerId, mark, day, String(part)].join('\n');
  return keyedId('charge', createHash('sha256').update(name).digest());
}

async function openOne(
  billable: Billable,
  { id, mark, day }: { id: string; mark: string; day: string },
  acting: Acting,
  { db, stripe, now }: BillingDeps,
): Promise<'nothing' | 'exists' | 'last' | 'more'> {
  const { supplierId, retailerId, partnerId, account, card } = billable;
  return db.runTransaction(async (tx) => {
    const ref = db.doc(paths.charge(supplierId, id));
    if ((await tx.get(ref)).exists) return 'exists';
    const query = db.collection(paths.orders(supplierId)).where('unbilled', '==', mark).limit(MOST_ORDERS);
    const { docs } = await tx.get(query);
    if (docs.length === 0) return 'nothing';
    const sides = await sidesOf(tx, db, billable);
    const currency = mark.slice(partnerId.length + 1);
    const { chosen, dropped, skus } = choose(docs, currency);
    const more = docs.length === MOST_ORDERS || dropped;
    const at = timestamp(now);
    const orders = chosen.map(({ charged }) => charged);
    const amount = orders.reduce((sum, order) => sum + order.amount, 0);
    // It waits for more to be shipped. What has no room for more is told as it is.
    if (amount > 0 && isTooLittle(amount, currency) && !more) return 'nothing';
    // Nothing to pay, such as what all came back, needs no Stripe.
    const free = amount === 0;
    const chargeable =
      toStripe(amount, currency) !== undefined &&
      (free || !isTooLittle(amount, currency)) &&
      !isTooMuch(amount, currency);
    const charge: StoredCharge = {
      ...{ partnerId, supplierId, retailerId, accountId: account.accountId, mode: account.mode },
      state: free ? 'succeeded' : chargeable ? 'pending' : 'failed',
      code: chargeable ? null : 'AMOUNT_NOT_CHARGEABLE',
      ...{ day, currency, amount, fee: feeOf(amount, stripe.feeBasisPoints) },
      ...{ refunded: 0, lost: 0, dispute: null, orders, refunds: [] },
      ...{ customerId: card.customerId, invoiceId: null, paymentIntentId: null },
      ...{
        refusedAttempt: null,
        attempts: 0,
        nextAttemptAt: free || !chargeable ? null : at,
        createdAt: at,
        updatedAt: at,
      },
      ...(!free && chargeable && { due: randomInt(DUE_SLOTS) }),
    };
    writeCharge(tx, db, id, charge, sides);
    for (const { ref: order, stored, billing, charged } of chosen) {
      const entry = {
        id,
        amount: charged.amount,
        refunded: 0,
        lost: 0,
        state: charge.state,
        code: charge.code,
      };
      const charges = [...(stored.billing?.charges ?? []), entry];
      const { unbilled: _unbilled, ...rest } = stored;
      tx.set(order, { ...rest, updatedAt: at, billing: { lines: billing, charges } } satisfies StoredOrder);
    }
    const record = { type: 'charge', id } as const;
    const facts = { partnerId, chargeId: id, orders: orders.length, lines: skus };
    for (const companyId of sides) {
      addEntry(
        tx,
        { companyId, ...acting, action: 'charge.opened', record, result: 'done', facts },
        { db, now },
      );
    }
    return more ? 'more' : 'last';
  });
}

interface Chosen {
  ref: QueryDocumentSnapshot['ref'];
  stored: StoredOrder;
  billing: OrderBilling['lines'];
  charged: ChargedOrder;
}

/** As many orders as one invoice can hold the lines of and one payment the amount; at least one, whatever it holds. */
function choose(
  docs: QueryDocumentSnapshot[],
  currency: string,
): { chosen: Chosen[]; dropped: boolean; skus: number } {
  const chosen: Chosen[] = [];
  let skus = 0;
  let sum = 0;
  for (const doc of docs) {
    const stored = doc.data() as StoredOrder;
    const { lines, taken } = unbilledOf(stored);
    const amount = sumOf(lines);
    const full = skus + lines.length > MOST_LINES || isTooMuch(sum + amount, currency);
    if (chosen.length > 0 && full) return { chosen, dropped: true, skus };
    skus += lines.length;
    sum += amount;
    const { orderId: shownId = doc.id } = stored.origin ?? {};
    const charged = { orderId: doc.id, shownId, amount, refunded: 0, lost: 0, lines };
    chosen.push({ ref: doc.ref, stored, billing: taken, charged });
  }
  return { chosen, dropped: false, skus };
}
