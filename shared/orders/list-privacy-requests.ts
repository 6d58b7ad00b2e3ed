import { FieldPath, type Firestore } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { StoredPrivacyRequest } from './privacy-request.ts';

/** Up to `limit` requests of one company, the newest first, after a place in the list. */
export async function listPrivacyRequests(
  db: Firestore,
  companyId: string,
  page: { limit: number; after: [requestedAt: string, id: string] | undefined },
): Promise<{ id: string; request: StoredPrivacyRequest }[]> {
  let query = db
    .collection(paths.privacyRequests(companyId))
    .orderBy('requestedAt', 'desc')
    .orderBy(FieldPath.documentId(), 'desc');
  if (page.after !== undefined) query = query.startAfter(...page.after);
  const found = await query.limit(page.limit).get();
  return found.docs.map((doc) => ({ id: doc.id, request: doc.data() as StoredPrivacyRequest }));
}
