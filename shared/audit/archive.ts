import type { Firestore, Query } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { WriteOnce } from '../cloud/write-once.ts';
import { sealBroken } from '../crypto/aead.ts';
import type { AuditEntry } from './entry.ts';
import { type AuditFilter, fits } from './filter.ts';
import { dayOf, openSegment, segmentObject, StoredSegment } from './segment.ts';

/** Where entries are read that have left the database. */
export interface Archive {
  db: Firestore;
  /** The bucket of moved logs. */
  objects: Pick<WriteOnce, 'get'>;
}

/** A place in the list, which is sorted by time and then by id, the newest first. */
export type ListPlace = [at: string, id: string];

/** How many segments are looked up at once; a page of the list needs one or two. */
const AT_ONCE = 4;
/** All but the words that a segment is found by, which are most of it. */
const FIELDS = ['first', 'count', 'firstAt', 'lastAt', 'object', 'key'];

/** The entries of a segment; `SEAL_BROKEN` when its object is gone or another one. */
export async function readSegment(
  { objects }: Pick<Archive, 'objects'>,
  companyId: string,
  segment: StoredSegment,
): Promise<AuditEntry[]> {
  const content = await objects.get(segmentObject(segment.object));
  if (content === undefined) throw sealBroken();
  return openSegment(companyId, segment, content);
}

/** The entry of an id with its index, if it has moved. */
export async function findMoved(
  archive: Archive,
  companyId: string,
  id: string,
): Promise<{ entry: AuditEntry; index: number } | undefined> {
  const [segment] = await segmentsOf(segments(archive.db, companyId).where('has', 'array-contains', id));
  if (segment === undefined) return undefined;
  const entries = await readSegment(archive, companyId, segment);
  const at = entries.findIndex((entry) => entry.id === id);
  return entries[at] && { entry: entries[at], index: segment.first + at };
}

/** The segment that holds the entry of an index, if it has moved. */
export async function segmentWith(
  db: Firestore,
  companyId: string,
  index: number,
): Promise<StoredSegment | undefined> {
  const [segment] = await segmentsOf(
    segments(db, companyId).where('first', '<=', index).orderBy('first', 'desc').limit(1),
  );
  return segment !== undefined && index < segment.first + segment.count ? segment : undefined;
}

/** The index of the first entry that has not moved. */
export async function movedUpTo(db: Firestore, companyId: string): Promise<number> {
  const [last] = await segmentsOf(segments(db, companyId).orderBy('first', 'desc').limit(1));
  return last === undefined ? 0 : last.first + last.count;
}

/**
 * Moved entries that fit a filter and come after a place in the list, the newest first. Times follow indexes nearly, so
 * segments may overlap: an entry is told once nothing that is still unread can be newer.
 */
export async function* movedEntries(
  archive: Archive,
  companyId: string,
  filter: AuditFilter,
  after: ListPlace | undefined,
): AsyncGenerator<AuditEntry> {
  const before = [after?.[0], filter.to].filter((at) => at !== undefined).sort()[0];
  const waiting: AuditEntry[] = [];
  const take = async (segment: StoredSegment): Promise<void> => {
    const entries = await readSegment(archive, companyId, segment);
    waiting.push(...entries.filter((entry) => fits(entry, filter) && isAfter(entry, after)));
    waiting.sort(newestFirst);
  };
  for (const segment of await spanning(archive.db, companyId, before)) await take(segment);
  for await (const segment of segmentsBefore(archive.db, companyId, filter, before)) {
    while (waiting[0] !== undefined && waiting[0].at > segment.lastAt) yield* waiting.splice(0, 1);
    await take(segment);
  }
  yield* waiting;
}

/** Segments with an entry of that time or later and one of that time or earlier. */
async function spanning(db: Firestore, companyId: string, at: string | undefined): Promise<StoredSegment[]> {
  if (at === undefined) return [];
  const found = await segmentsOf(segments(db, companyId).where('has', 'array-contains', dayOf(at)));
  return found.filter(({ firstAt, lastAt }) => firstAt <= at && at <= lastAt);
}

/** Segments that are older as a whole, by their newest entry, and in which something may fit. */
async function* segmentsBefore(
  db: Firestore,
  companyId: string,
  { action, actor, record, from }: AuditFilter,
  before: string | undefined,
): AsyncGenerator<StoredSegment> {
  let query = segments(db, companyId).orderBy('lastAt', 'desc');
  // The database takes one word of a list; the rarest is asked for and the others are looked at here.
  const word = record ?? actor ?? action;
  if (word !== undefined) query = query.where('has', 'array-contains', word);
  if (before !== undefined) query = query.where('lastAt', '<', before);
  if (from !== undefined) query = query.where('lastAt', '>=', from);
  let page = query.limit(AT_ONCE);
  for (;;) {
    const { docs } = await page.get();
    for (const doc of docs) yield StoredSegment.parse(doc.data());
    const last = docs.at(-1);
    if (last === undefined || docs.length < AT_ONCE) return;
    page = query.startAfter(last).limit(AT_ONCE);
  }
}

export function newestFirst(one: ListEntry, other: ListEntry): number {
  return one.at === other.at ? compare(other.id, one.id) : compare(other.at, one.at);
}

type ListEntry = Pick<AuditEntry, 'at' | 'id'>;

function isAfter(entry: ListEntry, place: ListPlace | undefined): boolean {
  return place === undefined || newestFirst({ at: place[0], id: place[1] }, entry) < 0;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function segments(db: Firestore, companyId: string): Query {
  return db.collection(paths.auditArchive(companyId)).select(...FIELDS);
}

async function segmentsOf(query: Query): Promise<StoredSegment[]> {
  const { docs } = await query.get();
  return docs.map((doc) => StoredSegment.parse(doc.data()));
}
