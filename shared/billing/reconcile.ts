import { FieldPath } from '@google-cloud/firestore';
import type { Stripe } from 'stripe';
import { paths } from '../cloud/firestore.ts';
import { pagesOf } from '../cloud/pages.ts';
import { accessLost, isGone } from '../cloud/stripe.ts';
import { STRIPE_EVENTS, StripeEventMessage } from '../domain/billing.ts';
import { isId } from '../domain/ids.ts';
import { markDisconnected } from './account.ts';
import { fromStripeAmount } from './amounts.ts';
import type { Acting, BillingDeps, StoredCharge } from './documents.ts';
import { settle, settleIntent, type Where } from './settle.ts';

const DAY = 24 * 60 * 60 * 1000;
/** Stripe keeps events for thirty days. Two are looked at, so that a day that failed is made up for by the next. */
const WINDOW = 2 * DAY;
/** What happened just now is on its way, and not missed. */
const PATIENCE = 15 * 60 * 1000;

/**
 * Compares every account's events and payments with what was heard of, account by account, in the order of their ids.
 * Yields each account that was compared, for the next run to go on after.
 */
export async function* reconcile(
  after: string,
  acting: Acting,
  deps: BillingDeps,
): AsyncGenerator<string, void, undefined> {
  const all = deps.db.collection(paths.stripeAccounts).orderBy(FieldPath.documentId());
  for await (const docs of pagesOf(after === '' ? all : all.startAfter(after))) {
    for (const doc of docs) {
      await compare({ ...(doc.data() as Omit<Where, 'accountId'>), accountId: doc.id }, acting, deps);
      yield doc.id;
    }
  }
}

async function compare(where: Where, acting: Acting, deps: BillingDeps): Promise<void> {
  const { companyId, accountId } = where;
  try {
    const missed = await applyMissed(where, acting, deps);
    const healed = await comparePayments(where, acting, deps);
    if (missed + healed > 0) deps.log.stripeHealed(companyId, missed + healed);
  } catch (error) {
    if (accessLost(error)) await markDisconnected(deps, companyId, accountId);
    else deps.log.chargeFailed(companyId, error);
  }
}

/** Events that no endpoint of ours ever took. What they name is asked for, so that their order does not matter. */
async function applyMissed({ accountId, mode }: Where, acting: Acting, deps: BillingDeps): Promise<number> {
  const { db, stripe, now } = deps;
  const { gte, lte } = windowAt(now());
  const list = stripe
    .of(mode)
    .events.list(
      { types: [...STRIPE_EVENTS], created: { gte, lte }, limit: 100 },
      { stripeAccount: accountId },
    );
  let missed = 0;
  for await (const { id: eventId, type, created, data } of list) {
    const objectId = (data.object as { id?: string }).id;
    const event = StripeEventMessage.safeParse({ eventId, type, account: accountId, objectId, created });
    if (!event.success || (await db.doc(paths.receipt(eventId)).get()).exists) continue;
    await settle(event.data, acting, deps);
    missed += 1;
  }
  return missed;
}

/** Payments of ours at Stripe against our charges, then charges of ours that Stripe's list did not have. */
async function comparePayments(where: Where, acting: Acting, deps: BillingDeps): Promise<number> {
  const { db, stripe, now } = deps;
  const { gte, lte } = windowAt(now());
  const list = stripe
    .of(where.mode)
    .paymentIntents.list(
      { created: { gte, lte }, limit: 100, expand: ['data.latest_charge'] },
      { stripeAccount: where.accountId },
    );
  const listed = new Set<string>();
  let healed = 0;
  for await (const intent of list) {
    const id = intent.metadata['charge'] ?? '';
    if (!isId('charge', id)) continue;
    listed.add(intent.id);
    const charge = (await db.doc(paths.charge(where.companyId, id)).get()).data() as StoredCharge | undefined;
    if (charge?.paymentIntentId === intent.id) healed += await heal(where, id, intent, acting, deps);
    else healed += await endStray(where, intent, charge, deps);
  }
  for await (const { id, charge } of chargesWithin(where, gte, lte, deps)) {
    if (charge.paymentIntentId === null || listed.has(charge.paymentIntentId)) continue;
    healed += await lookUp(where, id, charge.paymentIntentId, acting, deps);
  }
  return healed;
}

/** Where both agree, nothing. A difference that settling does not heal is for a person to see. */
async function heal(
  where: Where,
  id: string,
  intent: Stripe.PaymentIntent,
  acting: Acting,
  deps: BillingDeps,
): Promise<number> {
  const ref = deps.db.doc(paths.charge(where.companyId, id));
  if (difference((await ref.get()).data() as StoredCharge, intent) === undefined) return 0;
  await settleIntent(where, intent.id, acting, deps);
  const left = difference((await ref.get()).data() as StoredCharge, intent);
  if (left === undefined) return 1;
  deps.log.stripeDifference(where.companyId, left);
  return 0;
}

function difference(charge: StoredCharge, intent: Stripe.PaymentIntent): string | undefined {
  const ours = (amount: number): number => fromStripeAmount(amount, charge.currency);
  if (charge.amount !== ours(intent.amount) || charge.currency !== intent.currency.toUpperCase())
    return 'AMOUNT';
  if ((charge.state === 'succeeded') !== (intent.status === 'succeeded')) return 'STATE';
  if (intent.status !== 'succeeded' || typeof intent.latest_charge !== 'object') return undefined;
  // A refund that is under way counts at Stripe already.
  const given = charge.refunds.filter(({ state, stripeId }) => state !== 'failed' && stripeId !== null);
  const sum = given.reduce((total, { amount }) => total + amount, 0);
  if (sum !== ours(intent.latest_charge?.amount_refunded ?? 0)) return 'REFUNDED';
  return (charge.dispute !== null) === (intent.latest_charge?.disputed ?? false) ? undefined : 'DISPUTED';
}

/** A payment that its charge does not name is never confirmed by us; no one else shall do so either. */
async function endStray(
  { companyId, accountId, mode }: Where,
  intent: Stripe.PaymentIntent,
  charge: StoredCharge | undefined,
  { stripe, log }: BillingDeps,
): Promise<number> {
  if (intent.status === 'succeeded') log.stripeDifference(companyId, 'NOT_OURS_AND_PAID');
  if (intent.status === 'succeeded' || intent.status === 'canceled') return 0;
  if (charge === undefined || charge.paymentIntentId === null) return 0;
  await stripe.of(mode).paymentIntents.cancel(intent.id, {}, { stripeAccount: accountId });
  return 1;
}

async function* chargesWithin(
  { companyId, accountId }: Where,
  gte: number,
  lte: number,
  { db }: BillingDeps,
): AsyncGenerator<{ id: string; charge: StoredCharge }> {
  const within = db
    .collection(paths.charges(companyId))
    .where('createdAt', '>=', new Date(gte * 1000).toISOString())
    .where('createdAt', '<=', new Date(lte * 1000).toISOString())
    .orderBy('createdAt', 'desc');
  for await (const docs of pagesOf(within)) {
    for (const doc of docs) {
      const charge = doc.data() as StoredCharge;
      if (charge.supplierId === companyId && charge.accountId === accountId) yield { id: doc.id, charge };
    }
  }
}

/** A payment that the list of its time did not have: made later than its charge, or not there at all. */
async function lookUp(
  where: Where,
  id: string,
  intentId: string,
  acting: Acting,
  deps: BillingDeps,
): Promise<number> {
  try {
    const intent = await deps.stripe
      .of(where.mode)
      .paymentIntents.retrieve(intentId, { expand: ['latest_charge'] }, { stripeAccount: where.accountId });
    return await heal(where, id, intent, acting, deps);
  } catch (error) {
    if (!isGone(error)) throw error;
    deps.log.stripeDifference(where.companyId, 'NOT_AT_STRIPE');
    return 0;
  }
}

/** Seconds since 1970. */
function windowAt(now: number): { gte: number; lte: number } {
  return { gte: Math.floor((now - WINDOW) / 1000), lte: Math.floor((now - PATIENCE) / 1000) };
}
