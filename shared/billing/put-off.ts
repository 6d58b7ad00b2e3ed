import type { Stripe } from 'stripe';
import { addEntry } from '../audit/append.ts';
import type { ChargeCode } from '../domain/billing.ts';
import { randomId } from '../domain/ids.ts';
import { changeCharge } from './charge-store.ts';
import type { BillingDeps, StoredAccount, StoredCard, StoredCharge } from './documents.ts';

const DAY = 24 * 60 * 60 * 1000;
type Invalid = InstanceType<typeof Stripe.errors.StripeInvalidRequestError>;

/** Until something changes, which a day may bring. */
export function putOff(
  seen: StoredCharge,
  id: string,
  code: ChargeCode,
  deps: BillingDeps,
): Promise<unknown> {
  const nextAttemptAt = new Date(deps.now() + DAY).toISOString();
  return changeCharge(
    seen.supplierId,
    id,
    (was) =>
      was.state === seen.state && was.attempts === seen.attempts
        ? { ...was, code, nextAttemptAt }
        : undefined,
    deps,
  );
}

/** No repeat of the same helps: an amount is given up, all else is tried again the next day. */
export async function refused(
  charge: StoredCharge,
  id: string,
  error: Invalid,
  deps: BillingDeps,
): Promise<void> {
  if (error.code !== 'amount_too_small' && error.code !== 'amount_too_large') {
    await putOff(charge, id, 'REFUSED_BY_STRIPE', deps);
    return;
  }
  const giveUp = (was: StoredCharge): StoredCharge | undefined => {
    if (was.paymentIntentId !== null) return undefined;
    const { due: _due, ...rest } = was;
    return { ...rest, state: 'failed', code: 'AMOUNT_NOT_CHARGEABLE', nextAttemptAt: null };
  };
  await changeCharge(charge.supplierId, id, giveUp, deps, entries(id, deps));
}

/**
 * A charge that was not paid on an account that the wholesaler has no more: it starts anew on the present one, under
 * other keys. Nothing is under way on the old one: whatever was confirmed there is `processing`, and stays.
 */
export async function moveTo(
  { accountId, mode }: StoredAccount,
  card: StoredCard | undefined,
  seen: StoredCharge,
  id: string,
  deps: BillingDeps,
): Promise<StoredCharge | undefined> {
  const moved = await changeCharge(
    seen.supplierId,
    id,
    (was) => {
      if (was.accountId !== seen.accountId || was.state !== seen.state || was.attempts !== seen.attempts) {
        return undefined;
      }
      const customerId = card?.customerId ?? null;
      const nothing = { invoiceId: null, paymentIntentId: null, refusedAttempt: null };
      return { ...was, accountId, mode, customerId, ...nothing };
    },
    deps,
  );
  return moved?.accountId === accountId ? moved : undefined;
}

/** Nothing was paid: the card was detached meanwhile, or the account takes no such payment. */
export async function unconfirmed(
  { id, supplierId }: { id: string; supplierId: string },
  attempts: number,
  error: Invalid,
  deps: BillingDeps,
): Promise<void> {
  const code = error.code === 'resource_missing' ? 'NO_CARD' : 'REFUSED_BY_STRIPE';
  const nextAttemptAt = new Date(deps.now() + DAY).toISOString();
  deps.log.chargeFailed(supplierId, error);
  await changeCharge(
    supplierId,
    id,
    (was) =>
      was.state === 'processing' && was.attempts === attempts
        ? { ...was, state: 'declined', code, nextAttemptAt }
        : undefined,
    deps,
    entries(id, deps),
  );
}

/** What came of a charge without an event of Stripe's, in the logs of both sides. */
function entries(id: string, { db, now }: BillingDeps): Parameters<typeof changeCharge>[4] {
  const acting = { actor: { type: 'system', id: null }, requestId: randomId('request') } as const;
  const about = {
    ...acting,
    action: 'charge.settled',
    record: { type: 'charge', id },
    result: 'done',
  } as const;
  return (tx, _before, { partnerId, state, code }, sides) => {
    const facts = { partnerId, charge: state, reason: code ?? undefined };
    for (const companyId of sides) addEntry(tx, { companyId, ...about, facts }, { db, now });
  };
}
