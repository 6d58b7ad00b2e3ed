import { FieldPath, type Firestore } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { Keyring } from '../cloud/keyring.ts';
import type { StoredOrder } from '../domain/order.ts';
import { ownerOf } from './order-store.ts';

const PAGE = 200;
const AT_ONCE = 8;

/**
 * Wraps the record keys of all orders that a company has or supplies by the newest version of its key. A second run finds
 * nothing to do: then no record key of the company needs an older version. Answers how many it looked at and wrapped.
 */
export async function renewWraps(
  companyId: string,
  deps: { db: Firestore; keyring: Pick<Keyring, 'renewWrap'> },
): Promise<{ looked: number; renewed: number }> {
  const so = { looked: 0, renewed: 0 };
  const first = deps.db.collection(paths.orders(companyId)).orderBy(FieldPath.documentId()).limit(PAGE);
  let query = first;
  for (;;) {
    const page = await query.get();
    for (let at = 0; at < page.size; at += AT_ONCE) {
      const renewed = await Promise.all(
        page.docs.slice(at, at + AT_ONCE).map((doc) => {
          const holder = { companyId, orderId: doc.id };
          return deps.keyring.renewWrap(ownerOf(holder, doc.data() as StoredOrder), holder);
        }),
      );
      so.renewed += renewed.filter(Boolean).length;
    }
    so.looked += page.size;
    const last = page.docs.at(-1);
    if (last === undefined || page.size < PAGE) return so;
    query = first.startAfter(last.id);
  }
}
