import { type Firestore, Timestamp } from '@google-cloud/firestore';
import type { DatabaseId } from '../cloud/firestore.ts';
import { keyCensus, type KeyVersions } from '../cloud/keyring-census.ts';
import { COLLECTIONS } from './collections.ts';
import { type Counts, PART_NAMES, PARTS } from './record.ts';

/**
 * How many documents every collection that is copied had at a time (RFC 3339, at most an hour ago), and by which versions
 * of the KMS key its keys were wrapped.
 */
export async function countAll(
  time: string,
  databases: Record<DatabaseId, Firestore>,
): Promise<{ counts: Counts; keyVersions: KeyVersions }> {
  const readTime = Timestamp.fromMillis(Date.parse(time));
  const counts: Counts = { default: {}, keyring: {}, staff: {} };
  for (const part of PART_NAMES) {
    for (const name of COLLECTIONS[part]) {
      counts[part][name] = await countOf(name, databases[PARTS[part]], readTime);
    }
  }
  return { counts, keyVersions: await keyCensus(databases.keyring, readTime) };
}

/** One read for a thousand documents. Without `readTime` as it is now. */
export async function countOf(name: string, db: Firestore, readTime?: Timestamp): Promise<number> {
  const query = db.collectionGroup(name).count();
  const found =
    readTime === undefined
      ? await query.get()
      : await db.runTransaction((tx) => tx.get(query), { readOnly: true, readTime });
  return found.data().count;
}
