import { FieldPath, type Firestore, type Query } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { Action } from './actions.ts';
import { type AuditEntry, StoredEntry } from './entry.ts';

export interface AuditFilter {
  action?: Action | undefined;
  /** The id of an API key, of a connection or of a partner. */
  actor?: string | undefined;
  /** The id of the order, erasure or company that was acted on. */
  record?: string | undefined;
  /** RFC 3339 UTC with milliseconds: at or after. */
  from?: string | undefined;
  /** RFC 3339 UTC with milliseconds: before. */
  to?: string | undefined;
}

/** Up to `limit` entries of one company, the newest first, after a place in the list. */
export async function listEntries(
  db: Firestore,
  companyId: string,
  filter: AuditFilter,
  page: { limit: number; after: [at: string, id: string] | undefined },
): Promise<AuditEntry[]> {
  let query: Query = db.collection(paths.audit(companyId));
  if (filter.action !== undefined) query = query.where('action', '==', filter.action);
  if (filter.actor !== undefined) query = query.where('actor.id', '==', filter.actor);
  if (filter.record !== undefined) query = query.where('record.id', '==', filter.record);
  if (filter.from !== undefined) query = query.where('at', '>=', filter.from);
  if (filter.to !== undefined) query = query.where('at', '<', filter.to);
  query = query.orderBy('at', 'desc').orderBy(FieldPath.documentId(), 'desc');
  if (page.after !== undefined) query = query.startAfter(...page.after);
  const found = await query.limit(page.limit).get();
  return found.docs.map((doc) => StoredEntry.parse(doc.data()).entry);
}
