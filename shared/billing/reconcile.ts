import { FieldPath, type QueryDocumentSnapshot } from '@google-cloud/firestore';
import type { Stripe } from 'stripe';
import { paths } from '../cloud/firestore.ts';
import { accessLost } from '../cloud/stripe.ts';
import { STRIPE_EVENTS, StripeEventMessage } from '../domain/billing.ts';
import { isId } from '../domain/ids.ts';
import { markDisconnected } from './account.ts';
import type { Acting, BillingDeps, StoredCharge, StripeAccountRef } from './documents.ts';
import { settle, settleIntent } from './settle.ts';

const DAY = 24 * 60 * 60 * 1000;
/** Stripe keeps events for thirty days. Two are looked at, so that a day that failed is made up for by the next. */
const WINDOW = 2 * DAY;
/** What happened just now is on its way, and not missed. */
const PATIENCE = 15 * 60 * 1000;
const PAGE = 50;

/** Compares every account's events and payments with what was heard of, account by account. */
export async function reconcile(acting: Acting, deps: BillingDeps): Promise<void> {
  const query = deps.db.collection(paths.stripeAccounts).orderBy(FieldPath.documentId()).limit(PAGE);
  let last: QueryDocumentSnapshot | undefined;
  for (;;) {
    const { docs } = await (last === undefined ? query : query.startAfter(last)).get();
    for (const doc of docs) await compare(doc.id, doc.data() as StripeAccountRef, acting, deps);
    last = docs.at(-1);
    if (last === undefined || docs.length < PAGE) return;
  }
}

async function compare(
  accountId: string,
  ref: StripeAccountRef,
  acting: Acting,
  deps: BillingDeps,
): Promise<void> {
  const where = { ...ref, accountId };
  try {
    const healed = (await applyMissed(where, acting, deps)) + (await comparePayments(where, acting, deps));
    if (healed > 0) deps.log.stripeHealed(ref.companyId, healed);
  } catch (error) {
    if (accessLost(error)) await markDisconnected(deps, ref.companyId, accountId);
    else deps.log.chargeFailed(ref.companyId, error);
  }
}

type Where = StripeAccountRef & { accountId: string };

/** Events that no endpoint of ours ever took, the oldest first. */
async function applyMissed({ accountId, mode }: Where, acting: Acting, deps: BillingDeps): Promise<number> {
  const { db, stripe, now } = deps;
  const created = createdWithin(now());
  const missed: StripeEventMessage[] = [];
  const list = stripe
    .of(mode)
    .events.list({ types: [...STRIPE_EVENTS], created, limit: 100 }, { stripeAccount: accountId });
  for await (const { id: eventId, type, created: at, data } of list) {
    const objectId = (data.object as { id?: string }).id;
    const event = StripeEventMessage.safeParse({ eventId, type, account: accountId, objectId, created: at });
    if (event.success && !(await db.doc(paths.receipt(eventId)).get()).exists) missed.push(event.data);
  }
  for (const event of missed.toReversed()) await settle(event, acting, deps);
  return missed.length;
}

/** Payments of ours at Stripe against our charges. A difference that settling does not heal is for a person to see. */
async function comparePayments(where: Where, acting: Acting, deps: BillingDeps): Promise<number> {
  const { db, stripe, now, log } = deps;
  const at = { stripeAccount: where.accountId };
  const created = createdWithin(now());
  let healed = 0;
  for await (const intent of stripe.of(where.mode).paymentIntents.list({ created, limit: 100 }, at)) {
    const id = intent.metadata['charge'] ?? '';
    if (!isId('charge', id)) continue;
    const ref = db.doc(paths.charge(where.companyId, id));
    const charge = (await ref.get()).data() as StoredCharge | undefined;
    if (charge?.paymentIntentId === intent.id) {
      if (agree(charge, intent)) continue;
      await settleIntent(where, intent.id, acting, deps);
      const after = (await ref.get()).data() as StoredCharge;
      if (agree(after, intent)) healed += 1;
      else log.stripeDifference(where.companyId, 'STATE');
      continue;
    }
    if (intent.status === 'succeeded') log.stripeDifference(where.companyId, 'NOT_OURS_AND_PAID');
    // One that is not on its charge is never confirmed by us; no one else shall either.
    else if (charge !== undefined && charge.paymentIntentId !== null && intent.status !== 'canceled') {
      await stripe.of(where.mode).paymentIntents.cancel(intent.id, {}, at);
      healed += 1;
    }
  }
  return healed;
}

function agree(charge: StoredCharge, intent: Stripe.PaymentIntent): boolean {
  return (charge.state === 'succeeded') === (intent.status === 'succeeded');
}

function createdWithin(now: number): { gte: number; lte: number } {
  return { gte: Math.floor((now - WINDOW) / 1000), lte: Math.floor((now - PATIENCE) / 1000) };
}
