import { FieldPath, type QueryDocumentSnapshot } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { type Turn, withLease } from '../cloud/lease.ts';
import { randomId } from '../domain/ids.ts';
import { DUE_SLOTS, type StoredOrder } from '../domain/order.ts';
import { timestamp } from '../domain/time.ts';
import { adoptPayments } from './adopt.ts';
import { isTooLittle } from './amounts.ts';
import { changeCharge } from './charge-store.ts';
import type { Acting, BillingDeps, StoredAccount, StoredCard, StoredCharge } from './documents.ts';
import { isDue, makeCharge } from './make-charge.ts';
import { type Billable, openCharges } from './open-charges.ts';
import { reconcile } from './reconcile.ts';
import { sendRefund } from './refunds.ts';
import { settleIntent } from './settle.ts';
import { marksOf, sumOf, unbilledOf } from './unbilled.ts';

const MINUTE = 60_000;
const LEASE = 5 * MINUTE;
/** A run ends by itself before its lease does; the next one goes on where it was. */
const WORKS = 4 * MINUTE;
/** A payment whose event has not come after this is asked for. */
const PATIENCE = 60 * MINUTE;
/** For so long after a restore shops may bring orders back that had been charged. */
const COME_BACK = 30 * 24 * 60 * MINUTE;
const PAGE = 50;
/** Charges that are made beside each other; Stripe takes a hundred calls a second. */
const AT_ONCE = 8;
const SLOTS = Array.from({ length: DUE_SLOTS }, (_, slot) => slot);

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
  for await (const connection of connections(deps, turn.cursor['after'] ?? '')) {
    if (!inTime()) return;
    const found = await billableOf(connection, deps);
    const billable = found !== undefined && (await adopted(found)) ? found : undefined;
    // What is left of it, the next tick goes on with.
    if (billable !== undefined && !(await openCharges(billable, day, inTime, acting, deps))) return;
    turn.cursor['after'] = connection.ref.path;
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

/** Every connection that is billed, as its wholesaler has it, page by page. */
async function* connections({ db }: BillingDeps, after: string): AsyncGenerator<QueryDocumentSnapshot> {
  const query = db
    .collectionGroup('partners')
    .where('terms.bill', '==', true)
    .orderBy(FieldPath.documentId())
    .limit(PAGE);
  let last: string | undefined = after === '' ? undefined : after;
  for (;;) {
    const { docs } = await (last === undefined ? query : query.startAfter(db.doc(last))).get();
    yield* docs.filter((doc) => doc.get('role') === 'retailer');
    last = docs.at(-1)?.ref.path;
    if (last === undefined || docs.length < PAGE) return;
  }
}

/** Undefined while there is nothing to charge by: what shipped waits, and is on one charge later. */
async function billableOf(
  connection: QueryDocumentSnapshot,
  { db }: BillingDeps,
): Promise<Billable | undefined> {
  const supplierId = connection.ref.parent.parent?.id ?? '';
  const partnerId = connection.id;
  const [first, second] = await db.getAll(
    db.doc(paths.billingAccount(supplierId)),
    db.doc(paths.card(supplierId, partnerId)),
  );
  const account = first?.data() as StoredAccount | undefined;
  const card = second?.data() as StoredCard | undefined;
  if (account?.state !== 'ready' || card?.accountId !== account.accountId || card.paymentMethodId === null) {
    return undefined;
  }
  return { partnerId, supplierId, retailerId: String(connection.get('companyId')), account, card };
}

/** Goes through all charges that something is to be done for. One that can not go on keeps no other from it. */
async function makeAll(inTime: () => boolean, acting: Acting, deps: BillingDeps): Promise<void> {
  const query = deps.db
    .collectionGroup('charges')
    .where('due', 'in', SLOTS)
    .orderBy(FieldPath.documentId())
    .limit(PAGE);
  let last: QueryDocumentSnapshot | undefined;
  for (;;) {
    const { docs } = await (last === undefined ? query : query.startAfter(last)).get();
    for (let at = 0; at < docs.length; at += AT_ONCE) {
      if (!inTime()) return;
      await Promise.all(docs.slice(at, at + AT_ONCE).map((doc) => goOnWith(doc, acting, deps)));
    }
    last = docs.at(-1);
    if (last === undefined || docs.length < PAGE) return;
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
  if ((state === 'pending' || state === 'declined') && isDue(charge, deps.now))
    await makeCharge(supplierId, id, deps);
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

/** What the next run would charge, without writing anything. */
export interface Preview {
  partnerId: string;
  supplierId: string;
  currency: string;
  orders: number;
  amount: number;
  outcome: 'charged' | 'waits for an account and a card' | 'waits for more, too little by itself';
}

export async function* previewBill(deps: BillingDeps): AsyncGenerator<Preview> {
  const { db } = deps;
  for await (const connection of connections(deps, '')) {
    const supplierId = connection.ref.parent.parent?.id ?? '';
    const partnerId = connection.id;
    const ready = (await billableOf(connection, deps)) !== undefined;
    for (const mark of await marksOf({ supplierId, partnerId }, db)) {
      const row: Preview = {
        partnerId,
        supplierId,
        currency: mark.slice(partnerId.length + 1),
        orders: 0,
        amount: 0,
        outcome: ready ? 'charged' : 'waits for an account and a card',
      };
      const query = db
        .collection(paths.orders(supplierId))
        .where('unbilled', '==', mark)
        .orderBy(FieldPath.documentId());
      let last: QueryDocumentSnapshot | undefined;
      for (;;) {
        const { docs } = await (last === undefined ? query : query.startAfter(last)).limit(PAGE).get();
        row.orders += docs.length;
        row.amount += docs.reduce((sum, doc) => sum + sumOf(unbilledOf(doc.data() as StoredOrder).lines), 0);
        last = docs.at(-1);
        if (docs.length < PAGE) break;
      }
      const little = row.amount > 0 && isTooLittle(row.amount, row.currency);
      if (ready && little) row.outcome = 'waits for more, too little by itself';
      yield row;
    }
  }
}
