import { createHash } from 'node:crypto';
import { FieldValue, type Firestore } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import { orderRefId, paths } from '../cloud/firestore.ts';
import type { Keyring } from '../cloud/keyring.ts';
import type { Ledger } from '../cloud/storage.ts';
import type { Party } from '../crypto/record-key.ts';
import type { StoredOrder } from '../domain/order.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { orderHash } from './erasure.ts';
import { type Acting, alreadyGone, orderDoc, type OrderRef, ownerOf } from './order-store.ts';

export interface DestroyDeps {
  db: Firestore;
  keyring: Pick<Keyring, 'destroyRecordKey' | 'unshare'>;
  ledger: Ledger;
  now: Clock;
}

/**
 * Erases one order for good: ledger, record key, sealed bytes, order, tombstone. Each step can be repeated, and a
 * run that was killed is finished by the next. What partners keep is their trade: lines, money and state.
 */
export async function destroyOrder(
  owner: Party,
  erasureId: string | undefined,
  acting: Acting,
  deps: DestroyDeps,
): Promise<void> {
  const { db, keyring, ledger, now } = deps;
  const { companyId, orderId } = owner;
  await ledger.record({
    recordKeyHash: orderHash(orderId),
    orderRefHash: orderRefId(orderId),
    at: timestamp(now),
  });
  await keyring.destroyRecordKey(orderId);

  const ref = orderDoc(db, companyId, orderId);
  const order = (await ref.get()).data() as StoredOrder | undefined;
  const at = timestamp(now);
  const commit = async (supplies: StoredOrder['supplyOrders']): Promise<void> => {
    const batch = db.batch();
    batch.delete(db.doc(paths.sealed(orderId)));
    batch.set(db.doc(paths.orderRef(orderId)), tombstone(at));
    if (order !== undefined) {
      // Of two that run at once only one deletes the order, and so only one writes the entries.
      batch.delete(ref, { exists: true });
      for (const supply of supplies) {
        batch.update(orderDoc(db, supply.companyId, supply.id), withoutPersonalTrace(at));
        const record = { type: 'order', id: supply.id } as const;
        const about = { ...acting, action: 'order.erased_by_owner', record, result: 'done' } as const;
        addEntry(batch, { companyId: supply.companyId, ...about, facts: {} }, deps);
      }
      const record = { type: 'order', id: orderId } as const;
      const facts = erasureId === undefined ? {} : { erasureId };
      addEntry(batch, { companyId, ...acting, action: 'order.erased', record, result: 'done', facts }, deps);
    }
    await batch.commit();
  };
  const supplies = order?.supplyOrders ?? [];
  try {
    await commit(supplies);
  } catch (error) {
    if (!alreadyGone(error)) throw error;
    // By another run, or with a supplier that was deleted: only then is it looked who is left.
    if ((await ref.get()).exists) await commit(await stillThere(supplies, db));
  }
}

/** Takes from a partner what it could open of somebody else's order; its trade stays. */
export async function removeView(
  holder: Party,
  erasureId: string | undefined,
  acting: Acting,
  deps: DestroyDeps,
): Promise<void> {
  const { db, keyring, ledger, now } = deps;
  const ref = orderDoc(db, holder.companyId, holder.orderId);
  const order = (await ref.get()).data() as StoredOrder | undefined;
  if (order === undefined) return;
  const owner = ownerOf(holder, order);
  const hash = wrapHash(owner.orderId, holder.orderId);
  // Twice the same, which no order's two are: a partner's order has no reference of its own that could come back.
  await ledger.record({ recordKeyHash: hash, orderRefHash: hash, at: timestamp(now) });
  await keyring.unshare(owner, holder);

  await db.runTransaction(async (tx) => {
    const fresh = (await tx.get(ref)).data() as StoredOrder | undefined;
    if (fresh === undefined || fresh.erasedAt !== null) return;
    tx.update(ref, withoutPersonalTrace(timestamp(now)));
    const record = { type: 'order', id: holder.orderId } as const;
    const facts = erasureId === undefined ? {} : { erasureId };
    const about = { ...acting, action: 'order.view_removed', record, result: 'done', facts } as const;
    addEntry(tx, { companyId: holder.companyId, ...about }, deps);
  });
}

/** What stays of an erased order's reference, so that it never comes back. */
export function tombstone(erasedAt: string): OrderRef {
  return { companyId: null, orderId: null, erasedAt };
}

/** What the ledger calls one partner's wrap of a record key: SHA-256 of both order ids, in hex. */
export function wrapHash(ownerOrderId: string, holderOrderId: string): string {
  return sha256(`${ownerOrderId}/${holderOrderId}`);
}

/** A supplier that was deleted took its supply orders along. */
async function stillThere(
  supplies: StoredOrder['supplyOrders'],
  db: Firestore,
): Promise<StoredOrder['supplyOrders']> {
  if (supplies.length === 0) return [];
  const found = await db.getAll(...supplies.map(({ id, companyId }) => orderDoc(db, companyId, id)));
  return supplies.filter((_, place) => found[place]?.exists === true);
}

/** The shops' own numbers of the order and its shipments go too: they are ways to find the consumer there. */
function withoutPersonalTrace(at: string): Partial<Record<keyof StoredOrder, unknown>> {
  return { erasedAt: at, code: '', updatedAt: at, shippedThere: FieldValue.delete() };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
