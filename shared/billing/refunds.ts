import type { Transaction } from '@google-cloud/firestore';
import { Stripe } from 'stripe';
import { addEntry, type Beside } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { accessLost, fromStripe } from '../cloud/stripe.ts';
import { dueSlot } from '../domain/due.ts';
import { AppError, badFields } from '../domain/errors.ts';
import { randomId } from '../domain/ids.ts';
import { timestamp } from '../domain/time.ts';
import { markDisconnected } from './account.ts';
import { toStripe } from './amounts.ts';
import { changeCharge } from './charge-store.ts';
import {
  type Acting,
  type BillingDeps,
  type ChargedOrder,
  sidesOf,
  type StoredAccount,
  type StoredCharge,
  type StoredRefund,
  writeCharge,
} from './documents.ts';
import { leftOf, type RefundPart, withMoney } from './ledger.ts';

/** Without an order: all that is left of the charge. Without lines or an amount: all that is left of the order. */
export interface RefundInput {
  orderId?: string | undefined;
  lines?: { lineId: string; quantity: number }[] | undefined;
  amount?: number | undefined;
}

const MOST_REFUNDS = 100;

/**
 * Writes a refund to the charge, then asks Stripe for it; `bill` asks again where that failed. NOT_FOUND, CONFLICT for
 * the retailer, for a charge that was not paid, is disputed, or was paid to an account that the hub has lost, QUANTITY_EXCEEDED for more than is left.
 */
export async function refund(
  target: { companyId: string; chargeId: string },
  input: RefundInput,
  acting: Acting,
  deps: BillingDeps,
  beside?: Beside,
): Promise<{ refundId: string; entry: AuditEntry }> {
  const { db, now } = deps;
  const { companyId, chargeId } = target;
  const refundId = randomId('refund');
  const entry = await db.runTransaction(async (tx) => {
    const [snapshot, account] = await tx.getAll(
      db.doc(paths.charge(companyId, chargeId)),
      db.doc(paths.billingAccount(companyId)),
    );
    const charge = snapshot?.data() as StoredCharge | undefined;
    if (charge === undefined) throw new AppError('NOT_FOUND');
    if (charge.supplierId !== companyId) throw new AppError('CONFLICT', 'the wholesaler gives money back');
    if (charge.state !== 'succeeded') throw new AppError('CONFLICT', 'the charge was not paid');
    if (!isWithin(charge, account?.data() as StoredAccount | undefined)) {
      throw new AppError('CONFLICT', 'the account that was paid is disconnected: give it back at Stripe');
    }
    if (charge.dispute === 'open') throw new AppError('CONFLICT', 'the charge is disputed');
    if (charge.refunds.length >= MOST_REFUNDS) throw new AppError('CONFLICT', 'there are too many refunds');
    const parts = partsOf(charge, input);
    const amount = parts.reduce((sum, part) => sum + part.amount, 0);
    if (toStripe(amount, charge.currency) === undefined) {
      throw badFields({
        path: 'amount',
        message: 'not an amount that Stripe can give back in this currency',
      });
    }
    const createdAt = timestamp(now);
    const added: StoredRefund = { id: refundId, stripeId: null, state: 'pending', amount, parts, createdAt };
    const after = { ...charge, refunds: [...charge.refunds, added], updatedAt: createdAt, due: dueSlot() };
    writeCharge(tx, db, chargeId, after, await sidesOf(tx, db, after));
    beside?.(tx, refundId);
    const record = { type: 'charge', id: chargeId } as const;
    const facts = { refundId, orders: parts.length };
    return addEntry(
      tx,
      { companyId, ...acting, action: 'charge.refund_asked', record, result: 'done', facts },
      { db, now },
    );
  });
  await sendRefund(companyId, chargeId, refundId, deps).catch((error: unknown) => {
    // It stands, and is sent again.
    deps.log.chargeFailed(companyId, error);
  });
  return { refundId, entry };
}

/** Whether the hub still reaches the account that a charge was paid to. */
function isWithin({ accountId }: StoredCharge, account: StoredAccount | undefined): boolean {
  return account?.accountId === accountId && account.state !== 'disconnected';
}

/** Asks Stripe for a refund that is written down. Its outcome comes with an event. */
export async function sendRefund(
  supplierId: string,
  chargeId: string,
  refundId: string,
  deps: BillingDeps,
): Promise<void> {
  const snapshot = await deps.db.doc(paths.charge(supplierId, chargeId)).get();
  const charge = snapshot.data() as StoredCharge | undefined;
  const wanted = charge?.refunds.find(({ id }) => id === refundId);
  if (charge === undefined || charge.paymentIntentId === null) return;
  if (wanted?.stripeId !== null || wanted.state !== 'pending') return;
  const options = { stripeAccount: charge.accountId, idempotencyKey: `refund-${refundId}` };
  try {
    const made = await deps.stripe.of(charge.mode).refunds.create(
      {
        payment_intent: charge.paymentIntentId,
        amount: toStripe(wanted.amount, charge.currency) ?? 0,
        ...(charge.fee > 0 && { refund_application_fee: true }),
        metadata: { refund: refundId, charge: chargeId },
      },
      options,
    );
    await changeRefund(supplierId, chargeId, refundId, { stripeId: made.id }, deps);
  } catch (error) {
    const lost = accessLost(error);
    if (lost) await markDisconnected(deps, supplierId, charge.accountId);
    else if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) throw fromStripe(error);
    // Stripe says no, such as for money that went back already, or on an account that is not ours to use: no repeat helps.
    await changeRefund(supplierId, chargeId, refundId, { state: 'failed' }, deps);
  }
}

async function changeRefund(
  supplierId: string,
  chargeId: string,
  refundId: string,
  change: Partial<StoredRefund>,
  deps: BillingDeps,
): Promise<void> {
  await changeCharge(
    supplierId,
    chargeId,
    (charge) => {
      const refunds = charge.refunds.map((each) =>
        each.id === refundId && each.stripeId === null ? { ...each, ...change } : each,
      );
      const waits = refunds.some(({ state, stripeId }) => state === 'pending' && stripeId === null);
      const { due, ...rest } = charge;
      return { ...rest, refunds, ...(waits && due !== undefined && { due }) };
    },
    deps,
    (tx, _before, after, sides) => {
      const refund = after.refunds.find(({ id }) => id === refundId);
      if (refund?.state === 'failed') addRefused(tx, chargeId, refundId, after.partnerId, sides, deps);
    },
  );
}

/** Nothing is given back after all: both sides read so. */
function addRefused(
  tx: Transaction,
  chargeId: string,
  refundId: string,
  partnerId: string,
  sides: string[],
  { db, now }: Pick<BillingDeps, 'db' | 'now'>,
): void {
  const acting: Acting = { actor: { type: 'system', id: null }, requestId: randomId('request') };
  const record = { type: 'charge', id: chargeId } as const;
  const about = { ...acting, action: 'charge.refunded', record, result: 'refused' } as const;
  for (const companyId of sides) {
    addEntry(tx, { companyId, ...about, facts: { partnerId, refundId } }, { db, now });
  }
}

function partsOf(charge: StoredCharge, { orderId, lines, amount }: RefundInput): RefundPart[] {
  // What is asked for already counts as given.
  const promised = charge.refunds.map((each) =>
    each.state === 'pending' ? { ...each, state: 'succeeded' as const } : each,
  );
  const lostOf = new Map(charge.orders.map(({ orderId: id, lost }) => [id, lost]));
  const orders = withMoney(charge, promised, undefined).orders.map((order) => ({
    ...order,
    lost: lostOf.get(order.orderId) ?? 0,
  }));
  if (orderId === undefined) {
    if (lines !== undefined || amount !== undefined)
      throw badFields({ path: 'orderId', message: 'is required' });
    const parts = orders.filter((order) => leftOf(order) > 0).map(wholeOf);
    if (parts.length === 0) throw new AppError('QUANTITY_EXCEEDED', 'nothing is left of the charge');
    return parts;
  }
  const order = orders.find((each) => each.orderId === orderId);
  if (order === undefined) throw badFields({ path: 'orderId', message: 'not an order of this charge' });
  const left = leftOf(order);
  const part = lines === undefined ? { ...wholeOf(order), amount: amount ?? left } : ofLines(order, lines);
  if (lines === undefined && amount !== undefined) part.lines = [];
  if (part.amount < 1 || part.amount > left) {
    const path = lines === undefined ? 'amount' : 'lines';
    const fields = [{ path, message: 'more than what is left of the order' }];
    throw new AppError('QUANTITY_EXCEEDED', undefined, { fields });
  }
  return [part];
}

function wholeOf(order: ChargedOrder): RefundPart {
  const lines = order.lines
    .map(({ lineId, quantity, refunded }) => ({ lineId, quantity: quantity - refunded }))
    .filter(({ quantity }) => quantity > 0);
  return { orderId: order.orderId, amount: leftOf(order), lines };
}

function ofLines(order: ChargedOrder, asked: { lineId: string; quantity: number }[]): RefundPart {
  const sums = new Map<string, number>();
  asked.forEach(({ lineId, quantity }, place) => {
    const line = order.lines.find((each) => each.lineId === lineId);
    if (line === undefined)
      throw badFields({ path: `lines.${place}.lineId`, message: 'not a line of this charge' });
    const sum = (sums.get(lineId) ?? 0) + quantity;
    sums.set(lineId, sum);
    const most = line.quantity - line.refunded;
    if (sum <= most) return;
    const fields = [{ path: `lines.${place}.quantity`, message: `more than the ${most} that are left` }];
    throw new AppError('QUANTITY_EXCEEDED', undefined, { fields });
  });
  const lines = [...sums].map(([lineId, quantity]) => ({ lineId, quantity }));
  const priceOf = (lineId: string) => order.lines.find((each) => each.lineId === lineId)?.unitPrice ?? 0;
  const amount = lines.reduce((sum, { lineId, quantity }) => sum + quantity * priceOf(lineId), 0);
  return { orderId: order.orderId, amount, lines };
}
