import { FieldPath, type Firestore, Timestamp } from '@google-cloud/firestore';
import { z } from 'zod';
import type { DatabaseId } from '../cloud/firestore.ts';
import { COLLECTIONS } from './collections.ts';
import { type Counts, type KeyVersions, PART_NAMES, PARTS } from './record.ts';

const PAGE = 500;

/** What is read of `companyKeys` and of `lookup`: by which version of the KMS key each key is wrapped. */
const CompanyKeys = z.object({ versions: z.record(z.string(), z.object({ kekVersion: z.string() })) });
const LookupKey = z.object({ kekVersion: z.string() });

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
  return { counts, keyVersions: await keyVersionsAt(readTime, databases.keyring) };
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

async function keyVersionsAt(readTime: Timestamp, keyring: Firestore): Promise<KeyVersions> {
  const wraps = new Map<string, number>();
  const add = (version: string): void => void wraps.set(version, (wraps.get(version) ?? 0) + 1);
  const first = keyring.collection('companyKeys').orderBy(FieldPath.documentId()).limit(PAGE);
  let query = first;
  for (;;) {
    const page = await keyring.runTransaction((tx) => tx.get(query), { readOnly: true, readTime });
    for (const doc of page.docs) {
      for (const { kekVersion } of Object.values(CompanyKeys.parse(doc.data()).versions)) add(kekVersion);
    }
    const last = page.docs.at(-1);
    if (last === undefined || page.size < PAGE) break;
    query = first.startAfter(last.id);
  }
  const lookup = keyring.collection('lookup');
  const found = await keyring.runTransaction((tx) => tx.get(lookup), { readOnly: true, readTime });
  for (const doc of found.docs) add(LookupKey.parse(doc.data()).kekVersion);
  return [...wraps].sort().map(([version, count]) => ({ version, wraps: count }));
}
