import { FieldPath, type Firestore, type Query } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { Clock } from '../domain/time.ts';
import { type Archive, type ListPlace, movedEntries, newestFirst } from './archive.ts';
import { type AuditEntry, StoredEntry } from './entry.ts';
import type { AuditFilter } from './filter.ts';
import { YOUNGEST_MOVED } from './segment.ts';

export interface ListDeps extends Archive {
  now: Clock;
}

interface Page {
  limit: number;
  after: ListPlace | undefined;
}

/** What is younger has never moved: below the age at which entries move, by more than clocks differ. Milliseconds. */
const NEVER_MOVED = YOUNGEST_MOVED - 24 * 60 * 60_000;

/**
 * Up to `limit` entries of one company, the newest first, after a place in the list, wherever they lie. The database is
 * read first: what is moved meanwhile is found twice then, and shown once, and never missed.
 */
export async function listEntries(
  deps: ListDeps,
  companyId: string,
  filter: AuditFilter,
  page: Page,
): Promise<AuditEntry[]> {
  const stored = await storedEntries(deps.db, companyId, filter, page);
  const young = new Date(deps.now() - NEVER_MOVED).toISOString();
  const oldest = stored.length === page.limit ? stored.at(-1)?.at : filter.from;
  if (oldest !== undefined && oldest >= young) return stored;
  const known = new Set(stored.map(({ id }) => id));
  const moved: AuditEntry[] = [];
  for await (const entry of movedEntries(deps, companyId, filter, page.after)) {
    if (!known.has(entry.id)) moved.push(entry);
    if (moved.length === page.limit) break;
  }
  return [...stored, ...moved].sort(newestFirst).slice(0, page.limit);
}

async function storedEntries(
  db: Firestore,
  companyId: string,
  filter: AuditFilter,
  page: Page,
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
