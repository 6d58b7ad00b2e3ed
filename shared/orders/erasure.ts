import { createHash } from 'node:crypto';
import type { Firestore, Query, Timestamp } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { dueSlot } from '../domain/due.ts';
import { AppError } from '../domain/errors.ts';
import { randomId } from '../domain/ids.ts';
import type { StoredOrder } from '../domain/order.ts';
import { timestamp } from '../domain/time.ts';
import {
  type Acting,
  orderDoc,
  type OrdersDeps,
  type Target,
  toReadOrder,
  writtenInBetween,
} from './order-store.ts';

/** How many orders one erasure covers at most: its certificate names each of them. */
export const MOST_ORDERS = 500;
/** How often erasing all that is archived starts over because one of the orders was changed meanwhile. */
const MOST_TRIES = 5;

/**
 * `companies/{companyId}/erasures/{erasureId}`: of `orders`, the company's own, the record keys are destroyed; `views`
 * are supply orders, of which only what this company could open is taken away.
 */
export interface StoredErasure {
  companyId: string;
  orders: string[];
  views: string[];
  state: 'pending' | 'destroyed' | 'confirmed';
  requestedAt: string;
  destroyedAt: string | null;
  /** From when on no copy of the keys is left anywhere, the backups included. */
  horizon: string | null;
  /** Compact JWS by the `attest` key. */
  certificate: string | null;
  due?: number;
  /** `{hour of the horizon}/{slot}`, until the destruction is confirmed. */
  confirmDue?: string;
}

/** Where `sweep` finds an erasure in the hour after `time` (RFC 3339): `{hour}/{slot}`. */
export function confirmSlot(time: string): string {
  return `${time.slice(0, 13)}/${dueSlot()}`;
}

export interface Requested {
  id: string;
  erasure: StoredErasure;
  /** Undefined when the erasure was asked for before. */
  entry: AuditEntry | undefined;
}

/** What a certificate and the ledger call an order: SHA-256 of its id, in hex. */
export function orderHash(orderId: string): string {
  return createHash('sha256').update(orderId).digest('hex');
}

/**
 * Marks an archived order as `erasing` and asks for its erasure; asking twice answers the same erasure.
 * ORDER_NOT_ARCHIVED for any other order, ORDER_ERASED for what its owner has erased.
 */
export async function requestErasure(target: Target, acting: Acting, deps: OrdersDeps): Promise<Requested> {
  const { db, now } = deps;
  const { companyId, orderId } = target;
  const ref = orderDoc(db, companyId, orderId);
  const requested = await db.runTransaction(async (tx): Promise<Requested> => {
    const { order, version } = toReadOrder(await tx.get(ref));
    if (order.erasing !== null) {
      const known = await tx.get(db.doc(paths.erasure(companyId, order.erasing)));
      return { id: known.id, erasure: known.data() as StoredErasure, entry: undefined };
    }
    if (order.erasedAt !== null) throw new AppError('ORDER_ERASED');
    target.checkVersion?.(version);
    if (!order.archived) throw new AppError('ORDER_NOT_ARCHIVED');
    const id = randomId('erasure');
    const erasure = newErasure(companyId, [{ id: orderId, partner: order.partner }], timestamp(now));
    tx.update(ref, { erasing: id, updatedAt: timestamp(now) });
    tx.create(db.doc(paths.erasure(companyId, id)), erasure);
    const record = { type: 'order', id: orderId } as const;
    const facts = { erasureId: id };
    const about = { ...acting, action: 'order.erasing', record, result: 'intended', facts } as const;
    return { id, erasure, entry: addEntry(tx, { companyId, ...about }, deps) };
  });
  await publishErasure(companyId, requested, deps);
  return requested;
}

/**
 * Asks for the erasure of everything that the company has archived, up to 500 at once; `more` says that others are left.
 * Undefined when there are none.
 */
export function requestArchivedErasure(
  companyId: string,
  acting: Acting,
  deps: OrdersDeps,
): Promise<(Requested & { more: boolean }) | undefined> {
  const archived = deps.db.collection(paths.orders(companyId)).where('archived', '==', true);
  return requestErasureOf(archived, 'orders.erase_archived', companyId, acting, deps);
}

/** The same for a company that is deleted: of everything, archived or not. */
export function requestWholeErasure(
  companyId: string,
  acting: Acting,
  deps: Omit<OrdersDeps, 'keyring'>,
): Promise<(Requested & { more: boolean }) | undefined> {
  const all = deps.db.collection(paths.orders(companyId));
  return requestErasureOf(all, 'orders.erase_all', companyId, acting, deps);
}

/** The same for orders that a platform wants erased for a consumer: each has ended, archived or not. */
export async function requestRedaction(
  companyId: string,
  orders: FoundOrder[],
  acting: Acting,
  deps: Omit<OrdersDeps, 'keyring'>,
): Promise<void> {
  for (let from = 0; from < orders.length; from += MOST_ORDERS) {
    const some = orders.slice(from, from + MOST_ORDERS);
    const requested = await markAll(companyId, 'orders.erase_by_platform', some, acting, deps);
    await publishErasure(companyId, requested, deps);
  }
}

async function requestErasureOf(
  among: Query,
  action: ErasureAction,
  companyId: string,
  acting: Acting,
  deps: Omit<OrdersDeps, 'keyring'>,
): Promise<(Requested & { more: boolean }) | undefined> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const found = await ordersAmong(among);
    if (found.length === 0) return undefined;
    try {
      const requested = await markAll(companyId, action, found.slice(0, MOST_ORDERS), acting, deps);
      await publishErasure(companyId, requested, deps);
      return { ...requested, more: found.length > MOST_ORDERS };
    } catch (error) {
      // One of them was changed since: opened again by its shop, or deleted by itself.
      if (!writtenInBetween(error)) throw error;
    }
  }
  throw new AppError('UNAVAILABLE', 'the orders keep changing');
}

type ErasureAction = 'orders.erase_archived' | 'orders.erase_all' | 'orders.erase_by_platform';

export interface FoundOrder {
  id: string;
  partner: string | null;
  version: Timestamp;
}

async function ordersAmong(among: Query): Promise<FoundOrder[]> {
  const found = await among
    .where('erasing', '==', null)
    .where('erasedAt', '==', null)
    .limit(MOST_ORDERS + 1)
    .select('partner')
    .get();
  return found.docs.map((doc) => {
    const { partner } = doc.data() as Pick<StoredOrder, 'partner'>;
    return { id: doc.id, partner, version: doc.updateTime };
  });
}

async function markAll(
  companyId: string,
  action: ErasureAction,
  orders: FoundOrder[],
  acting: Acting,
  { db, now }: Pick<OrdersDeps, 'db' | 'now'>,
): Promise<Requested> {
  const id = randomId('erasure');
  const erasure = newErasure(companyId, orders, timestamp(now));
  const batch = db.batch();
  batch.create(db.doc(paths.erasure(companyId, id)), erasure);
  // Marked at once, so that asking again finds only others.
  for (const order of orders) {
    batch.update(orderDoc(db, companyId, order.id), { erasing: id }, { lastUpdateTime: order.version });
  }
  const record = { type: 'erasure', id } as const;
  const facts = { orders: orders.length };
  const about = { ...acting, action, record, result: 'intended', facts } as const;
  const entry = addEntry(batch, { companyId, ...about }, { db, now });
  await batch.commit();
  return { id, erasure, entry };
}

/** NOT_FOUND when the company has no such erasure. */
export async function readErasure(
  db: Firestore,
  companyId: string,
  erasureId: string,
): Promise<StoredErasure> {
  const found = await db.doc(paths.erasure(companyId, erasureId)).get();
  if (!found.exists) throw new AppError('NOT_FOUND');
  return found.data() as StoredErasure;
}

function newErasure(
  companyId: string,
  orders: { id: string; partner: string | null }[],
  requestedAt: string,
): StoredErasure {
  return {
    companyId,
    orders: orders.filter(({ partner }) => partner === null).map(({ id }) => id),
    views: orders.filter(({ partner }) => partner !== null).map(({ id }) => id),
    state: 'pending',
    requestedAt,
    destroyedAt: null,
    horizon: null,
    certificate: null,
    due: dueSlot(),
  };
}

/** A message that gets lost is made up for by `sweep`. */
async function publishErasure(
  companyId: string,
  { id, erasure }: Requested,
  deps: Pick<OrdersDeps, 'publisher' | 'log'>,
): Promise<void> {
  if (erasure.state !== 'pending') return;
  try {
    await deps.publisher.erasure({ companyId, erasureId: id });
  } catch {
    deps.log.publishFailed('erasures', id, companyId);
  }
}
