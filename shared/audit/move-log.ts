import { FieldPath, type Firestore, type QueryDocumentSnapshot } from '@google-cloud/firestore';
import { status } from '@grpc/grpc-js';
import { paths } from '../cloud/firestore.ts';
import { hasStatus } from '../cloud/grpc-error.ts';
import { type Turn, withLease } from '../cloud/lease.ts';
import type { Log } from '../cloud/log.ts';
import type { WriteOnce } from '../cloud/write-once.ts';
import { HASH_BYTES } from '../crypto/merkle.ts';
import { TILE_WIDTH } from '../crypto/merkle-tiles.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { movedUpTo } from './archive.ts';
import { listCheckpoints } from './checkpoints.ts';
import { type AuditEntry, leafHash, StoredEntry } from './entry.ts';
import { dayOf, MOST_ENTRIES, sealSegment, segmentId, segmentObject, YOUNGEST_MOVED } from './segment.ts';
import { companyTile, readTiles } from './tree-documents.ts';

export interface MoveDeps {
  db: Firestore;
  /** The bucket of moved logs: write-once. */
  objects: Pick<WriteOnce, 'put'>;
  log: Log;
  now: Clock;
}

const DAY_MS = 24 * 60 * 60_000;
/** A log is moved when its oldest entry is so old: it is looked at once a day, and none may be older than 90 days. */
const MOVED_AT = 89 * DAY_MS;
/** From the oldest to the newest entry of a segment: it is found by each day between. */
const LONGEST = 31 * DAY_MS;
const LEASE = 5 * 60_000;
/** Nothing is begun after this, so that a tick is over before its lease is. */
const WORKING_TIME = 4 * 60_000;
const PAGE = 200;
const AT_ONCE = 8;

type StepDeps = MoveDeps & { inTime: () => boolean };

/** One tick: goes on with the day's walk through all companies, and moves what has become old in their logs. */
export async function moveLogs(deps: MoveDeps): Promise<void> {
  await withLease(deps, 'archive-log', LEASE, (turn) => walk(turn, deps));
}

async function walk(turn: Turn, deps: MoveDeps): Promise<void> {
  const { db, now } = deps;
  const end = now() + WORKING_TIME;
  const inTime = (): boolean => now() < end;
  const day = dayOf(new Date(now()).toISOString());
  if (turn.cursor['day'] !== day) turn.cursor = { day, after: '' };
  const all = db.collection('companies').orderBy(FieldPath.documentId()).select().limit(PAGE);
  while (turn.cursor['done'] === undefined && inTime()) {
    const after = turn.cursor['after'] ?? '';
    const { docs } = await (after === '' ? all : all.startAfter(after)).get();
    for (let from = 0; from < docs.length; from += AT_ONCE) {
      await Promise.all(docs.slice(from, from + AT_ONCE).map(({ id }) => moveLog(id, { ...deps, inTime })));
    }
    // What there was no time for is looked at again.
    if (!inTime()) return;
    const last = docs.at(-1)?.id ?? after;
    turn.cursor = { day, after: last, ...(docs.length < PAGE && { done: 'yes' }) };
  }
}

/** Moves all of one company that is old enough. Two runs at once do no harm. */
export async function moveLog(companyId: string, deps: StepDeps): Promise<void> {
  try {
    while (deps.inTime() && (await moveSegment(companyId, deps)));
  } catch (error) {
    // One that is stuck does not keep the others.
    deps.log.logNotMoved(companyId, error);
  }
}

/**
 * Moves the next run of a log: the object first, and then, in one commit, the document that opens it and the end of the
 * entries in the database. Killed before the commit it leaves bytes that nobody can open; of two runs at once one commits.
 * True when there may be more.
 */
async function moveSegment(companyId: string, deps: StepDeps): Promise<boolean> {
  const { db, objects, log } = deps;
  const first = await movedUpTo(db, companyId);
  const run = await nextRun(companyId, first, deps);
  if (run.length === 0) return false;
  const entries = run.map(({ entry }) => entry);
  const { document, content } = sealSegment(companyId, first, entries, dayOf(timestamp(deps.now)));
  await objects.put(segmentObject(document.object), content, 'application/octet-stream');
  const batch = db.batch();
  batch.create(db.doc(paths.auditSegment(companyId, segmentId(first))), document);
  for (const { stored } of run) batch.delete(stored.ref, { lastUpdateTime: stored.updateTime });
  try {
    await batch.commit();
  } catch (error) {
    const overtaken = [status.ALREADY_EXISTS, status.FAILED_PRECONDITION, status.NOT_FOUND, status.ABORTED];
    if (overtaken.some((code) => hasStatus(error, code))) return false;
    throw error;
  }
  log.logMoved(companyId, entries.length);
  return true;
}

interface Movable {
  stored: QueryDocumentSnapshot;
  entry: AuditEntry;
}

/**
 * The entries from an index on that are old, follow each other, are under a signed root, and are what their leaves say.
 * What is not as it was sealed stays where it is and is an alarm: it is evidence.
 */
async function nextRun(companyId: string, first: number, { db, log, now }: StepDeps): Promise<Movable[]> {
  const from = db.collection(paths.audit(companyId)).orderBy('index').startAt(first);
  const [oldest] = (await from.limit(1).get()).docs;
  if (oldest === undefined || now() - Date.parse(String(oldest.get('at'))) < MOVED_AT) return [];
  const [checkpoint] = await listCheckpoints(db, companyId, { limit: 1, after: undefined });
  const room = Math.min(MOST_ENTRIES, (checkpoint?.size ?? 0) - first);
  if (room <= 0) return [];
  const { docs } = await from.limit(room).get();
  const leaves = await leavesFrom(db, companyId, first, room);
  const whole: Movable[] = [];
  for (const [at, stored] of docs.entries()) {
    const read = StoredEntry.safeParse(stored.data()).data;
    if (read?.index !== first + at || leafHash(read.entry) !== leaves[at]) {
      if (at === 0) log.logDamaged(companyId);
      break;
    }
    whole.push({ stored, entry: read.entry });
  }
  return oldOf(whole, now());
}

function oldOf(run: Movable[], now: number): Movable[] {
  let [oldest, newest] = [Infinity, -Infinity];
  const young = run.findIndex(({ entry }) => {
    const at = Date.parse(entry.at);
    [oldest, newest] = [Math.min(oldest, at), Math.max(newest, at)];
    return now - at < YOUNGEST_MOVED || newest - oldest > LONGEST;
  });
  return young < 0 ? run : run.slice(0, young);
}

/** The hashes of so many leaves, in base64url. */
async function leavesFrom(db: Firestore, companyId: string, first: number, count: number): Promise<string[]> {
  const tile = (index: number): number => Math.floor(index / TILE_WIDTH);
  const at = [...new Set([tile(first), tile(first + count - 1)])].map((index) => ({ level: 0, index }));
  const tiles = await readTiles(db, db, companyTile(companyId), at);
  return Array.from({ length: count }, (_, nth) => {
    const index = first + nth;
    const from = (index % TILE_WIDTH) * HASH_BYTES;
    const hashes = tiles.find((each) => each.index === tile(index))?.hashes;
    return hashes?.toString('base64url', from, from + HASH_BYTES) ?? '';
  });
}
