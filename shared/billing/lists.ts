import { FieldPath, type Firestore, type Query } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { type ChargeState, FIXES } from '../domain/billing.ts';
import { AppError } from '../domain/errors.ts';
import type { StoredCharge } from './documents.ts';

export interface ChargeFilter {
  state?: ChargeState | undefined;
  partner?: string | undefined;
  /** `2026-11-25`: on this day or later. */
  from?: string | undefined;
  /** Before this day. */
  to?: string | undefined;
}

type Page = { limit: number; after: [at: string, id: string] | undefined };

/** Charges of one company, the newest first. */
export async function listCharges(
  db: Firestore,
  companyId: string,
  filter: ChargeFilter,
  page: Page,
): Promise<{ id: string; charge: StoredCharge }[]> {
  let query: Query = db.collection(paths.charges(companyId));
  if (filter.partner !== undefined) query = query.where('partnerId', '==', filter.partner);
  if (filter.state !== undefined) query = query.where('state', '==', filter.state);
  if (filter.from !== undefined) query = query.where('createdAt', '>=', filter.from);
  if (filter.to !== undefined) query = query.where('createdAt', '<', filter.to);
  query = query.orderBy('createdAt', 'desc').orderBy(FieldPath.documentId(), 'desc');
  if (page.after !== undefined) query = query.startAfter(...page.after);
  const { docs } = await query.limit(page.limit).get();
  return docs.map((doc) => ({ id: doc.id, charge: doc.data() as StoredCharge }));
}

export async function readCharge(db: Firestore, companyId: string, id: string): Promise<StoredCharge> {
  const charge = (await db.doc(paths.charge(companyId, id)).get()).data() as StoredCharge | undefined;
  if (charge === undefined) throw new AppError('NOT_FOUND');
  return charge;
}

/** A charge as one of its two sides sees it: each by its own orders. Ids of Stripe's are the wholesaler's to see. */
export function chargeView(companyId: string, id: string, charge: StoredCharge) {
  const supplies = charge.supplierId === companyId;
  const idOf = ({ orderId, shownId }: StoredCharge['orders'][number]): string =>
    supplies ? orderId : shownId;
  const shown = new Map(charge.orders.map((order) => [order.orderId, idOf(order)]));
  return {
    id,
    partner: charge.partnerId,
    state: charge.state,
    code: charge.code,
    fix: charge.code === null ? null : FIXES[charge.code],
    nextAttemptAt: charge.nextAttemptAt,
    attempts: charge.attempts,
    day: charge.day,
    currency: charge.currency,
    amount: charge.amount,
    fee: supplies ? charge.fee : null,
    refunded: charge.refunded,
    lost: charge.lost,
    net: charge.state === 'succeeded' ? charge.amount - charge.refunded - charge.lost : 0,
    dispute: charge.dispute,
    orders: charge.orders.map((order) => ({
      id: idOf(order),
      amount: order.amount,
      refunded: order.refunded,
      lost: order.lost,
      lines: order.lines.map(({ lineId, ...line }) => (supplies ? { lineId, ...line } : line)),
    })),
    refunds: charge.refunds.map(({ id: refundId, stripeId, state, amount, parts, createdAt }) => ({
      ...{ id: refundId, state, amount, stripe: supplies ? stripeId : null, createdAt },
      orders: parts.map((part) => ({ id: shown.get(part.orderId) ?? part.orderId, amount: part.amount })),
    })),
    stripe: supplies ? stripeOf(charge) : null,
    createdAt: charge.createdAt,
    updatedAt: charge.updatedAt,
  };
}

function stripeOf({ accountId, customerId, invoiceId, paymentIntentId }: StoredCharge) {
  return { account: accountId, customer: customerId, invoice: invoiceId, paymentIntent: paymentIntentId };
}

/** One row for each order that was paid for. */
export function statementRows(companyId: string, id: string, charge: StoredCharge) {
  return charge.orders.map((order) => ({
    charge: id,
    day: charge.day,
    partner: charge.partnerId,
    order: charge.supplierId === companyId ? order.orderId : order.shownId,
    currency: charge.currency,
    amount: order.amount,
    refunded: order.refunded,
    lost: order.lost,
    net: order.amount - order.refunded - order.lost,
  }));
}
