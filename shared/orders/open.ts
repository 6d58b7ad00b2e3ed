import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import type { Details, ShipTo, StoredOrder } from '../domain/order.ts';
import {
  type Acting,
  orderDoc,
  type OrdersDeps,
  ownerOf,
  type ReadOrder,
  type SealedRecord,
} from './order-store.ts';

/** What was sealed of an order, and the entry that says who opened it. */
export interface Opened {
  shipTo: ShipTo | null;
  details: Details;
  /** Undefined when there was nothing left to open. */
  entry: AuditEntry | undefined;
}

type OpenDeps = Pick<OrdersDeps, 'db' | 'keyring' | 'now'>;

/** What opens to nothing. */
export const NOTHING: Opened = { shipTo: null, details: { titles: {}, tracking: {} }, entry: undefined };

/**
 * Opens an order for the company that has it. The opening is in the log before anything is opened; without the entry
 * there is no answer. An order that is being erased, or was, opens to nothing.
 */
export async function openOrder(
  companyId: string,
  read: ReadOrder,
  acting: Acting,
  deps: OpenDeps,
  facts: AuditEntry['facts'] = {},
): Promise<Opened> {
  const { id, order } = read;
  if (await isErasing(order, deps)) return NOTHING;
  const entry = await logOpening(companyId, id, acting, facts, deps);
  return { ...(await opened(companyId, read, deps)), entry };
}

type UnsealDeps = Pick<OrdersDeps, 'db'> & { keyring: Pick<OrdersDeps['keyring'], 'recordKey'> };

/**
 * What was sealed of an order, with nothing written in the log: only for a caller that has done so. An order that is
 * being erased, or was, by its owner too, opens to nothing: `undefined`.
 */
export async function unseal(
  companyId: string,
  read: ReadOrder,
  deps: UnsealDeps,
): Promise<Pick<Opened, 'shipTo' | 'details'> | undefined> {
  return (await isErasing(read.order, deps)) ? undefined : opened(companyId, read, deps);
}

async function opened(
  companyId: string,
  { id, order }: ReadOrder,
  deps: UnsealDeps,
): Promise<Pick<Opened, 'shipTo' | 'details'>> {
  // A supplier that ships nothing of it, since it declined or all was cancelled, needs no address.
  const shipsNothing = order.origin !== null && order.state === 'cancelled';
  const owner = ownerOf({ companyId, orderId: id }, order);
  const [snapshot, recordKey] = await Promise.all([
    deps.db.doc(paths.sealed(owner.orderId)).get(),
    deps.keyring.recordKey(owner, { companyId, orderId: id }),
  ]);
  const sealed = snapshot.data() as SealedRecord | undefined;
  if (sealed === undefined) throw new AppError('KEY_GONE');
  return {
    shipTo: sealed.shipTo === null || shipsNothing ? null : recordKey.openShipTo(sealed.shipTo),
    details: sealed.details === null ? NOTHING.details : recordKey.openDetails(sealed.details),
  };
}

/** Also while the owner erases its order: a supply order says so only once that is done. */
export async function isErasing(order: StoredOrder, { db }: Pick<OrdersDeps, 'db'>): Promise<boolean> {
  if (order.erasing !== null || order.erasedAt !== null) return true;
  if (order.origin === null) return false;
  const owned = await orderDoc(db, order.origin.companyId, order.origin.orderId).get();
  return !owned.exists || (owned.data() as StoredOrder).erasing !== null;
}

async function logOpening(
  companyId: string,
  id: string,
  acting: Acting,
  facts: AuditEntry['facts'],
  deps: OpenDeps,
): Promise<AuditEntry> {
  const batch = deps.db.batch();
  const record = { type: 'order', id } as const;
  const about = { ...acting, action: 'order.opened', record, result: 'done', facts } as const;
  const entry = addEntry(batch, { companyId, ...about }, deps);
  await batch.commit();
  return entry;
}
