import type { Transaction } from '@google-cloud/firestore';
import { Timestamp } from '@google-cloud/firestore';
import type { Stripe } from 'stripe';
import { addEntry } from '../audit/append.ts';
import { paths } from '../cloud/firestore.ts';
import { accessLost, fromStripe, isGone } from '../cloud/stripe.ts';
import type { ChargeCode, StripeEventMessage } from '../domain/billing.ts';
import { isId, keyedId } from '../domain/ids.ts';
import { timestamp } from '../domain/time.ts';
import { markDisconnected, syncAccount } from './account.ts';
import { fromStripeAmount } from './amounts.ts';
import { syncCard } from './cards.ts';
import { changeCharge } from './charge-store.ts';
import type {
  Acting,
  BillingDeps,
  StoredAccount,
  StoredCharge,
  StoredRefund,
  StripeAccountRef,
} from './documents.ts';
import { RETRY_AFTER_DAYS } from './documents.ts';
import { spread, withMoney } from './ledger.ts';

const DAY = 24 * 60 * 60 * 1000;
const KEEP_RECEIPTS = 7 * DAY;

/**
 * Applies an event: it says where to look, and what is there is asked for, so that order and repeats do not matter. An
 * account that nobody here has is no reason to be told again.
 */
export async function settle(event: StripeEventMessage, acting: Acting, deps: BillingDeps): Promise<void> {
  const { db, log, now } = deps;
  const receipt = db.doc(paths.receipt(event.eventId));
  const [ref, seen] = await db.getAll(db.doc(paths.stripeAccount(event.account)), receipt);
  if (seen?.exists) {
    log.stripeEventIgnored('REPEATED');
    return;
  }
  const account = ref?.data() as StripeAccountRef | undefined;
  if (account === undefined) {
    log.stripeEventIgnored('ACCOUNT');
    return;
  }
  try {
    await apply(event, account, acting, deps);
  } catch (error) {
    if (accessLost(error)) await markDisconnected(deps, account.companyId, event.account);
    else if (!isGone(error)) throw fromStripe(error);
  }
  await receipt.set({ type: event.type, expireAt: Timestamp.fromMillis(now() + KEEP_RECEIPTS) });
}

async function apply(
  { type, account: accountId, objectId }: StripeEventMessage,
  { companyId, mode }: StripeAccountRef,
  acting: Acting,
  deps: BillingDeps,
): Promise<void> {
  const stripe = deps.stripe.of(mode);
  const at = { stripeAccount: accountId };
  const where = { companyId, accountId, mode };
  switch (type) {
    case 'account.updated':
      await syncAccount(where, acting, deps);
      return;
    case 'account.application.deauthorized':
      await markDisconnected(deps, companyId, accountId);
      return;
    case 'checkout.session.completed': {
      const { customer } = await stripe.checkout.sessions.retrieve(objectId, {}, at);
      return syncCard(where, idOf(customer), acting, deps);
    }
    case 'setup_intent.succeeded': {
      const { customer } = await stripe.setupIntents.retrieve(objectId, {}, at);
      return syncCard(where, idOf(customer), acting, deps);
    }
    case 'payment_method.detached':
      return syncCard(where, { detached: objectId }, acting, deps);
    case 'payment_intent.succeeded':
    case 'payment_intent.payment_failed':
    case 'payment_intent.processing':
    case 'payment_intent.canceled':
      return settleIntent(where, objectId, acting, deps);
    case 'charge.refunded':
      return settleIntent(
        where,
        idOf((await stripe.charges.retrieve(objectId, {}, at)).payment_intent),
        acting,
        deps,
      );
    case 'refund.created':
    case 'refund.updated':
    case 'refund.failed':
    case 'charge.refund.updated':
      return settleIntent(
        where,
        idOf((await stripe.refunds.retrieve(objectId, {}, at)).payment_intent),
        acting,
        deps,
      );
    case 'charge.dispute.created':
    case 'charge.dispute.updated':
    case 'charge.dispute.closed':
      return settleIntent(
        where,
        idOf((await stripe.disputes.retrieve(objectId, {}, at)).payment_intent),
        acting,
        deps,
      );
  }
}

function idOf(reference: string | { id: string } | null | undefined): string | undefined {
  return typeof reference === 'string' ? reference : reference?.id;
}

/** Whose account, at Stripe and here. */
export interface Where extends StripeAccountRef {
  accountId: string;
}

/** Makes a charge what its payment intent is, with its refunds and its dispute. One that is not ours is left alone. */
export async function settleIntent(
  { companyId, accountId, mode }: Where,
  intentId: string | undefined,
  acting: Acting,
  deps: BillingDeps,
): Promise<void> {
  if (intentId === undefined) return;
  const stripe = deps.stripe.of(mode);
  const at = { stripeAccount: accountId };
  const intent = await stripe.paymentIntents.retrieve(intentId, {}, at);
  const id = intent.metadata['charge'] ?? '';
  // Metadata can be changed by whoever has the account: it finds a charge, and the charge says which intent is its own.
  if (!isId('charge', id)) return;
  const paid = intent.status === 'succeeded';
  const refunds = paid ? await all(stripe.refunds.list({ payment_intent: intentId, limit: 100 }, at)) : [];
  const disputes = paid ? await all(stripe.disputes.list({ payment_intent: intentId, limit: 100 }, at)) : [];
  const account = (await deps.db.doc(paths.billingAccount(companyId)).get()).data() as
    StoredAccount | undefined;
  const retryAfterDays = account?.retryAfterDays ?? RETRY_AFTER_DAYS;
  await changeCharge(
    companyId,
    id,
    (charge) => {
      if (charge.paymentIntentId !== intentId || charge.accountId !== accountId) return undefined;
      const paidFor = withIntent(charge, intent, retryAfterDays, deps.now);
      const after = paid ? withBack(paidFor, refunds, disputes, deps.now) : paidFor;
      return JSON.stringify(after) === JSON.stringify(charge) ? undefined : after;
    },
    deps,
    (tx, before, after, sides) => {
      writeEntries(tx, id, before, after, sides, acting, deps);
    },
  );
}

async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const each of list) found.push(each);
  return found;
}

function withIntent(
  charge: StoredCharge,
  intent: Stripe.PaymentIntent,
  retryAfterDays: number[],
  now: () => number,
): StoredCharge {
  const { due: _due, ...still } = charge;
  if (intent.status === 'succeeded') return { ...still, state: 'succeeded', code: null, nextAttemptAt: null };
  if (charge.state === 'succeeded') return charge;
  if (intent.status === 'canceled') {
    // It can never be paid any more; another try makes another one, under another key.
    const attempts = charge.attempts + 1;
    return {
      ...still,
      state: 'failed',
      code: 'CARD_DECLINED',
      paymentIntentId: null,
      nextAttemptAt: null,
      attempts,
    };
  }
  const attempt = idOf(intent.latest_charge) ?? null;
  const error = intent.last_payment_error;
  if (intent.status !== 'requires_payment_method' || error === null || attempt === charge.refusedAttempt) {
    return charge;
  }
  const code = codeOf(error.code, error.decline_code);
  const wait = retryAfterDays[charge.attempts - 1];
  const refused = { ...still, code, refusedAttempt: attempt };
  if (wait === undefined) return { ...refused, state: 'failed', nextAttemptAt: null };
  const nextAttemptAt = new Date(now() + wait * DAY).toISOString();
  return { ...refused, state: 'declined', nextAttemptAt, due: charge.due ?? 0 };
}

function codeOf(code: string | undefined, declineCode: string | undefined): ChargeCode {
  if (code === 'authentication_required') return 'AUTHENTICATION_REQUIRED';
  if (code === 'expired_card') return 'CARD_EXPIRED';
  return declineCode === 'insufficient_funds' ? 'INSUFFICIENT_FUNDS' : 'CARD_DECLINED';
}

const REFUND_STATES: Readonly<Record<string, StoredRefund['state']>> = {
  succeeded: 'succeeded',
  failed: 'failed',
  canceled: 'failed',
};

/** Where it ends. An inquiry that was closed, or prevented, has taken nothing. */
const DISPUTE_STATES: Readonly<Record<string, 'won' | 'lost'>> = {
  won: 'won',
  warning_closed: 'won',
  prevented: 'won',
  lost: 'lost',
};

/** Refunds as Stripe has them: ours by the id in their metadata, and those that were made there. */
function withBack(
  charge: StoredCharge,
  refunds: Stripe.Refund[],
  disputes: Stripe.Dispute[],
  now: () => number,
): StoredCharge {
  let known = charge.refunds;
  for (const refund of refunds.toReversed()) {
    const state = REFUND_STATES[refund.status ?? ''] ?? 'pending';
    const amount = fromStripeAmount(refund.amount, charge.currency);
    const ours = known.find((each) => each.stripeId === refund.id || each.id === refund.metadata?.['refund']);
    if (ours !== undefined) {
      known = known.map((each) => (each === ours ? { ...each, state, stripeId: refund.id } : each));
      continue;
    }
    const id = keyedId('refund', Buffer.from(refund.id.padEnd(32, '.').slice(-32)).subarray(0, 16));
    const { orders } = withMoney(charge, known, undefined);
    const parts = spread(orders, amount);
    known = [...known, { id, stripeId: refund.id, state, amount, parts, createdAt: timestamp(now) }];
  }
  const [dispute] = disputes;
  const held = dispute && {
    state: DISPUTE_STATES[dispute.status] ?? ('open' as const),
    amount: fromStripeAmount(dispute.amount, charge.currency),
  };
  const after = withMoney(charge, known, held);
  // A refund that Stripe has not heard of yet is still to be made.
  const waits = known.some(({ state, stripeId }) => state === 'pending' && stripeId === null);
  return waits ? { ...after, due: 0 } : after;
}

function writeEntries(
  tx: Transaction,
  id: string,
  before: StoredCharge,
  after: StoredCharge,
  sides: string[],
  acting: Acting,
  deps: BillingDeps,
): void {
  const record = { type: 'charge', id } as const;
  const actions = [
    ...(before.state === after.state ? [] : (['charge.settled'] as const)),
    ...(before.refunded === after.refunded ? [] : (['charge.refunded'] as const)),
    ...(before.dispute === after.dispute ? [] : (['charge.disputed'] as const)),
  ];
  const facts = { partnerId: after.partnerId, charge: after.state, reason: after.code ?? undefined };
  for (const action of actions) {
    for (const companyId of sides) {
      addEntry(tx, { companyId, ...acting, action, record, result: 'done', facts }, deps);
    }
  }
}
