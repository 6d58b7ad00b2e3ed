import {
  type CollectionReference,
  type DocumentData,
  FieldPath,
  type Firestore,
  type QueryDocumentSnapshot,
} from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { pagesOf } from '../cloud/pages.ts';
import { HASH_BYTES } from '../crypto/merkle.ts';
import { planInclusion, type Tile, TILE_WIDTH, tileName } from '../crypto/merkle-tiles.ts';
import { SLOTS } from '../domain/due.ts';
import type { Archive } from './archive.ts';
import { type Checkpoint, type Inclusion, latestCheckpoint, listCheckpoints } from './checkpoints.ts';
import { restorations } from './restorations.ts';
import { type RawEntry, sealedEntries } from './sealed-entries.ts';
import { companyTile, historyTile, readTiles } from './tree-documents.ts';

const PAGE = 300;
const CHECKPOINTS = 100;

/**
 * A company's whole log, one line of JSON each: what it is; each leaf of its tree with the entry that lies at its index
 * now; those that are behind the newest root; when the logs were restored from a backup; the last checkpoint of each day,
 * the newest last; and how many there were of each. `npx strongroom-verify` reads it. `NOT_SEALED` for a company of which
 * no entry is under a root yet.
 */
export async function bundleLog(
  archive: Archive,
  companyId: string,
  { issuer }: { issuer: string },
): Promise<AsyncIterable<object>> {
  const { db } = archive;
  // First, so that all that it covers is there when the entries are read.
  const { checkpoint: latest } = await latestCheckpoint(db, companyId);
  return (async function* () {
    yield { strongroom: 'log', v: 1, iss: issuer, companyId };
    yield* leafLines(db, companyId, latest.size, sealedEntries(archive, companyId));
    let unsealed = 0;
    for await (const entry of unsealedEntries(db, companyId, latest.size)) {
      yield { unsealed: entry };
      unsealed += 1;
    }
    const restored = await restorations(db, latest.n);
    for (const { show } of restored) yield { restoration: await show() };
    const days = await lastOfDays(db, companyId, latest.n, new Set(restored.map(({ n }) => n)));
    const tiles = new Map<string, Tile>();
    for (const checkpoint of days) {
      yield { checkpoint, history: await inHistory(db, checkpoint.n, latest.n, tiles) };
    }
    yield { checkpoint: latest };
    yield { end: { entries: latest.size, unsealed, checkpoints: days.length + 1 } };
  })();
}

/** A line for each leaf: with its entry, or with null where there is none; more than one at an index is shown too. */
async function* leafLines(
  db: Firestore,
  companyId: string,
  size: number,
  entries: AsyncIterable<RawEntry>,
): AsyncGenerator<object> {
  const leafAt = leafReader(db, companyId);
  let next = 0;
  for await (const { index, entry } of entries) {
    if (index >= size) break;
    for (; next < index; next += 1) yield { leaf: await leafAt(next), entry: null };
    if (index < next) yield { extra: entry, index };
    else {
      yield { leaf: await leafAt(index), entry };
      next += 1;
    }
  }
  for (; next < size; next += 1) yield { leaf: await leafAt(next), entry: null };
}

function leafReader(db: Firestore, companyId: string): (index: number) => Promise<string> {
  let tile: Tile | undefined;
  return async (index) => {
    const at = { level: 0, index: Math.floor(index / TILE_WIDTH) };
    if (tile?.index !== at.index) [tile] = await readTiles(db, db, companyTile(companyId), [at]);
    const from = (index % TILE_WIDTH) * HASH_BYTES;
    return tile?.hashes.toString('base64url', from, from + HASH_BYTES) ?? '';
  };
}

/**
 * Entries that are not under the newest root, all of them: whoever has a receipt of one looks for it. What gets its index
 * meanwhile is met twice and shown once. Last what has neither an index nor a slot, which no function writes.
 */
async function* unsealedEntries(
  db: Firestore,
  companyId: string,
  size: number,
): AsyncGenerator<DocumentData> {
  const log = db.collection(paths.audit(companyId));
  const seen = new Set<string>();
  const byId = log.orderBy(FieldPath.documentId());
  const queries = [byId.where('due', 'in', SLOTS), log.orderBy('index').startAt(size)];
  if (await hasStrays(db, log)) queries.push(byId);
  for (const query of queries) {
    for await (const docs of pagesOf(query, PAGE)) {
      for (const doc of docs.filter((each) => !seen.has(each.id) && (query !== byId || isStray(each)))) {
        const { index: _index, due: _due, ...entry } = doc.data();
        yield entry;
        seen.add(doc.id);
      }
    }
  }
}

/** Whether there are more entries than have an index or a slot, all at one time. One read for a thousand entries. */
async function hasStrays(db: Firestore, log: CollectionReference): Promise<boolean> {
  const [all, indexed, waiting] = await db.runTransaction(
    (tx) =>
      Promise.all(
        [log, log.where('index', '>=', 0), log.where('due', 'in', SLOTS)].map((query) =>
          tx.get(query.count()),
        ),
      ),
    { readOnly: true },
  );
  const countOf = (found: typeof all): number => found?.data().count ?? 0;
  return countOf(all) > countOf(indexed) + countOf(waiting);
}

function isStray(doc: QueryDocumentSnapshot): boolean {
  const { index, due } = doc.data() as Record<string, unknown>;
  return !(typeof index === 'number' && index >= 0) && !SLOTS.some((slot) => slot === due);
}

async function inHistory(
  db: Firestore,
  index: number,
  size: number,
  known: Map<string, Tile>,
): Promise<Inclusion> {
  const plan = planInclusion(index, size);
  const missing = plan.tiles.filter((tile) => !known.has(tileName(tile)));
  for (const tile of await readTiles(db, db, historyTile, missing)) known.set(tileName(tile), tile);
  return { index, size, path: plan.from([...known.values()]).map((hash) => hash.toString('base64url')) };
}

/** The last one of each day, and those under the roots `also`. */
async function lastOfDays(
  db: Firestore,
  companyId: string,
  before: number,
  also: ReadonlySet<number>,
): Promise<Checkpoint[]> {
  const days: Checkpoint[] = [];
  let after: number | undefined = before;
  for (;;) {
    const page = await listCheckpoints(db, companyId, { limit: CHECKPOINTS, after });
    for (const checkpoint of page) {
      const another = days.at(-1)?.at.slice(0, 10) !== checkpoint.at.slice(0, 10);
      if (another || also.has(checkpoint.n)) days.push(checkpoint);
    }
    after = page.at(-1)?.n;
    if (page.length < CHECKPOINTS || after === undefined) return days.reverse();
  }
}
