import type {
  DocumentReference,
  DocumentSnapshot,
  Firestore,
  Timestamp,
  Transaction,
} from '@google-cloud/firestore';
import { status } from '@grpc/grpc-js';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { hasStatus } from '../cloud/grpc-error.ts';
import type { Keyring } from '../cloud/keyring.ts';
import type { Log } from '../cloud/log.ts';
import type { Publisher } from '../cloud/pubsub.ts';
import type { Party } from '../crypto/record-key.ts';
import { AppError } from '../domain/errors.ts';
import type { StoredOrder } from '../domain/order.ts';
import type { Clock } from '../domain/time.ts';

/** What the steps of an order's path work with. */
export interface OrdersDeps {
  db: Firestore;
  keyring: Keyring;
  publisher: Publisher;
  log: Log;
  now: Clock;
}

/** Who acts, and under which request: the part of an audit entry that a step can not know by itself. */
export type Acting = Pick<AuditEntry, 'actor' | 'requestId'>;

/**
 * The same action as the other side's log tells it: done by the partner. Which of its keys or shops it was is the
 * partner's own matter. `there` is the supply order of the two, which names the connection between them.
 */
export function byPartner(acting: Acting, there: Pick<StoredOrder, 'partner'>): Acting {
  if (there.partner === null) throw new AppError('INTERNAL', 'a supply order has no partner');
  return { ...acting, actor: { type: 'partner', id: there.partner } };
}

/** `sealed/{orderId}`: what is sealed of an order, under the order's own record key. */
export interface SealedRecord {
  companyId: string;
  shipTo: Buffer | null;
  /** HMAC of the address under a key made of the record key: shows a change without opening. */
  shipToMac: Buffer | null;
  details: Buffer | null;
}

/**
 * `orderRefs/{hash of the order's id}`: that an order exists, or that it was erased for good. A tombstone names
 * nothing any more. Nor does `removedAt`: its shop had removed the order before we knew it.
 */
export interface OrderRef {
  companyId: string | null;
  orderId: string | null;
  erasedAt: string | null;
  removedAt?: string;
}

/** An order as it was read, and when it was last written: the version that `ETag` shows. */
export interface ReadOrder {
  id: string;
  order: StoredOrder;
  version: Timestamp;
}

/** Which order of which company an action is about. `checkVersion` throws when it is not the one that was read. */
export interface Target {
  companyId: string;
  orderId: string;
  checkVersion?: ((version: Timestamp) => void) | undefined;
}

export function orderDoc(db: Firestore, companyId: string, orderId: string): DocumentReference {
  return db.doc(paths.order(companyId, orderId));
}

/** NOT_FOUND when the company has no such order, whoever else may have it. */
export function toReadOrder(snapshot: DocumentSnapshot): ReadOrder {
  const order = snapshot.data() as StoredOrder | undefined;
  const version = snapshot.updateTime;
  if (order === undefined || version === undefined) throw new AppError('NOT_FOUND');
  return { id: snapshot.id, order, version };
}

export async function readOrder(db: Firestore, companyId: string, orderId: string): Promise<ReadOrder> {
  return toReadOrder(await orderDoc(db, companyId, orderId).get());
}

/** Reads the order that an action is about, refuses what can not be acted on, and changes it in one transaction. */
export function changeOrder<T>(
  target: Target,
  { db }: Pick<OrdersDeps, 'db'>,
  change: (tx: Transaction, order: StoredOrder) => T | Promise<T>,
): Promise<T> {
  return db.runTransaction(async (tx): Promise<T> => {
    const read = toReadOrder(await tx.get(orderDoc(db, target.companyId, target.orderId)));
    target.checkVersion?.(read.version);
    refuseErasing(read.order);
    return change(tx, read.order);
  });
}

/** The supply orders of an order, by id, within the caller's transaction. A supplier that was deleted has none left. */
export async function readSupplies(
  db: Firestore,
  tx: Transaction,
  order: StoredOrder,
): Promise<Map<string, StoredOrder>> {
  if (order.supplyOrders.length === 0) return new Map();
  const refs = order.supplyOrders.map((supply) => orderDoc(db, supply.companyId, supply.id));
  const snapshots = await tx.getAll(...refs);
  return new Map(
    snapshots.filter(({ exists }) => exists).map((snapshot) => [snapshot.id, toReadOrder(snapshot).order]),
  );
}

/**
 * The owner's order that a supply order is a part of, within the caller's transaction; undefined for an owner's own
 * order. Nothing of it may change once it is being erased.
 */
export async function readOwned(
  db: Firestore,
  tx: Transaction,
  { origin }: StoredOrder,
): Promise<StoredOrder | undefined> {
  if (origin === null) return undefined;
  const { order } = toReadOrder(await tx.get(orderDoc(db, origin.companyId, origin.orderId)));
  refuseErasing(order);
  return order;
}

/** The company that owns the record key of an order, with its own id of the order. */
export function ownerOf(target: Party, order: StoredOrder): Party {
  return order.origin ?? { companyId: target.companyId, orderId: target.orderId };
}

/** An order that is being erased, or was, is not touched any more. */
export function refuseErasing(order: StoredOrder): void {
  if (order.erasing !== null || order.erasedAt !== null) throw new AppError('ORDER_ERASED');
}

/** Firestore's ALREADY_EXISTS. */
export function alreadyExists(error: unknown): boolean {
  return hasStatus(error, status.ALREADY_EXISTS);
}

/** A write that needs a document met none. */
export function alreadyGone(error: unknown): boolean {
  return hasStatus(error, status.NOT_FOUND) || hasStatus(error, status.FAILED_PRECONDITION);
}

/** Somebody else wrote the document since it was read. */
export function writtenInBetween(error: unknown): boolean {
  return hasStatus(error, status.FAILED_PRECONDITION) || hasStatus(error, status.ABORTED);
}
