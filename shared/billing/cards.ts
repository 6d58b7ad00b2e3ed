import { FieldPath } from '@google-cloud/firestore';
import type { AuditEntry } from '../audit/entry.ts';
import { addEntry } from '../audit/append.ts';
import { paths } from '../cloud/firestore.ts';
import { pagesOf } from '../cloud/pages.ts';
import { accessLost, fromStripe, isGone } from '../cloud/stripe.ts';
import { dueSlot } from '../domain/due.ts';
import { AppError } from '../domain/errors.ts';
import { timestamp } from '../domain/time.ts';
import { about, markDisconnected, syncAccount } from './account.ts';
import { changeCharge } from './charge-store.ts';
import {
  type Acting,
  type BillingDeps,
  sidesOf,
  type StoredAccount,
  type StoredCard,
  type StoredCharge,
  type StripeAccountRef,
} from './documents.ts';

/** Brand, last four and expiry as Stripe answers them now; none of it is kept. */
export interface CardView {
  partner: string;
  card: { brand: string; last4: string; expires: string } | null;
}

export async function readCard(companyId: string, partnerId: string, deps: BillingDeps): Promise<CardView> {
  const stored = await storedCard(companyId, partnerId, deps);
  if (stored === undefined || stored.paymentMethodId === null) return { partner: partnerId, card: null };
  const ref = await deps.db.doc(paths.stripeAccount(stored.accountId)).get();
  const account = ref.data() as StripeAccountRef | undefined;
  // The wholesaler was deleted, and nobody can charge the card any more.
  if (account === undefined) return { partner: partnerId, card: null };
  try {
    const at = { stripeAccount: stored.accountId };
    const { card } = await deps.stripe
      .of(account.mode)
      .paymentMethods.retrieve(stored.paymentMethodId, {}, at);
    if (card === undefined) return { partner: partnerId, card: null };
    const expires = `${card.exp_year}-${String(card.exp_month).padStart(2, '0')}`;
    return { partner: partnerId, card: { brand: card.brand, last4: card.last4, expires } };
  } catch (error) {
    // It was taken away there, or the account is not the hub's to ask any more: nothing is charged to it.
    if (accessLost(error) || isGone(error)) return { partner: partnerId, card: null };
    throw fromStripe(error);
  }
}

async function storedCard(companyId: string, partnerId: string, { db }: Pick<BillingDeps, 'db'>) {
  const snapshot = await db.doc(paths.card(companyId, partnerId)).get();
  return snapshot.data() as StoredCard | undefined;
}

/**
 * A page of Stripe's where a retailer puts a card on file for one wholesaler, on that wholesaler's account. NOT_FOUND
 * without such a partner, CONFLICT for the wholesaler itself, BILLING_NOT_READY without an account.
 */
export async function askForCard(
  companyId: string,
  partnerId: string,
  returnUrl: string,
  acting: Acting,
  deps: BillingDeps,
): Promise<{ url: string; expiresAt: string; entry: AuditEntry }> {
  const { db, now } = deps;
  const partner = (await db.doc(paths.partner(companyId, partnerId)).get()).data();
  const connection = partner as { companyId: string; role: string } | undefined;
  if (connection === undefined) throw new AppError('NOT_FOUND');
  if (connection.role !== 'supplier') throw new AppError('CONFLICT', 'the retailer puts its card on file');
  const supplierId = connection.companyId;
  const { accountId, mode } = await readyAccount(supplierId, acting, deps);
  const stripe = deps.stripe.of(mode);
  const metadata = { partner: partnerId };
  try {
    const known = await storedCard(companyId, partnerId, deps);
    const key = { stripeAccount: accountId, idempotencyKey: `customer-${partnerId}-${accountId}` };
    const customerId =
      known?.accountId === accountId
        ? known.customerId
        : (await stripe.customers.create({ metadata }, key)).id;
    const session = await stripe.checkout.sessions.create(
      {
        ...{ mode: 'setup', customer: customerId, payment_method_types: ['card'], metadata },
        ...{ success_url: returnUrl, cancel_url: returnUrl, setup_intent_data: { metadata } },
      },
      { stripeAccount: accountId },
    );
    const entry = await db.runTransaction(async (tx) => {
      const own = db.doc(paths.card(companyId, partnerId));
      const before = (await tx.get(own)).data() as StoredCard | undefined;
      if (before?.customerId !== customerId) {
        const card: StoredCard = {
          ...{ partnerId, supplierId, retailerId: companyId, accountId, customerId },
          ...{ paymentMethodId: null, updatedAt: timestamp(now) },
        };
        tx.set(own, card);
        tx.set(db.doc(paths.card(supplierId, partnerId)), card);
        const partner: Acting = { ...acting, actor: { type: 'partner', id: partnerId } };
        addEntry(tx, about(supplierId, partner, 'billing.card_asked', { partnerId }), { db, now });
      }
      return addEntry(tx, about(companyId, acting, 'billing.card_asked', { partnerId }), { db, now });
    });
    return { url: session.url ?? '', expiresAt: new Date(session.expires_at * 1000).toISOString(), entry };
  } catch (error) {
    throw fromStripe(error);
  }
}

/** Stripe is asked of one that was not ready when it was last heard of. */
async function readyAccount(companyId: string, acting: Acting, deps: BillingDeps): Promise<StoredAccount> {
  const ref = deps.db.doc(paths.billingAccount(companyId));
  const account = (await ref.get()).data() as StoredAccount | undefined;
  if (account?.state === 'ready') return account;
  if (account?.state === 'pending') {
    try {
      const bySystem: Acting = { actor: { type: 'system', id: null }, requestId: acting.requestId };
      const { charges_enabled: ready } = await syncAccount({ companyId, ...account }, bySystem, deps);
      if (ready) return account;
    } catch (error) {
      if (!accessLost(error)) throw fromStripe(error);
      await markDisconnected(deps, companyId, account.accountId);
    }
  }
  throw new AppError('BILLING_NOT_READY', 'the wholesaler has no account that is ready');
}

/** Keeps which card a customer has now; what failed for want of a good one is tried again. */
export async function syncCard(
  { companyId, accountId, mode }: StripeAccountRef & { accountId: string },
  whose: string | { detached: string } | undefined,
  acting: Acting,
  deps: BillingDeps,
): Promise<void> {
  const { db, now } = deps;
  if (whose === undefined) return;
  const cards = db.collection(paths.cards(companyId));
  const query =
    typeof whose === 'string'
      ? cards.where('customerId', '==', whose)
      : cards.where('paymentMethodId', '==', whose.detached);
  const found = (await query.limit(1).get()).docs[0];
  const stored = found?.data() as StoredCard | undefined;
  if (stored?.accountId !== accountId) return;
  const at = { stripeAccount: accountId };
  const methods = await deps.stripe
    .of(mode)
    .paymentMethods.list({ customer: stored.customerId, type: 'card', limit: 1 }, at);
  const paymentMethodId = methods.data[0]?.id ?? null;
  const { supplierId, partnerId } = stored;
  await db.runTransaction(async (tx) => {
    const own = db.doc(paths.card(supplierId, partnerId));
    const before = (await tx.get(own)).data() as StoredCard | undefined;
    if (before?.customerId !== stored.customerId || before.paymentMethodId === paymentMethodId) return;
    const card: StoredCard = { ...before, paymentMethodId, updatedAt: timestamp(now) };
    for (const each of await sidesOf(tx, db, stored)) {
      tx.set(db.doc(paths.card(each, partnerId)), card);
      addEntry(tx, about(each, acting, 'billing.card_changed', { partnerId }), { db, now });
    }
  });
  if (paymentMethodId !== null) await retryFailed(supplierId, partnerId, deps);
}

/** Another card on file: charges that were given up, or wait for their next day, are tried again by the next run. */
async function retryFailed(supplierId: string, partnerId: string, deps: BillingDeps): Promise<void> {
  const unpaid = deps.db
    .collection(paths.charges(supplierId))
    .where('partnerId', '==', partnerId)
    .where('state', 'in', ['failed', 'declined', 'pending'])
    .orderBy(FieldPath.documentId());
  for await (const docs of pagesOf(unpaid)) {
    for (const { id } of docs) await tryAgain(supplierId, id, deps);
  }
}

async function tryAgain(supplierId: string, id: string, deps: BillingDeps): Promise<void> {
  const again = (charge: StoredCharge): StoredCharge | undefined => {
    const { code } = charge;
    const waits = code !== null && code !== 'AMOUNT_NOT_CHARGEABLE' && code !== 'WHOLESALER_GONE';
    if (!waits || !['failed', 'declined', 'pending'].includes(charge.state)) return undefined;
    const state = charge.state === 'pending' ? 'pending' : 'declined';
    return { ...charge, state, nextAttemptAt: timestamp(deps.now), due: charge.due ?? dueSlot() };
  };
  await changeCharge(supplierId, id, again, deps);
}
