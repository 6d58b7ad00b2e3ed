import type { Firestore, Transaction } from '@google-cloud/firestore';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import type { Log } from '../cloud/log.ts';
import type { StripeAccess } from '../cloud/stripe.ts';
import type { Mode } from '../domain/api-key.ts';
import type { ChargeCode, ChargeState } from '../domain/billing.ts';
import type { Clock } from '../domain/time.ts';

/** What the steps of billing work with. */
export interface BillingDeps {
  db: Firestore;
  stripe: StripeAccess;
  log: Log;
  now: Clock;
  /** Hears of each charge that was written, or brought to Stripe. */
  onCharge?: (supplierId: string, id: string) => void;
}

/** Who acts, and under which request. */
export type Acting = Pick<AuditEntry, 'actor' | 'requestId'>;

/** `companies/{c}/billing/account`: the wholesaler's Stripe account. Who it is and where it is paid, Stripe knows. */
export interface StoredAccount {
  accountId: string;
  mode: Mode;
  state: 'pending' | 'ready' | 'disconnected';
  /** Days after each decline until the next try; as many tries as there are. */
  retryAfterDays: number[];
  createdAt: string;
  updatedAt: string;
}

/** `stripeAccounts/{acct}`: whose it is. */
export interface StripeAccountRef {
  companyId: string;
  mode: Mode;
}

/**
 * `companies/{c}/cards/{ptn}`, the same at both sides: what stands for a retailer's card on the wholesaler's account.
 * Brand and digits never come here.
 */
export interface StoredCard {
  partnerId: string;
  supplierId: string;
  retailerId: string;
  accountId: string;
  customerId: string;
  paymentMethodId: string | null;
  updatedAt: string;
}

export interface ChargedLine {
  lineId: string;
  sku: string;
  quantity: number;
  unitPrice: number;
  /** How many of them came back and were refunded. */
  refunded: number;
}

/** One supply order on a charge. `shownId` is the retailer's own order, of which it is a part. */
export interface ChargedOrder {
  orderId: string;
  shownId: string;
  amount: number;
  refunded: number;
  lost: number;
  lines: ChargedLine[];
}

/** Money that went back. One that was made in Stripe's dashboard has no `refundId` of ours in its metadata. */
export interface StoredRefund {
  id: string;
  stripeId: string | null;
  state: 'pending' | 'succeeded' | 'failed';
  amount: number;
  parts: { orderId: string; amount: number; lines: { lineId: string; quantity: number }[] }[];
  createdAt: string;
}

/** `companies/{c}/charges/{chg}`, the same at both sides; `due` only at the wholesaler's, where `bill` finds work. */
export interface StoredCharge {
  partnerId: string;
  supplierId: string;
  retailerId: string;
  accountId: string;
  mode: Mode;
  state: ChargeState;
  code: ChargeCode | null;
  day: string;
  currency: string;
  amount: number;
  fee: number;
  refunded: number;
  lost: number;
  dispute: 'open' | 'won' | 'lost' | null;
  orders: ChargedOrder[];
  refunds: StoredRefund[];
  customerId: string | null;
  invoiceId: string | null;
  paymentIntentId: string | null;
  /** The attempt of Stripe's that was refused last: one decline counts once, however often it is told. */
  refusedAttempt: string | null;
  attempts: number;
  nextAttemptAt: string | null;
  createdAt: string;
  updatedAt: string;
  due?: number;
}

/** Times after which a decline is tried again, unless the wholesaler says otherwise. */
export const RETRY_AFTER_DAYS = [1, 3, 7];

/**
 * Which companies of a connection are told: not a retailer that was deleted meanwhile, of which nothing may come back.
 * The first step of a deletion takes its side of the connection away.
 */
export async function sidesOf(
  tx: Transaction,
  db: Firestore,
  { supplierId, retailerId, partnerId }: Pick<StoredCharge, 'supplierId' | 'retailerId' | 'partnerId'>,
): Promise<string[]> {
  const theirs = await tx.get(db.doc(paths.partner(retailerId, partnerId)));
  return theirs.exists ? [supplierId, retailerId] : [supplierId];
}

/** A charge as one of its sides has it; a copy has no slot, by which only the wholesaler's is found. */
export function copyOf(charge: StoredCharge, companyId: string): StoredCharge {
  const { due: _due, ...copy } = charge;
  return companyId === charge.supplierId ? charge : copy;
}

/** Writes a charge for those of its sides that are there. */
export function writeCharge(
  tx: Transaction,
  db: Firestore,
  id: string,
  charge: StoredCharge,
  sides: string[],
): void {
  for (const companyId of sides) {
    tx.set(db.doc(paths.charge(companyId, id)), copyOf(charge, companyId));
  }
}
