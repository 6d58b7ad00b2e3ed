import { FieldPath, type Firestore } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { Keyring } from '../cloud/keyring.ts';
import type { StoredOrder } from '../domain/order.ts';
import { orderDoc, type OrderRef } from './order-store.ts';

const PAGE = 300;

/**
 * Removes every order whose record key is gone, with its supply orders and what they reserve: nobody can open it. It leaves
 * no tombstone, so that its shop can send it again. For a restore of an older keyring, before any function may write.
 * Answers how many there were.
 */
export async function removeKeyless(deps: {
  db: Firestore;
  keyring: Pick<Keyring, 'recordKeyExists'>;
}): Promise<number> {
  const { db, keyring } = deps;
  let removed = 0;
  const first = db.collection('orderRefs').orderBy(FieldPath.documentId()).limit(PAGE);
  let query = first;
  for (;;) {
    const page = await query.get();
    for (const doc of page.docs) {
      const { companyId, orderId } = doc.data() as OrderRef;
      if (companyId === null || orderId === null) continue;
      if (await keyring.recordKeyExists(orderId)) continue;
      await remove({ companyId, orderId }, db);
      removed += 1;
    }
    const last = page.docs.at(-1);
    if (last === undefined || page.size < PAGE) return removed;
    query = first.startAfter(last.id);
  }
}

async function remove(owner: { companyId: string; orderId: string }, db: Firestore): Promise<void> {
  const ref = orderDoc(db, owner.companyId, owner.orderId);
  const order = (await ref.get()).data() as StoredOrder | undefined;
  const batch = db.batch();
  for (const supply of order?.supplyOrders ?? []) {
    const own = orderDoc(db, supply.companyId, supply.id);
    const { lines = [] } = ((await own.get()).data() ?? {}) as Partial<Pick<StoredOrder, 'lines'>>;
    for (const line of lines) batch.delete(db.doc(paths.reservation(supply.companyId, line.id)));
    batch.delete(own);
  }
  batch.delete(ref);
  batch.delete(db.doc(paths.sealed(owner.orderId)));
  batch.delete(db.doc(paths.orderRef(owner.orderId)));
  await batch.commit();
}
