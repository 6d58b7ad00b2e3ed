import type { Firestore } from '@google-cloud/firestore';
import type { Stripe } from 'stripe';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { accessLost, fromStripe } from '../cloud/stripe.ts';
import type { Mode } from '../domain/api-key.ts';
import { randomId } from '../domain/ids.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import {
  type Acting,
  type BillingDeps,
  RETRY_AFTER_DAYS,
  type StoredAccount,
  type StripeAccountRef,
} from './documents.ts';

/** What a wholesaler sees of its account. `missing` are Stripe's own names of what it still asks for. */
export interface AccountView {
  accountId: string | null;
  state: StoredAccount['state'] | 'none';
  chargesEnabled: boolean;
  missing: string[];
  retryAfterDays: number[];
}

const NONE: AccountView = {
  accountId: null,
  state: 'none',
  chargesEnabled: false,
  missing: [],
  retryAfterDays: RETRY_AFTER_DAYS,
};

/** As Stripe has it now; as it was last heard of while Stripe can not be asked. */
export async function readAccount(
  companyId: string,
  acting: Acting,
  deps: BillingDeps,
): Promise<AccountView> {
  const stored = (await deps.db.doc(paths.billingAccount(companyId)).get()).data() as
    StoredAccount | undefined;
  if (stored === undefined) return NONE;
  const { accountId, state, retryAfterDays } = stored;
  if (state === 'disconnected') return { ...NONE, accountId, state, retryAfterDays };
  try {
    const account = await syncAccount({ companyId, accountId, mode: stored.mode }, acting, deps);
    return {
      ...{ accountId, retryAfterDays },
      state: account.charges_enabled ? 'ready' : 'pending',
      chargesEnabled: account.charges_enabled,
      missing: account.requirements?.currently_due ?? [],
    };
  } catch (error) {
    if (!accessLost(error))
      return { accountId, state, chargesEnabled: state === 'ready', missing: [], retryAfterDays };
    await markDisconnected(deps, companyId, accountId);
    return { ...NONE, accountId, state: 'disconnected', retryAfterDays };
  }
}

/** Makes a Standard account where there is none, and answers a link to Stripe's own pages, good for some minutes. */
export async function linkAccount(
  company: { companyId: string; mode: Mode },
  returnUrl: string,
  acting: Acting,
  deps: BillingDeps,
): Promise<{ url: string; expiresAt: string; accountId: string; entry: AuditEntry }> {
  const { db, now } = deps;
  const { companyId, mode } = company;
  const stripe = deps.stripe.of(mode);
  const ref = db.doc(paths.billingAccount(companyId));
  try {
    const known = (await ref.get()).data() as StoredAccount | undefined;
    const usable = known !== undefined && known.state !== 'disconnected' ? known.accountId : undefined;
    const key = `account-${companyId}-${known?.accountId ?? 'first'}`;
    const metadata = { company: companyId };
    const accountId =
      usable ?? (await stripe.accounts.create({ type: 'standard', metadata }, { idempotencyKey: key })).id;
    const link = await stripe.accountLinks.create({
      account: accountId,
      type: 'account_onboarding',
      ...{ return_url: returnUrl, refresh_url: returnUrl },
    });
    const entry = await db.runTransaction(async (tx) => {
      const before = (await tx.get(ref)).data() as StoredAccount | undefined;
      const at = timestamp(now);
      if (before?.accountId !== accountId) {
        const fresh: StoredAccount = {
          ...{ accountId, mode, state: 'pending', createdAt: at, updatedAt: at },
          retryAfterDays: before?.retryAfterDays ?? RETRY_AFTER_DAYS,
        };
        tx.set(ref, fresh);
        tx.set(db.doc(paths.stripeAccount(accountId)), { companyId, mode } satisfies StripeAccountRef);
      }
      return addEntry(tx, about(companyId, acting, 'billing.account_linked'), { db, now });
    });
    return { accountId, url: link.url, expiresAt: new Date(link.expires_at * 1000).toISOString(), entry };
  } catch (error) {
    throw fromStripe(error);
  }
}

/** Sets how often and when declined charges are tried again. False without an account. */
export async function setDunning(
  companyId: string,
  retryAfterDays: number[],
  acting: Acting,
  { db, now }: BillingDeps,
): Promise<AuditEntry | undefined> {
  const ref = db.doc(paths.billingAccount(companyId));
  return db.runTransaction(async (tx) => {
    if (!(await tx.get(ref)).exists) return undefined;
    tx.update(ref, { retryAfterDays, updatedAt: timestamp(now) });
    return addEntry(tx, about(companyId, acting, 'billing.account_changed'), { db, now });
  });
}

/** Asks Stripe for an account and keeps whether it can take charges. */
export async function syncAccount(
  { companyId, accountId, mode }: { companyId: string; accountId: string; mode: Mode },
  acting: Acting,
  { db, stripe, now }: BillingDeps,
): Promise<Stripe.Account> {
  const account = await stripe.of(mode).accounts.retrieve(accountId, {}, { stripeAccount: accountId });
  const state = account.charges_enabled ? 'ready' : 'pending';
  const ref = db.doc(paths.billingAccount(companyId));
  await db.runTransaction(async (tx) => {
    const before = (await tx.get(ref)).data() as StoredAccount | undefined;
    if (before?.accountId !== accountId || before.state === state || before.state === 'disconnected') return;
    tx.update(ref, { state, updatedAt: timestamp(now) });
    addEntry(tx, about(companyId, acting, 'billing.account_changed'), { db, now });
  });
  return account;
}

/**
 * The account's owner has ended our access, which the log tells. What is under way there can not be asked for any more.
 */
export async function markDisconnected(
  { db, now }: { db: Firestore; now: Clock },
  companyId: string,
  accountId: string,
): Promise<void> {
  const ref = db.doc(paths.billingAccount(companyId));
  await db.runTransaction(async (tx) => {
    const before = (await tx.get(ref)).data() as StoredAccount | undefined;
    if (before?.accountId !== accountId || before.state === 'disconnected') return;
    tx.update(ref, { state: 'disconnected', updatedAt: timestamp(now) });
    const bySystem: Acting = { actor: { type: 'system', id: null }, requestId: randomId('request') };
    addEntry(tx, about(companyId, bySystem, 'billing.account_changed'), { db, now });
  });
}

export function about(
  companyId: string,
  acting: Acting,
  action: AuditEntry['action'],
  facts: AuditEntry['facts'] = {},
): Omit<AuditEntry, 'id' | 'at'> {
  return { companyId, ...acting, action, record: { type: 'company', id: companyId }, result: 'done', facts };
}
