import { FieldPath } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { SLOTS } from '../domain/due.ts';
import type { ImportMessage } from '../domain/import.ts';
import { endImport, type StoredImport, unlessRaced } from './import-store.ts';
import type { ImportDeps } from './run-import.ts';

/** What was written within this, in milliseconds, is being worked on. */
const PATIENCE = 60_000;
/** What came no further for this long, in milliseconds, never will. */
const STUCK = 60 * 60_000;
const MOST_AT_ONCE = 100;

/** Publishes imports again whose message got lost, or whose run did. */
export async function republishImports({
  db,
  publisher,
  now,
}: Pick<ImportDeps, 'db' | 'publisher' | 'now'>): Promise<void> {
  const due = await db
    .collectionGroup('imports')
    .where('due', 'in', SLOTS)
    .orderBy(FieldPath.documentId())
    .limit(MOST_AT_ONCE)
    .get();
  for (const doc of due.docs) {
    const { companyId, updatedAt } = doc.data() as StoredImport;
    if (now() - Date.parse(updatedAt) >= PATIENCE) await publisher.import({ companyId, importId: doc.id });
  }
}

/**
 * What delivering has given up on is published again by `sweep`, for an hour. What came no further in that time is told
 * to the merchant as failed, with what was applied until then.
 */
export async function importGivenUp(
  { companyId, importId }: ImportMessage,
  requestId: string,
  deps: Pick<ImportDeps, 'db' | 'log' | 'now'>,
): Promise<void> {
  deps.log.importStuck(companyId);
  await unlessRaced(async () => {
    const found = await deps.db.doc(paths.import(companyId, importId)).get();
    const stored = found.data() as StoredImport | undefined;
    if (stored?.due === undefined || deps.now() - Date.parse(stored.updatedAt) < STUCK) return;
    const batch = deps.db.batch();
    endImport(batch, found, { ...stored, state: 'failed' }, requestId, deps);
    await batch.commit();
  });
}
