import { FieldPath, type Firestore } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { StoredErasure } from './erasure.ts';

/** Up to `limit` erasures of one company, the newest first, after a place in the list. */
export async function listErasures(
  db: Firestore,
  companyId: string,
  page: { limit: number; after: [time: string, id: string] | undefined },
): Promise<{ id: string; erasure: StoredErasure }[]> {
  let query = db
    .collection(paths.erasures(companyId))
    .orderBy('requestedAt', 'desc')
    .orderBy(FieldPath.documentId(), 'desc');
  if (page.after !== undefined) query = query.startAfter(...page.after);
  const found = await query.limit(page.limit).get();
  return found.docs.map((doc) => ({ id: doc.id, erasure: doc.data() as StoredErasure }));
}
