import { FieldPath, FieldValue, type Firestore, type QueryDocumentSnapshot } from '@google-cloud/firestore';
import { status } from '@grpc/grpc-js';
import { paths } from '../cloud/firestore.ts';
import { hasStatus } from '../cloud/grpc-error.ts';
import type { Log } from '../cloud/log.ts';
import { appendLeaves, edgeOf, tileName } from '../crypto/merkle-tiles.ts';
import { dueSlot, SLOTS } from '../domain/due.ts';
import type { Clock } from '../domain/time.ts';
import { MIRRORED } from './actions.ts';
import { type AuditEntry, leafHash, StoredEntry } from './entry.ts';
import { companyTile, NO_HEAD, readTiles, StoredHead } from './tree-documents.ts';

export interface IndexDeps {
  db: Firestore;
  log: Log;
  now: Clock;
  /** Whether there is time for another page. */
  inTime: () => boolean;
}

/** An entry that has no index after this, in milliseconds, is an alarm. */
const LATE = 15 * 60_000;
/** What one commit takes, with room for tiles. */
const PAGE = 400;
/** How many companies' trees grow at the same time: they share nothing. */
const AT_ONCE = 8;

interface NewEntry {
  document: QueryDocumentSnapshot;
  entry: AuditEntry;
}

/**
 * Gives each new entry its index in its company's tree, once and for all: the next free one, in the transaction that
 * adds its leaf. So whoever comes late comes behind what has been sealed. Answers how many there were.
 */
export async function indexEntries(deps: IndexDeps): Promise<number> {
  const { db, inTime } = deps;
  const first = db.collectionGroup('audit').where('due', 'in', SLOTS).orderBy(FieldPath.documentId());
  let query = first;
  let indexed = 0;
  while (inTime()) {
    const { docs } = await query.limit(PAGE).get();
    const companies = Map.groupBy(docs, (doc) => doc.ref.parent.parent?.id ?? '');
    const each = [...companies];
    for (let from = 0; from < each.length; from += AT_ONCE) {
      const some = each.slice(from, from + AT_ONCE);
      const counts = await Promise.all(some.map(([id, documents]) => indexCompany(id, documents, deps)));
      indexed += counts.reduce((sum, count) => sum + count, 0);
    }
    const last = docs.at(-1);
    if (last === undefined || docs.length < PAGE) break;
    query = first.startAfter(last);
  }
  return indexed;
}

async function indexCompany(
  companyId: string,
  documents: QueryDocumentSnapshot[],
  deps: IndexDeps,
): Promise<number> {
  const read = documents.flatMap((document) => newEntry(companyId, document));
  const unfit = documents.length - read.length;
  if (unfit > 0) deps.log.auditUnsealed(companyId, unfit);
  read.sort((a, b) => compare(a.entry.at, b.entry.at) || compare(a.entry.id, b.entry.id));
  // Before its index, so that a run that dies tells of an entry twice and not never.
  for (const { entry } of read.filter((each) => MIRRORED.has(each.entry.action)))
    deps.log.entryWritten(entry);
  try {
    if (read.length > 0) await append(companyId, read, deps.db);
    return read.length;
  } catch (error) {
    // Another run was first, or somebody changed an entry meanwhile: what is left is found by the next tick.
    const overtaken = hasStatus(error, status.FAILED_PRECONDITION) || hasStatus(error, status.NOT_FOUND);
    if (!overtaken) throw error;
    const late = read.filter(({ entry }) => deps.now() - Date.parse(entry.at) > LATE).length;
    if (late > 0) deps.log.auditUnsealed(companyId, late);
    return 0;
  }
}

/** What is no entry of this place gets no index, and must not keep others from theirs. */
function newEntry(companyId: string, document: QueryDocumentSnapshot): NewEntry[] {
  const stored = StoredEntry.safeParse(document.data());
  if (!stored.success) return [];
  const { entry, index } = stored.data;
  const fits = entry.id === document.id && entry.companyId === companyId && index === undefined;
  return fits ? [{ document, entry }] : [];
}

async function append(companyId: string, entries: NewEntry[], db: Firestore): Promise<void> {
  const headRef = db.doc(paths.auditTree(companyId, 'head'));
  await db.runTransaction(async (tx) => {
    const read = (await tx.get(headRef)).data();
    const head = read === undefined ? NO_HEAD : StoredHead.parse(read);
    const edge = await readTiles(tx, db, companyTile(companyId), edgeOf(head.size));
    const leaves = entries.map(({ entry }) => Buffer.from(leafHash(entry), 'base64url'));
    const { size, root, tiles } = appendLeaves(head.size, edge, leaves);
    entries.forEach(({ document }, at) => {
      const unchanged = { lastUpdateTime: document.updateTime };
      tx.update(document.ref, { index: head.size + at, due: FieldValue.delete() }, unchanged);
    });
    for (const tile of tiles) {
      tx.set(db.doc(paths.auditTree(companyId, tileName(tile))), { hashes: tile.hashes });
    }
    const next = { companyId, size, root: root.toString('base64url'), due: dueSlot() };
    tx.set(headRef, next, { merge: true });
  });
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
