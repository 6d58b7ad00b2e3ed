import { FieldPath, FieldValue, type Firestore, type QueryDocumentSnapshot } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import { paths } from '../cloud/firestore.ts';
import type { Log } from '../cloud/log.ts';
import type { Publisher } from '../cloud/pubsub.ts';
import { SLOTS } from '../domain/due.ts';
import { AppError } from '../domain/errors.ts';
import { randomId } from '../domain/ids.ts';
import type { StoredOrder } from '../domain/order.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { cancel } from './cancel.ts';
import { type FoundOrder, requestRedaction } from './erasure.ts';
import {
  type Acting,
  byPartner,
  orderDoc,
  readSupplies,
  toReadOrder,
  writtenInBetween,
} from './order-store.ts';
import type { StoredPrivacyRequest } from './privacy-request.ts';
import { canArchive } from './progress.ts';

export interface RedactDeps {
  db: Firestore;
  publisher: Publisher;
  log: Log;
  now: Clock;
}

const MOST_REQUESTS = 50;
/** Orders looked at in one tick for one request. */
const PAGE = 100;

/**
 * Carries out what platforms ask for privacy's sake: an order with nothing left to ship is erased at once, another when
 * its last supply order ends, and at the latest when the request's time is over. Until then both sides see that date.
 */
export async function redactDue(deps: RedactDeps): Promise<void> {
  const due = await deps.db
    .collectionGroup('privacyRequests')
    .where('due', 'in', SLOTS)
    .orderBy(FieldPath.documentId())
    .limit(MOST_REQUESTS)
    .get();
  for (const doc of due.docs) await carryOut(doc, deps);
}

async function carryOut(doc: QueryDocumentSnapshot, deps: RedactDeps): Promise<void> {
  const request = doc.data() as StoredPrivacyRequest;
  const acting: Acting = { actor: { type: 'system', id: null }, requestId: randomId('request') };
  if (request.kind === 'customer_redact') {
    const waiting = await redact(request.orders, request, acting, deps);
    await doc.ref.update(waiting === 0 ? ended() : { waiting });
    return;
  }
  const { companyId, connectionId, cursor } = request;
  const page = deps.db.collection(paths.orders(companyId)).orderBy(FieldPath.documentId()).limit(PAGE);
  const { docs } = await (cursor === '' ? page : page.startAfter(cursor)).get();
  const ofShop = docs.filter((each) => (each.data() as StoredOrder).source?.connectionId === connectionId);
  const left = await redact(
    ofShop.map(({ id }) => id),
    request,
    acting,
    deps,
  );
  // A round begins with nobody waiting and ends with the last page.
  const waiting = (cursor === '' ? 0 : request.waiting) + left;
  const last = docs.at(-1);
  if (last !== undefined && docs.length === PAGE) await doc.ref.update({ cursor: last.id, waiting });
  else await doc.ref.update(waiting === 0 ? ended() : { cursor: '', waiting });
}

function ended() {
  return { state: 'done', waiting: 0, cursor: '', due: FieldValue.delete() };
}

/** How many of them could not be erased yet. */
async function redact(
  ids: string[],
  { companyId, until }: StoredPrivacyRequest,
  acting: Acting,
  deps: RedactDeps,
): Promise<number> {
  const { db, now } = deps;
  const ready: FoundOrder[] = [];
  let waiting = 0;
  for (const id of ids) {
    let found = await orderDoc(db, companyId, id).get();
    let order = found.data() as StoredOrder | undefined;
    if (order === undefined || order.erasing !== null || order.erasedAt !== null) continue;
    if (!canArchive(order) && Date.parse(until) <= now()) {
      await endAll(companyId, id, acting, deps);
      found = await orderDoc(db, companyId, id).get();
      order = found.data() as StoredOrder;
    }
    if (canArchive(order)) {
      ready.push({ id, partner: order.partner, version: toReadOrder(found).version });
    } else {
      waiting += 1;
      if (order.eraseBy === undefined || order.eraseBy > until)
        await announce(companyId, id, until, acting, deps);
    }
  }
  if (ready.length === 0) return waiting;
  try {
    await requestRedaction(companyId, ready, acting, deps);
    return waiting;
  } catch (error) {
    // One of them was changed since it was read: the next tick looks again.
    if (!writtenInBetween(error)) throw error;
    return waiting + ready.length;
  }
}

async function endAll(companyId: string, orderId: string, acting: Acting, deps: RedactDeps): Promise<void> {
  try {
    await cancel({ companyId, orderId }, undefined, acting, deps);
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'QUANTITY_EXCEEDED')) throw error;
  }
}

/** Both sides see by when the address will be gone: what is to be shipped is shipped before. */
async function announce(
  companyId: string,
  orderId: string,
  until: string,
  acting: Acting,
  deps: RedactDeps,
): Promise<void> {
  const { db, now } = deps;
  const ref = orderDoc(db, companyId, orderId);
  await db.runTransaction(async (tx) => {
    const order = (await tx.get(ref)).data() as StoredOrder | undefined;
    if (order === undefined || order.erasing !== null) return;
    const supplies = await readSupplies(db, tx, order);
    const said = { eraseBy: until, updatedAt: timestamp(now) };
    const entry = (of: string, id: string, by: Acting) => {
      const record = { type: 'order', id } as const;
      const about = { ...by, action: 'order.erasure_announced', record, result: 'done', facts: {} } as const;
      addEntry(tx, { companyId: of, ...about }, deps);
    };
    tx.update(ref, said);
    entry(companyId, orderId, acting);
    for (const [id, supply] of supplies) {
      if (supply.erasing !== null || supply.erasedAt !== null) continue;
      tx.update(orderDoc(db, supply.companyId, id), said);
      entry(supply.companyId, id, byPartner(acting, supply));
    }
  });
}
