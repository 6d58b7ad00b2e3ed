import { FieldPath, type Firestore } from '@google-cloud/firestore';
import { orderRefId } from '../cloud/firestore.ts';
import type { Keyring } from '../cloud/keyring.ts';
import type { Party } from '../crypto/record-key.ts';
import type { StoredOrder } from '../domain/order.ts';
import { type DestroyDeps, destroyOrder, removeView, tombstone, wrapHash } from './destroy.ts';
import { orderHash } from './erasure.ts';
import { type Acting, orderDoc, type OrderRef } from './order-store.ts';

export interface ReplayDeps extends DestroyDeps {
  keyring: Pick<Keyring, 'destroyRecordKey' | 'unshare' | 'recordKeys'>;
}

/** What a replay looked at, and what it removed. */
export interface Replayed {
  ledgerEntries: number;
  recordKeys: number;
  orderRefs: number;
  ordersErased: number;
  viewsRemoved: number;
  /** Of orders that the restored databases know nothing else of. */
  tombstones: number;
  /**
   * Orders that were erased before the backup, and of which the ledger knows nothing: an erasure is in it before anything of
   * the order goes, so this is another hub's ledger, or it has lost entries.
   */
  notInLedger: number;
}

const PAGE = 500;

/**
 * Removes what a restore brought back: every order and every partner's wrap that the erasure ledger names, in either
 * database. Runs before any function may read, and can be run at any other time: it then finds nothing.
 */
export async function replayLedger(
  acting: Acting,
  deps: ReplayDeps,
  progress: (so: Replayed) => void = () => undefined,
): Promise<Replayed> {
  const keys = new Set<string>();
  const refs = new Map<string, string>();
  for await (const entry of deps.ledger.entries()) {
    keys.add(entry.recordKeyHash);
    // Of a partner's wrap, or of a company: neither has a reference that needs a tombstone.
    if (entry.orderRefHash === entry.recordKeyHash) continue;
    refs.set(entry.orderRefHash, entry.at);
  }
  const so: Replayed = {
    ledgerEntries: keys.size,
    recordKeys: 0,
    orderRefs: 0,
    ordersErased: 0,
    viewsRemoved: 0,
    tombstones: 0,
    notInLedger: 0,
  };

  for await (const key of allRecordKeys(deps.keyring)) {
    so.recordKeys += 1;
    if (keys.has(orderHash(key.orderId))) {
      await destroyOrder({ companyId: key.companyId, orderId: key.orderId }, undefined, acting, deps);
      so.ordersErased += 1;
      progress(so);
      continue;
    }
    for (const holder of key.holders) {
      if (!keys.has(wrapHash(key.orderId, holder.orderId))) continue;
      await removeView(holder, undefined, acting, deps);
      await deps.keyring.unshare({ companyId: key.companyId, orderId: key.orderId }, holder);
      so.viewsRemoved += 1;
      progress(so);
    }
  }
  // What only the other database brought back: the keys are gone, the documents are not.
  for await (const page of orderRefPages(deps.db)) {
    const known = page.filter(isKnown);
    so.orderRefs += known.length;
    so.notInLedger += page.filter(({ id, erasedAt }) => erasedAt !== null && !refs.has(id)).length;
    const standing = known.filter((ref) => ref.erasedAt === null);
    const erased = standing.filter((ref) => refs.has(orderRefId(ref.orderId)));
    for (const { companyId, orderId } of erased) {
      await destroyOrder({ companyId, orderId }, undefined, acting, deps);
      so.ordersErased += 1;
      progress(so);
    }
    const others = standing.filter((ref) => !erased.includes(ref));
    for (const holder of await returnedViews(others, keys, deps.db)) {
      await removeView(holder, undefined, acting, deps);
      so.viewsRemoved += 1;
      progress(so);
    }
  }
  so.tombstones = await putUpTombstones(refs, deps.db);
  return so;
}

/** An order that was stored and erased since the backup left no trace in it: its tombstone keeps it from coming back. */
async function putUpTombstones(refs: Map<string, string>, db: Firestore): Promise<number> {
  const ids = [...refs.keys()];
  let made = 0;
  for (let from = 0; from < ids.length; from += PAGE) {
    const found = await db.getAll(...ids.slice(from, from + PAGE).map((id) => db.doc(`orderRefs/${id}`)));
    const missing = found.filter((doc) => !doc.exists);
    const batch = db.batch();
    for (const { ref } of missing) batch.create(ref, tombstone(refs.get(ref.id) ?? ''));
    await batch.commit();
    made += missing.length;
  }
  return made;
}

/**
 * Supply orders of these orders that stand as if nothing had been taken from them, though the ledger says that it was:
 * the next routing would give such a partner its wrap again.
 */
async function returnedViews(refs: KnownRef[], ledger: Set<string>, db: Firestore): Promise<Party[]> {
  if (refs.length === 0) return [];
  const owners = refs.map(({ companyId, orderId }) => orderDoc(db, companyId, orderId));
  const orders = await db.getAll(...owners, { fieldMask: ['supplyOrders'] });
  const removed = orders.flatMap((order) => {
    const { supplyOrders = [] } = (order.data() ?? {}) as Partial<Pick<StoredOrder, 'supplyOrders'>>;
    return supplyOrders.filter((supply) => ledger.has(wrapHash(order.id, supply.id)));
  });
  if (removed.length === 0) return [];
  const views = await db.getAll(...removed.map(({ companyId, id }) => orderDoc(db, companyId, id)));
  return views
    .map((view) => ({ orderId: view.id, order: view.data() as StoredOrder | undefined }))
    .flatMap(({ orderId, order }) =>
      order?.erasedAt === null ? [{ companyId: order.companyId, orderId }] : [],
    );
}

async function* allRecordKeys(keyring: ReplayDeps['keyring']) {
  let after = '';
  for (;;) {
    const page = await keyring.recordKeys(after, PAGE);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = last.orderId;
  }
}

type StoredRef = OrderRef & { id: string };
type KnownRef = StoredRef & Party;

function isKnown(ref: StoredRef): ref is KnownRef {
  return ref.companyId !== null && ref.orderId !== null;
}

async function* orderRefPages(db: Firestore): AsyncGenerator<StoredRef[]> {
  let query = db.collection('orderRefs').orderBy(FieldPath.documentId()).limit(PAGE);
  for (;;) {
    const page = await query.get();
    yield page.docs.map((doc) => ({ ...(doc.data() as OrderRef), id: doc.id }));
    const last = page.docs.at(-1);
    if (last === undefined || page.size < PAGE) return;
    query = query.startAfter(last.id);
  }
}
