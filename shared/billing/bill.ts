import type { QueryDocumentSnapshot } from '@google-cloud/firestore';
import { type Turn, withLease } from '../cloud/lease.ts';
import { randomId } from '../domain/ids.ts';
import { timestamp } from '../domain/time.ts';
import { adoptPayments } from './adopt.ts';
import { billableOf, connections, dueCharges, sidesOfConnection } from './billed.ts';
import { changeCharge } from './charge-store.ts';
import type { Acting, BillingDeps, StoredCharge } from './documents.ts';
import { isToBeMade, makeCharge } from './make-charge.ts';
import { type Billable, openCharges } from './open-charges.ts';
import { reconcile } from './reconcile.ts';
import { sendRefund } from './refunds.ts';
import { settleIntent } from './settle.ts';

const MINUTE = 60_000;
const LEASE = 5 * MINUTE;
/** A run ends by itself before its lease does; the next one goes on where it was. */
const WORKS = 4 * MINUTE;
/** A payment whose event has not come after this is asked for. */
const PATIENCE = 60 * MINUTE;
/** For so long after a restore shops may bring orders back that had been charged. */
const COME_BACK = 30 * 24 * 60 * MINUTE;
/** Charges that are made beside each other; Stripe takes a hundred calls a second. */
const AT_ONCE = 8;

/**
 * One tick: once a day new charges and the comparison with Stripe, and every time whatever is due. On request what was
 * shipped since the day's charges is charged too. False while another run is at work.
 */
export async function bill(deps: BillingDeps, { onRequest = false } = {}): Promise<boolean> {
  const acting: Acting = { actor: { type: 'system', id: null }, requestId: randomId('request') };
  return withLease(deps, 'bill', LEASE, async (turn) => {
    const until = deps.now() + WORKS;
    const inTime = (): boolean => deps.now() < until;
    const day = timestamp(deps.now).slice(0, 10);
    if (onRequest) Object.assign(turn.cursor, { after: '', opened: '' });
    if (turn.cursor['opened'] !== day) await openAll(turn, day, inTime, acting, deps);
    await makeAll(inTime, acting, deps);
    if (turn.cursor['compared'] !== day) await compareAll(turn, day, inTime, acting, deps);
  });
}

async function openAll(
  turn: Turn,
  day: string,
  inTime: () => boolean,
  acting: Acting,
  deps: BillingDeps,
): Promise<void> {
  const adopted = adopter(turn.cursor, acting, deps);
  for await (const { connection, place } of connections(deps, turn.cursor['after'] ?? '')) {
    if (!inTime()) return;
    const found = await billableOf(sidesOfConnection(connection), deps);
    const billable = found !== undefined && (await adopted(found)) ? found : undefined;
    // What is left of it, the next tick goes on with.
    if (billable !== undefined && !(await openCharges(billable, day, inTime, acting, deps))) return;
    turn.cursor['after'] = place;
  }
  turn.cursor['after'] = '';
  turn.cursor['opened'] = day;
}

/**
 * Whether all that a wholesaler's account was paid since the backup is known here, after a restore. Where it is not, or can
 * not be seen, nothing is charged that day. Orders come back for days, so it is looked at for as long.
 */
function adopter(
  cursor: Turn['cursor'],
  acting: Acting,
  deps: BillingDeps,
): (billable: Billable) => Promise<boolean> {
  const { restoredAt, restoredTo } = cursor;
  if (restoredAt === undefined || restoredTo === undefined) return () => Promise.resolve(true);
  if (deps.now() - Date.parse(restoredAt) > COME_BACK) return () => Promise.resolve(true);
  const known = new Map<string, Promise<boolean>>();
  return ({ supplierId, account: { accountId, mode } }) => {
    const where = { companyId: supplierId, accountId, mode };
    const answer =
      known.get(accountId) ??
      adoptPayments(where, restoredTo, acting, deps).catch((error: unknown) => {
        deps.log.chargeFailed(supplierId, error);
        return false;
      });
    known.set(accountId, answer);
    return answer;
  };
}

async function compareAll(
  turn: Turn,
  day: string,
  inTime: () => boolean,
  acting: Acting,
  deps: BillingDeps,
): Promise<void> {
  for await (const accountId of reconcile(turn.cursor['comparedAfter'] ?? '', acting, deps)) {
    turn.cursor['comparedAfter'] = accountId;
    if (!inTime()) return;
  }
  turn.cursor['comparedAfter'] = '';
  turn.cursor['compared'] = day;
}

/** Goes through all charges that something is to be done for. One that can not go on keeps no other from it. */
async function makeAll(inTime: () => boolean, acting: Acting, deps: BillingDeps): Promise<void> {
  for await (const docs of dueCharges(deps.db)) {
    for (let at = 0; at < docs.length; at += AT_ONCE) {
      if (!inTime()) return;
      await Promise.all(docs.slice(at, at + AT_ONCE).map((doc) => goOnWith(doc, acting, deps)));
    }
  }
}

async function goOnWith(doc: QueryDocumentSnapshot, acting: Acting, deps: BillingDeps): Promise<void> {
  const charge = doc.data() as StoredCharge;
  try {
    await goOn(doc.id, charge, acting, deps);
  } catch (error) {
    deps.log.chargeFailed(charge.supplierId, error);
  }
}

async function goOn(id: string, charge: StoredCharge, acting: Acting, deps: BillingDeps): Promise<void> {
  const { supplierId, accountId, mode, state } = charge;
  const where = { companyId: supplierId, accountId, mode };
  const late = deps.now() - Date.parse(charge.updatedAt) >= PATIENCE;
  if (state === 'processing' && late) {
    await settleIntent(where, charge.paymentIntentId ?? undefined, acting, deps);
    await takeUpAgain(id, charge, deps);
  }
  if (isToBeMade(charge, deps.now)) {
    await makeCharge(supplierId, id, deps);
    deps.onCharge?.(supplierId, id);
  }
  if (state !== 'succeeded') return;
  // Those that were made and whose answer was lost are found by their id before they are asked for again.
  if (late) await settleIntent(where, charge.paymentIntentId ?? undefined, acting, deps);
  for (const { id: refundId, state: refunded, stripeId } of charge.refunds) {
    if (refunded === 'pending' && stripeId === null) await sendRefund(supplierId, id, refundId, deps);
  }
}

/** A payment that Stripe never heard of, though it was about to: the same intent is confirmed once more. */
async function takeUpAgain(id: string, seen: StoredCharge, deps: BillingDeps): Promise<void> {
  const stripe = deps.stripe.of(seen.mode);
  if (seen.paymentIntentId === null) return;
  const intent = await stripe.paymentIntents.retrieve(
    seen.paymentIntentId,
    {},
    { stripeAccount: seen.accountId },
  );
  if (!['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status))
    return;
  await changeCharge(
    seen.supplierId,
    id,
    (charge) =>
      charge.state === 'processing' && charge.attempts === seen.attempts
        ? { ...charge, state: 'pending', nextAttemptAt: timestamp(deps.now) }
        : undefined,
    deps,
  );
}
