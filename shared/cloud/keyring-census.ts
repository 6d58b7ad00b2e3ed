import {
  FieldPath,
  type Firestore,
  type Query,
  type QuerySnapshot,
  type Timestamp,
} from '@google-cloud/firestore';
import { z } from 'zod';

const PAGE = 500;

/** What is read of `companyKeys` and of `lookup`: by which version of the KMS key each key is wrapped. */
const CompanyKeys = z.object({ versions: z.record(z.string(), z.object({ kekVersion: z.string() })) });
const LookupKey = z.object({ kekVersion: z.string() });

/** How many wraps each version of the KMS key has, by its full name, sorted. */
export const KeyVersions = z.array(z.object({ version: z.string(), wraps: z.int() }));
export type KeyVersions = z.infer<typeof KeyVersions>;

/** Counts a keyring's wraps by KMS version: one read for each company. `readTime`: as they were then, an hour back at most. */
export async function keyCensus(keyring: Firestore, readTime?: Timestamp): Promise<KeyVersions> {
  const wraps = new Map<string, number>();
  const add = (version: string): void => void wraps.set(version, (wraps.get(version) ?? 0) + 1);
  const ask = (query: Query): Promise<QuerySnapshot> =>
    readTime === undefined
      ? query.get()
      : keyring.runTransaction((tx) => tx.get(query), { readOnly: true, readTime });
  const first = keyring.collection('companyKeys').orderBy(FieldPath.documentId()).limit(PAGE);
  let query = first;
  for (;;) {
    const page = await ask(query);
    for (const doc of page.docs) {
      for (const { kekVersion } of Object.values(CompanyKeys.parse(doc.data()).versions)) add(kekVersion);
    }
    const last = page.docs.at(-1);
    if (last === undefined || page.size < PAGE) break;
    query = first.startAfter(last.id);
  }
  for (const doc of (await ask(keyring.collection('lookup'))).docs)
    add(LookupKey.parse(doc.data()).kekVersion);
  return [...wraps].sort().map(([version, count]) => ({ version, wraps: count }));
}
