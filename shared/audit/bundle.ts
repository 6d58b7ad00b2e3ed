import type { Firestore } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { type Checkpoint, latestCheckpoint, listCheckpoints } from './checkpoints.ts';
import { type AuditEntry, StoredEntry } from './entry.ts';
import { SLOTS } from './index-entries.ts';

const PAGE = 300;
const CHECKPOINTS = 100;

/** The sealed entries of a log in the order of their indexes. */
export type SealedEntries = (companyId: string) => AsyncIterable<AuditEntry>;

/**
 * A company's whole log, one line of JSON each: what it is; the sealed entries in the order of their indexes; those that
 * are behind the newest root; the last checkpoint of each day, the newest last; and how many there were of each.
 * `npx strongroom-verify` reads it. `NOT_SEALED` for a company of which no entry is under a root yet.
 */
export async function bundleLog(
  db: Firestore,
  companyId: string,
  { issuer, sealed }: { issuer: string; sealed: SealedEntries },
): Promise<AsyncIterable<object>> {
  // First, so that all that it covers is there when the entries are read.
  const { checkpoint: latest } = await latestCheckpoint(db, companyId);
  return (async function* () {
    yield { strongroom: 'log', v: 1, iss: issuer, companyId };
    const counts = { entries: 0, unsealed: 0, checkpoints: 1 };
    for await (const entry of sealed(companyId)) {
      if (counts.entries === latest.size) break;
      counts.entries += 1;
      yield { entry };
    }
    for (const entry of await unsealedEntries(db, companyId, latest.size)) {
      counts.unsealed += 1;
      yield { unsealed: entry };
    }
    for (const checkpoint of await lastOfDays(db, companyId, latest.n)) {
      counts.checkpoints += 1;
      yield { checkpoint };
    }
    yield { checkpoint: latest };
    yield { end: counts };
  })();
}

/** Sealed entries out of Firestore, from an index on. */
export async function* storedEntries(
  db: Firestore,
  companyId: string,
  from: number,
): AsyncGenerator<AuditEntry> {
  const ordered = db.collection(paths.audit(companyId)).orderBy('index').limit(PAGE);
  let query = ordered.startAt(from);
  for (;;) {
    const { docs } = await query.get();
    for (const doc of docs) yield StoredEntry.parse(doc.data()).entry;
    const last = docs.at(-1);
    if (last === undefined || docs.length < PAGE) return;
    query = ordered.startAfter(last);
  }
}

/** Entries without an index, or with one that the newest root does not cover yet. */
async function unsealedEntries(db: Firestore, companyId: string, size: number): Promise<AuditEntry[]> {
  const log = db.collection(paths.audit(companyId));
  const [waiting, newer] = await Promise.all([
    log.where('due', 'in', SLOTS).limit(PAGE).get(),
    log.orderBy('index').startAt(size).limit(PAGE).get(),
  ]);
  return [...waiting.docs, ...newer.docs].map((doc) => StoredEntry.parse(doc.data()).entry);
}

async function lastOfDays(db: Firestore, companyId: string, before: number): Promise<Checkpoint[]> {
  const days: Checkpoint[] = [];
  let after: number | undefined = before;
  for (;;) {
    const page = await listCheckpoints(db, companyId, { limit: CHECKPOINTS, after });
    for (const checkpoint of page) {
      if (days.at(-1)?.at.slice(0, 10) !== checkpoint.at.slice(0, 10)) days.push(checkpoint);
    }
    after = page.at(-1)?.n;
    if (page.length < CHECKPOINTS || after === undefined) return days.reverse();
  }
}
