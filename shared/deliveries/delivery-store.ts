import { FieldPath, FieldValue, type Firestore } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import {
  type DeliveryCode,
  type DeliveryMessage,
  type DeliveryState,
  StoredDelivery,
} from '../domain/delivery.ts';
import { AppError } from '../domain/errors.ts';
import { type Clock, timestamp } from '../domain/time.ts';

/** Who acts, and under which request. */
export type Acting = Pick<AuditEntry, 'actor' | 'requestId'>;

/** A delivery that this run has to itself until the claim ends. */
export interface Claimed {
  id: string;
  delivery: StoredDelivery;
}

type Deps = { db: Firestore; now: Clock };

/** Longer than every call of one attempt together, in milliseconds. */
const CLAIM = 3 * 60_000;
/** With the waits between them the last attempt comes after a day and a half. */
export const MOST_ATTEMPTS = 12;

export async function readDelivery(
  { companyId, deliveryId }: DeliveryMessage,
  { db }: Pick<Deps, 'db'>,
): Promise<StoredDelivery | undefined> {
  const found = await db.doc(paths.delivery(companyId, deliveryId)).get();
  return found.exists ? StoredDelivery.parse(found.data()) : undefined;
}

/**
 * Takes the oldest unfinished delivery of a stream. Undefined when there is none, when its time has not come, or when
 * another run has it: then nothing younger of the stream goes out either.
 */
export async function claimOldest(
  companyId: string,
  stream: string,
  { db, now }: Deps,
): Promise<Claimed | undefined> {
  const oldest = db
    .collection(paths.deliveries(companyId))
    .where('stream', '==', stream)
    .where('state', 'in', ['pending', 'failed'])
    .orderBy('createdAt')
    .limit(1);
  return db.runTransaction(async (tx) => {
    const [found] = (await tx.get(oldest)).docs;
    if (found === undefined) return undefined;
    const delivery = StoredDelivery.parse(found.data());
    const at = timestamp(now);
    if (isWaiting(delivery, at)) return undefined;
    const claimed = {
      claimedUntil: new Date(now() + CLAIM).toISOString(),
      attempts: delivery.attempts + 1,
      lastAttemptAt: at,
    };
    tx.update(found.ref, claimed);
    return { id: found.id, delivery: { ...delivery, ...claimed } };
  });
}

/** Whether nobody may try it yet. Times are of one form and compare as text. */
export function isWaiting({ claimedUntil, nextAttemptAt }: StoredDelivery, at: string): boolean {
  return (claimedUntil !== null && claimedUntil > at) || (nextAttemptAt !== null && nextAttemptAt > at);
}

export type Outcome =
  | { state: 'done'; shopId: string | null }
  | { state: 'failed'; code: DeliveryCode; nextAttemptAt: number; counts: boolean }
  | { state: 'dead'; code: DeliveryCode };

/**
 * Writes what became of an attempt. What is done or given up is in the merchant's log with it. A run that was stuck until
 * its claim ended writes nothing: whoever has claimed the delivery since tells what became of it.
 */
export async function settle(
  { id, delivery }: Claimed,
  outcome: Outcome,
  acting: Acting,
  { db, now }: Deps,
): Promise<void> {
  const { companyId, claimedUntil } = delivery;
  const ref = db.doc(paths.delivery(companyId, id));
  await db.runTransaction(async (tx) => {
    const found = await tx.get(ref);
    if (found.get('claimedUntil') !== claimedUntil) return;
    const both = { claimedUntil: null, updatedAt: timestamp(now) };
    // A stock that changed while it was being sent is sent once more: it waits from its first attempt on, and what became
    // of this one is not told.
    if (found.get('createdAt') !== delivery.createdAt) {
      tx.update(ref, both);
      return;
    }
    const state = outcome.state satisfies DeliveryState;
    if (outcome.state === 'failed') {
      const nextAttemptAt = new Date(outcome.nextAttemptAt).toISOString();
      const attempts = delivery.attempts - (outcome.counts ? 0 : 1);
      tx.update(ref, { ...both, state, attempts, lastCode: outcome.code, nextAttemptAt });
      return;
    }
    const made =
      outcome.state === 'done' ? { shopId: outcome.shopId, lastCode: null } : { lastCode: outcome.code };
    tx.update(ref, { ...both, state, nextAttemptAt: null, due: FieldValue.delete(), ...made });
    addEntry(
      tx,
      { companyId, ...acting, record: { type: 'delivery', id }, ...toldOf(delivery, outcome) },
      { db, now },
    );
  });
}

function toldOf(
  delivery: StoredDelivery,
  outcome: Exclude<Outcome, { state: 'failed' }>,
): Pick<AuditEntry, 'action' | 'result' | 'facts'> {
  const facts = aboutOf(delivery);
  return outcome.state === 'done'
    ? { action: 'delivery.sent', result: 'done', facts }
    : { action: 'delivery.given_up', result: 'refused', facts: { ...facts, deliveryCode: outcome.code } };
}

/** What an entry says of a delivery: ids. */
export function aboutOf({ orderId, fulfilmentId, target }: StoredDelivery) {
  return {
    ...(orderId === null ? {} : { orderId }),
    ...(fulfilmentId === null ? {} : { fulfilmentId }),
    ...(target.type === 'connection' ? { connectionId: target.id } : { endpointId: target.id }),
  };
}

/** What the shop calls the shipments of an order that were made before: none of these is the one to be made. */
export async function shipmentsMade(
  { companyId, stream }: StoredDelivery,
  { db }: Pick<Deps, 'db'>,
): Promise<Map<string, string>> {
  const found = await db
    .collection(paths.deliveries(companyId))
    .where('stream', '==', stream)
    .where('state', '==', 'done')
    .orderBy('createdAt')
    .get();
  return new Map(
    found.docs.flatMap((doc) => {
      const { kind, fulfilmentId, shopId } = StoredDelivery.parse(doc.data());
      return kind === 'shipment' && fulfilmentId !== null && shopId !== null ? [[fulfilmentId, shopId]] : [];
    }),
  );
}

export interface DeliveryFilter {
  state?: DeliveryState | undefined;
  orderId?: string | undefined;
}

/** Up to `limit` deliveries of one company, the newest first, after a place in the list. */
export async function listDeliveries(
  companyId: string,
  filter: DeliveryFilter,
  page: { limit: number; after: [createdAt: string, id: string] | undefined },
  { db }: Pick<Deps, 'db'>,
): Promise<{ id: string; delivery: StoredDelivery }[]> {
  let query = db.collection(paths.deliveries(companyId)).orderBy('createdAt', 'desc');
  if (filter.state !== undefined) query = query.where('state', '==', filter.state);
  if (filter.orderId !== undefined) query = query.where('orderId', '==', filter.orderId);
  query = query.orderBy(FieldPath.documentId(), 'desc');
  if (page.after !== undefined) query = query.startAfter(...page.after);
  const found = await query.limit(page.limit).get();
  return found.docs.map((doc) => ({ id: doc.id, delivery: StoredDelivery.parse(doc.data()) }));
}

/** A delivery that was given up, from its first attempt on. `DELIVERY_NOT_DEAD` for any other. */
export function revived(delivery: StoredDelivery, due: number, now: Clock): StoredDelivery {
  if (delivery.state !== 'dead') throw new AppError('DELIVERY_NOT_DEAD');
  const at = timestamp(now);
  return { ...delivery, state: 'pending', attempts: 0, nextAttemptAt: null, updatedAt: at, due };
}

/** What a merchant sees of a delivery. */
export function deliveryView(id: string, delivery: StoredDelivery) {
  const { kind, event, orderId, sku, fulfilmentId, target, state, attempts } = delivery;
  const { lastAttemptAt, lastCode, nextAttemptAt, createdAt, updatedAt } = delivery;
  return {
    ...{ id, kind, event, orderId, sku, fulfilmentId, target, state, attempts },
    ...{ lastAttemptAt, lastCode, nextAttemptAt, createdAt, updatedAt },
  };
}
