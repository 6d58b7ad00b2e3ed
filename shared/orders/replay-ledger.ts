import { FieldPath, type Firestore } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { Keyring } from '../cloud/keyring.ts';
import { type DestroyDeps, destroyOrder, removeView, sha256, wrapHash } from './destroy.ts';
import { orderHash } from './erasure.ts';
import { type Acting, type OrderRef } from './order-store.ts';

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
  const refs = new Set<string>();
  for await (const entry of deps.ledger.entries()) {
    keys.add(entry.recordKeyHash);
    refs.add(entry.orderRefHash);
  }
  const so: Replayed = {
    ledgerEntries: keys.size,
    recordKeys: 0,
    orderRefs: 0,
    ordersErased: 0,
    viewsRemoved: 0,
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
  // What only the other database brought back: its key is gone, its documents are not.
  for await (const ref of allOrderRefs(deps.db)) {
    so.orderRefs += 1;
    if (ref.erasedAt !== null || !refs.has(sha256(paths.orderRef(ref.orderId)))) continue;
    await destroyOrder({ companyId: ref.companyId, orderId: ref.orderId }, undefined, acting, deps);
    so.ordersErased += 1;
    progress(so);
  }
  return so;
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

async function* allOrderRefs(db: Firestore): AsyncGenerator<OrderRef & { orderId: string }> {
  let query = db.collection('orderRefs').orderBy(FieldPath.documentId()).limit(PAGE);
  for (;;) {
    const page = await query.get();
    for (const doc of page.docs) yield { ...(doc.data() as OrderRef), orderId: doc.id };
    const last = page.docs.at(-1);
    if (last === undefined || page.size < PAGE) return;
    query = query.startAfter(last.id);
  }
}
