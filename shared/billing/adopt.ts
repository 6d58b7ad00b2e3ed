import type { DocumentSnapshot, Transaction } from '@google-cloud/firestore';
import type { Stripe } from 'stripe';
import { paths } from '../cloud/firestore.ts';
import { dueSlot } from '../domain/due.ts';
import { isId } from '../domain/ids.ts';
import type { OrderBilling, StoredOrder } from '../domain/order.ts';
import { timestamp } from '../domain/time.ts';
import { fromStripeAmount } from './amounts.ts';
import { stateAtOrders } from './charge-store.ts';
import { fromMetadata, type PaidOrder, tailOf } from './charged-orders.ts';
import {
  type Acting,
  type BillingDeps,
  type ChargedOrder,
  sidesOf,
  type StoredCharge,
  writeCharge,
} from './documents.ts';
import { settleIntent, type Where } from './settle.ts';
import { unbilledOf } from './unbilled.ts';

const HOUR = 60 * 60 * 1000;

/**
 * After a restore: takes over every payment of ours that an account has had since the backup and that no charge here knows,
 * with its charge, so that what it paid for is not charged again. An order that the hub does not have again yet is taken over
 * by a later call. False when a payment does not say what it was for: then a person has to look before anything is charged.
 */
export async function adoptPayments(
  where: Where,
  /** When the backup was, RFC 3339. */
  since: string,
  acting: Acting,
  deps: BillingDeps,
): Promise<boolean> {
  const gte = Math.floor((Date.parse(since) - HOUR) / 1000);
  const list = deps.stripe
    .of(where.mode)
    .paymentIntents.list({ created: { gte }, limit: 100 }, { stripeAccount: where.accountId });
  let whole = true;
  for await (const intent of list) {
    const id = intent.metadata['charge'] ?? '';
    const paid = intent.status === 'succeeded' || intent.status === 'processing';
    if (!paid || !isId('charge', id)) continue;
    const outcome = await adopt(where, id, intent, deps);
    if (outcome === 'adopted') await settleIntent(where, intent.id, acting, deps);
    whole &&= outcome !== 'unclear';
  }
  if (!whole) deps.log.stripeDifference(where.companyId, 'NOT_OURS_AND_PAID');
  return whole;
}

async function adopt(
  where: Where,
  id: string,
  intent: Stripe.PaymentIntent,
  { db, now }: BillingDeps,
): Promise<'known' | 'adopted' | 'unclear'> {
  const supplierId = where.companyId;
  const partnerId = intent.metadata['partner'] ?? '';
  return db.runTransaction(async (tx) => {
    const known = (await tx.get(db.doc(paths.charge(supplierId, id)))).data() as StoredCharge | undefined;
    // One that the backup has goes on as ever; of an adopted one, orders may be missing.
    if (known !== undefined && !lacksOrders(known, intent.id)) return 'known';
    const said = fromMetadata(intent.metadata);
    if (said === undefined || !isId('partner', partnerId)) return 'unclear';
    const partner = await tx.get(db.doc(paths.partner(supplierId, partnerId)));
    // What was charged over a connection that is not here can not be charged here again.
    if (!partner.exists) return 'known';
    const orders = await tx.getAll(...said.map(({ orderId }) => db.doc(paths.order(supplierId, orderId))));
    const retailerId = String(partner.get('companyId'));
    const sides = await sidesOf(tx, db, { supplierId, retailerId, partnerId });
    const charge = known ?? madeOf(where, { partnerId, retailerId }, intent, now);
    const before = new Map(charge.orders.map((order) => [order.orderId, order]));
    const taken = said.map((each, at) => chargedOrder(each, before.get(each.orderId), orders[at]));
    writeCharge(tx, db, id, { ...charge, orders: taken, updatedAt: timestamp(now) }, sides);
    for (const [at, order] of orders.entries()) {
      const each = taken[at];
      if (each !== undefined && each.lines.length > 0) takeOver(tx, order, id, charge.state, each);
    }
    return 'adopted';
  });
}

/** What an adopted charge has no lines of is an order that was not here. */
function lacksOrders({ paymentIntentId, orders }: StoredCharge, intentId: string): boolean {
  return paymentIntentId === intentId && orders.some(({ amount, lines }) => amount > 0 && lines.length === 0);
}

function madeOf(
  { companyId, accountId, mode }: Where,
  { partnerId, retailerId }: { partnerId: string; retailerId: string },
  intent: Stripe.PaymentIntent,
  now: () => number,
): StoredCharge {
  const currency = intent.currency.toUpperCase();
  const createdAt = new Date(intent.created * 1000).toISOString();
  return {
    ...{ partnerId, supplierId: companyId, retailerId, accountId, mode },
    ...{ state: 'processing', code: null, day: createdAt.slice(0, 10), currency },
    amount: fromStripeAmount(intent.amount, currency),
    fee: fromStripeAmount(intent.application_fee_amount ?? 0, currency),
    ...{ refunded: 0, lost: 0, dispute: null, orders: [], refunds: [] },
    customerId: typeof intent.customer === 'string' ? intent.customer : (intent.customer?.id ?? null),
    ...{
      invoiceId: null,
      paymentIntentId: intent.id,
      refusedAttempt: null,
      attempts: 1,
      nextAttemptAt: null,
    },
    ...{ createdAt, updatedAt: timestamp(now), due: dueSlot() },
  };
}

function chargedOrder(
  { orderId, shownId, amount, quantities }: PaidOrder,
  before: ChargedOrder | undefined,
  found: DocumentSnapshot | undefined,
): ChargedOrder {
  const none: ChargedOrder = { orderId, shownId, amount, refunded: 0, lost: 0, lines: [] };
  const order = found?.data() as StoredOrder | undefined;
  if (order === undefined || (before?.lines.length ?? 0) > 0) return before ?? none;
  const lines = order.lines.flatMap(({ id: lineId, sku, unitPrice }) => {
    const quantity = quantities.get(tailOf(lineId)) ?? 0;
    return quantity === 0 ? [] : [{ lineId, sku, quantity, unitPrice, refunded: 0 }];
  });
  return { ...(before ?? none), lines };
}

/** The order says what of it is on the charge, once; with nothing left to charge it loses its mark. */
function takeOver(
  tx: Transaction,
  found: DocumentSnapshot,
  id: string,
  state: StoredCharge['state'],
  { amount, refunded, lost, lines }: ChargedOrder,
): void {
  const order = found.data() as StoredOrder;
  const billing: OrderBilling = order.billing ?? { lines: {}, charges: [] };
  if (billing.charges.some((entry) => entry.id === id)) return;
  const counted = { ...billing.lines };
  for (const { lineId, quantity } of lines) {
    const { shipped, returned } = counted[lineId] ?? { shipped: 0, returned: 0 };
    counted[lineId] = { shipped: shipped + quantity, returned };
  }
  const entry = { id, amount, refunded, lost, state: stateAtOrders({ state, dispute: null }), code: null };
  const charges = [...billing.charges, entry];
  const { unbilled, ...rest } = order;
  const after: StoredOrder = { ...rest, billing: { lines: counted, charges } };
  const left = unbilledOf(after).lines.length > 0 && unbilled !== undefined;
  tx.set(found.ref, left ? { ...after, unbilled } : after);
}
