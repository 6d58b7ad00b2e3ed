import { createHash } from 'node:crypto';
import { Stripe } from 'stripe';
import { paths } from '../cloud/firestore.ts';
import { accessLost, fromStripe } from '../cloud/stripe.ts';
import { timestamp } from '../domain/time.ts';
import { markDisconnected } from './account.ts';
import { toStripe } from './amounts.ts';
import { changeCharge } from './charge-store.ts';
import { toMetadata } from './charged-orders.ts';
import type { BillingDeps, StoredAccount, StoredCard, StoredCharge } from './documents.ts';
import { linesOf } from './invoice-lines.ts';
import { moveTo, putOff, refused, unconfirmed } from './put-off.ts';

const HOUR = 60 * 60 * 1000;
/** Stripe forgets idempotency keys after 24 hours; long before, what may be there already is looked for. */
const LOOK_AFTER = 12 * HOUR;

/**
 * Brings a charge to Stripe: an invoice with its lines, a payment intent attached to it, and then the payment. The
 * intent is on the charge before anything is paid, and only the one that is on the charge is ever confirmed: whatever
 * is repeated after a crash, at most one payment can succeed. The outcome comes with an event.
 */
export async function makeCharge(supplierId: string, id: string, deps: BillingDeps): Promise<void> {
  const { db, now } = deps;
  const [charge, account, card] = await readAll(supplierId, id, deps);
  if (charge === undefined || (charge.state !== 'pending' && charge.state !== 'declined')) return;
  const missing = lacks(account, card);
  if (missing !== undefined || account === undefined) {
    await putOff(charge, id, missing ?? 'ACCOUNT_NOT_READY', deps);
    return;
  }
  const here =
    account.accountId === charge.accountId ? charge : await moveTo(account, card, charge, id, deps);
  if (here === undefined) return;
  const work: Work = {
    ...{ id, charge: here, stripe: deps.stripe.of(here.mode), method: card?.paymentMethodId ?? '' },
  };
  try {
    const invoice = here.invoiceId ?? (await makeInvoice(work, deps));
    const intent = here.paymentIntentId ?? (await makeIntent(work, invoice, deps));
    await confirm(work, { invoice, intent }, deps);
  } catch (error) {
    if (accessLost(error)) await markDisconnected({ db, now }, supplierId, here.accountId);
    if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) throw fromStripe(error);
    deps.log.chargeFailed(supplierId, error);
    await refused(here, id, error, deps);
  }
}

interface Work {
  id: string;
  charge: StoredCharge;
  stripe: Stripe;
  method: string;
}

async function readAll(supplierId: string, id: string, { db }: BillingDeps) {
  const charge = (await db.doc(paths.charge(supplierId, id)).get()).data() as StoredCharge | undefined;
  if (charge === undefined) return [undefined, undefined, undefined] as const;
  const [account, card] = await db.getAll(
    db.doc(paths.billingAccount(supplierId)),
    db.doc(paths.card(supplierId, charge.partnerId)),
  );
  return [
    charge,
    account?.data() as StoredAccount | undefined,
    card?.data() as StoredCard | undefined,
  ] as const;
}

function lacks(
  account: StoredAccount | undefined,
  card: StoredCard | undefined,
): 'ACCOUNT_NOT_READY' | 'NO_CARD' | undefined {
  if (account?.state !== 'ready') return 'ACCOUNT_NOT_READY';
  const usable = card !== undefined && card.paymentMethodId !== null && card.accountId === account.accountId;
  return usable ? undefined : 'NO_CARD';
}

/** Made of all that is billed, so that a key can never stand for something else. */
function keyOf({ id, charge }: Work, step: string): string {
  const { accountId, currency, amount, fee, orders, attempts } = charge;
  const billed = JSON.stringify([
    accountId,
    currency,
    amount,
    fee,
    attempts,
    orders.map((o) => [o.orderId, o.amount]),
  ]);
  return `${step}-${id}-${createHash('sha256').update(billed).digest('hex').slice(0, 24)}`;
}

const isOld = ({ charge }: Work, { now }: BillingDeps): boolean =>
  now() - Date.parse(charge.createdAt) > LOOK_AFTER;

async function makeInvoice(work: Work, deps: BillingDeps): Promise<string> {
  const { id, charge, stripe } = work;
  const at = { stripeAccount: charge.accountId };
  const customer = charge.customerId ?? '';
  const metadata = { charge: id };
  const known = isOld(work, deps)
    ? await find(stripe.invoices.list({ customer, created: since(charge), limit: 100 }, at), id)
    : undefined;
  const invoice =
    known ??
    (await stripe.invoices.create(
      {
        ...{ customer, currency: charge.currency.toLowerCase(), metadata, auto_advance: false },
        collection_method: 'charge_automatically',
        pending_invoice_items_behavior: 'exclude',
      },
      { ...at, idempotencyKey: keyOf(work, 'invoice') },
    ));
  if (invoice.status === 'draft' && invoice.lines.data.length === 0) {
    const lines = linesOf(charge);
    await stripe.invoices.addLines(invoice.id, { lines }, { ...at, idempotencyKey: keyOf(work, 'lines') });
  }
  if (invoice.status === 'draft') {
    const key = { ...at, idempotencyKey: keyOf(work, 'finalize') };
    await stripe.invoices.finalizeInvoice(invoice.id, { auto_advance: false }, key);
  }
  return invoice.id;
}

async function makeIntent(work: Work, invoice: string, deps: BillingDeps): Promise<string> {
  const { id, charge, stripe, method } = work;
  const at = { stripeAccount: charge.accountId };
  const customer = charge.customerId ?? '';
  const fee = toStripe(charge.fee, charge.currency) ?? 0;
  const known = isOld(work, deps)
    ? await find(stripe.paymentIntents.list({ customer, created: since(charge), limit: 100 }, at), id)
    : undefined;
  const intent =
    known ??
    (await stripe.paymentIntents.create(
      {
        amount: toStripe(charge.amount, charge.currency) ?? 0,
        currency: charge.currency.toLowerCase(),
        ...{ customer, payment_method: method, payment_method_types: ['card'] },
        ...(fee > 0 && { application_fee_amount: fee }),
        metadata: {
          ...{ charge: id, company: charge.supplierId, partner: charge.partnerId },
          ...toMetadata(charge.orders),
        },
      },
      { ...at, idempotencyKey: keyOf(work, 'intent') },
    ));
  try {
    const key = { ...at, idempotencyKey: keyOf(work, 'attach') };
    await stripe.invoices.attachPayment(invoice, { payment_intent: intent.id }, key);
  } catch (error) {
    // It may have been attached by a run that was ended then; the invoice's books never keep a payment from going on.
    if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) throw error;
  }
  return intent.id;
}

function since(charge: StoredCharge): { gte: number } {
  return { gte: Math.floor(Date.parse(charge.createdAt) / 1000) - 3600 };
}

/** The one that names our charge, of a list that may have many pages. */
async function find<T extends { metadata: Stripe.Metadata | null; status: string | null }>(
  list: AsyncIterable<T>,
  id: string,
): Promise<T | undefined> {
  for await (const each of list) {
    if (each.metadata?.['charge'] === id && each.status !== 'canceled' && each.status !== 'void') return each;
  }
  return undefined;
}

/**
 * In one transaction the charge gets its invoice and its intent, unless it has them, and its attempt is counted; then it is
 * made. One that never reached Stripe is found by `takeUpAgain`.
 */
async function confirm(
  work: Work,
  { invoice, intent }: { invoice: string; intent: string },
  deps: BillingDeps,
): Promise<void> {
  const { id, charge, stripe, method } = work;
  const begun = await changeCharge(
    charge.supplierId,
    id,
    (was) => {
      const mine = (was.paymentIntentId ?? intent) === intent && was.attempts === charge.attempts;
      const moved = was.accountId !== charge.accountId;
      if (!mine || moved || (was.state !== 'pending' && was.state !== 'declined')) return undefined;
      const made = { invoiceId: was.invoiceId ?? invoice, paymentIntentId: intent };
      const attempts = was.attempts + 1;
      return { ...was, ...made, state: 'processing', code: null, nextAttemptAt: null, attempts };
    },
    deps,
  );
  if (begun !== undefined && begun.paymentIntentId !== intent && charge.paymentIntentId === null) {
    await stripe.paymentIntents.cancel(intent, {}, { stripeAccount: charge.accountId });
    return;
  }
  if (begun?.state !== 'processing' || begun.attempts !== charge.attempts + 1) return;
  const key = `confirm-${id}-${begun.attempts}`;
  const options = { stripeAccount: charge.accountId, idempotencyKey: key };
  try {
    await stripe.paymentIntents.confirm(intent, { payment_method: method, off_session: true }, options);
  } catch (error) {
    // A decline is told by its event, and a payment that is there already by its own.
    const told = error instanceof Stripe.errors.StripeCardError;
    const there =
      error instanceof Stripe.errors.StripeError && error.code === 'payment_intent_unexpected_state';
    if (told || there) return;
    if (error instanceof Stripe.errors.StripeInvalidRequestError) {
      await unconfirmed({ id, supplierId: charge.supplierId }, begun.attempts, error, deps);
      return;
    }
    throw error;
  }
}

/** Whether a charge is to be brought to Stripe now: for the first time, or after it was declined. */
export function isToBeMade({ state, nextAttemptAt }: StoredCharge, now: () => number): boolean {
  const open = state === 'pending' || state === 'declined';
  return open && nextAttemptAt !== null && nextAttemptAt <= timestamp(now);
}
