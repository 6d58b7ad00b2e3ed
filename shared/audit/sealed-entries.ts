import type { DocumentData } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import { type Archive, readSegment, segmentWith } from './archive.ts';
import type { StoredSegment } from './segment.ts';

const PAGE = 300;

/** An entry as it is stored, whatever became of it there: whether it still is one, the verifier tells. */
export interface RawEntry {
  index: number;
  entry: DocumentData;
}

/**
 * The sealed entries of a log in the order of their indexes, wherever they lie. One that is nowhere is left out, also when
 * the object that held it is gone or does not open.
 */
export async function* sealedEntries(archive: Archive, companyId: string): AsyncGenerator<RawEntry> {
  let next = 0;
  for (;;) {
    const segment = await segmentWith(archive.db, companyId, next);
    if (segment === undefined) {
      const moved = yield* storedEntries(archive, companyId, next);
      if (moved === undefined) return;
      next = moved;
    } else {
      for (const entry of await movedOf(archive, companyId, segment)) if (entry.index >= next) yield entry;
      next = segment.first + segment.count;
    }
  }
}

async function movedOf(archive: Archive, companyId: string, segment: StoredSegment): Promise<RawEntry[]> {
  try {
    const entries = await readSegment(archive, companyId, segment);
    return entries.map((entry, at) => ({ index: segment.first + at, entry }));
  } catch (error) {
    if (error instanceof AppError && error.code === 'SEAL_BROKEN') return [];
    throw error;
  }
}

/**
 * Entries in the database from an index on. Answers the index at which they end because it is in a segment now, and
 * `undefined` at the end of all.
 */
async function* storedEntries(
  { db }: Archive,
  companyId: string,
  first: number,
): AsyncGenerator<RawEntry, number | undefined> {
  const ordered = db.collection(paths.audit(companyId)).orderBy('index').limit(PAGE);
  let query = ordered.startAt(first);
  let next = first;
  for (;;) {
    const { docs } = await query.get();
    for (const doc of docs) {
      const { index: at, ...entry } = doc.data();
      const index = Number(at);
      if (index > next && (await segmentWith(db, companyId, next)) !== undefined) return next;
      yield { index, entry };
      next = index + 1;
    }
    const last = docs.at(-1);
    if (last === undefined || docs.length < PAGE) {
      return (await segmentWith(db, companyId, next)) === undefined ? undefined : next;
    }
    query = ordered.startAfter(last);
  }
}
