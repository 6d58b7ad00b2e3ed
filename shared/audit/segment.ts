import { createHash, generateKeySync } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { open, seal, sealBroken } from '../crypto/aead.ts';
import { associatedData } from '../crypto/associated-data.ts';
import { KEY_BYTES, secretKey } from '../crypto/derived-key.ts';
import { AuditEntry } from './entry.ts';

/** How many entries lie in one object at most: what is read for any one of them. */
export const MOST_ENTRIES = 250;
/**
 * Nothing younger moves, in milliseconds; what is older goes along with the oldest, so that a quiet log makes an object a
 * week and not one a day.
 */
export const YOUNGEST_MOVED = 83 * 24 * 60 * 60_000;
/** What an object may come to when it is unpacked, far above what so many entries are. */
const MOST_BYTES = 4 * 1024 * 1024;
const LABEL = 'strongroom/log-segment/v1';
const DAY_MS = 24 * 60 * 60_000;

const Instant = z.iso.datetime({ precision: 3 });
const Bytes = z.instanceof(Uint8Array).transform((bytes): Buffer => Buffer.from(bytes));

/**
 * `companies/{c}/auditArchive/{first}`: a run of a log's entries that has left the database, and how they are found and
 * opened. With this document goes the key: the object, which nobody can delete, says nothing any more then.
 */
export const StoredSegment = z.object({
  /** The index of the first entry; the others follow without a gap. */
  first: z.int().min(0),
  count: z.int().min(1).max(MOST_ENTRIES),
  /** The times of the oldest and of the newest entry. Indexes follow the times nearly, not always. */
  firstAt: Instant,
  lastAt: Instant,
  /** The object's name: the day on which it moved, by which what is new is found, and its SHA-256 in hex. */
  object: z.string().regex(/^(?:\d{4}-\d\d-\d\d\/)?[0-9a-f]{64}$/),
  key: Bytes.refine((bytes) => bytes.length === KEY_BYTES),
});
export type StoredSegment = z.infer<typeof StoredSegment>;

/** The same with what it is found by: every id and action in it, and every day from the oldest entry to the newest. */
export type FindableSegment = StoredSegment & { has: string[] };

/** Where segments lie, those that moved on one day together. */
export const SEGMENTS = 'segments/';
const HASH_CHARACTERS = 64;

/** Where a segment's object lies. */
export function segmentObject(object: string): string {
  return `${SEGMENTS}${object}`;
}

/** The name of a segment's document: names sort as indexes do. */
export function segmentId(first: number): string {
  return String(first).padStart(12, '0');
}

/** `2026-11-28`, in UTC. */
export function dayOf(at: string): string {
  return at.slice(0, 10);
}

/** Seals a run of entries under a key of its own, on this day: what is stored of it, and the bytes of the object. */
export function sealSegment(
  companyId: string,
  first: number,
  entries: readonly AuditEntry[],
  day: string,
): { document: FindableSegment; content: Buffer } {
  const times = entries.map(({ at }) => at).sort();
  const [firstAt = '', lastAt = ''] = [times[0], times.at(-1)];
  const key = generateKeySync('aes', { length: KEY_BYTES * 8 });
  const lines = gzipSync(entries.map((entry) => JSON.stringify(entry)).join('\n'));
  const content = seal(key, lines, place(companyId, { first, count: entries.length }));
  const object = `${day}/${createHash('sha256').update(content).digest('hex')}`;
  const document = { first, count: entries.length, firstAt, lastAt, object, key: key.export() };
  const has = [...new Set([...entries.flatMap(wordsOf), ...daysFrom(firstAt, lastAt)])];
  return { document: { ...document, has }, content };
}

/** The entries in the order of their indexes, or `SEAL_BROKEN` for bytes that are not this segment's. */
export function openSegment(companyId: string, segment: StoredSegment, content: Uint8Array): AuditEntry[] {
  const hash = segment.object.slice(-HASH_CHARACTERS);
  if (createHash('sha256').update(content).digest('hex') !== hash) throw sealBroken();
  const lines = open(secretKey(Buffer.from(segment.key)), content, place(companyId, segment));
  const entries = entriesIn(lines);
  if (entries?.length !== segment.count) throw sealBroken();
  return entries;
}

/** Undefined for what is no log: whoever can write both the object and its document can seal anything. */
function entriesIn(lines: Buffer): AuditEntry[] | undefined {
  try {
    const text = gunzipSync(lines, { maxOutputLength: MOST_BYTES }).toString('utf8');
    return text.split('\n').map((line) => AuditEntry.parse(JSON.parse(line)));
  } catch {
    return undefined;
  }
}

/** What an entry is looked for by, as the filters of the list name it. */
function wordsOf({ id, action, actor, record }: AuditEntry): string[] {
  return [id, action, record.id, ...(actor.id === null ? [] : [actor.id])];
}

function daysFrom(firstAt: string, lastAt: string): string[] {
  const days: string[] = [];
  for (let day = Date.parse(dayOf(firstAt)); day <= Date.parse(dayOf(lastAt)); day += DAY_MS) {
    days.push(dayOf(new Date(day).toISOString()));
  }
  return days;
}

/** Bytes that were copied to another company or place do not open. */
function place(companyId: string, { first, count }: Pick<StoredSegment, 'first' | 'count'>): Buffer {
  return associatedData(LABEL, [companyId, String(first), String(count)]);
}
