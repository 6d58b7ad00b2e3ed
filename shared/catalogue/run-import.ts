import { paths } from '../cloud/firestore.ts';
import type { Log } from '../cloud/log.ts';
import type { Publisher } from '../cloud/pubsub.ts';
import type { ImportMessage } from '../domain/import.ts';
import { timestamp } from '../domain/time.ts';
import { endImport, readFile, type StoredImport, unlessRaced, versionOf } from './import-store.ts';
import { type CsvFile, readCsv } from './read-csv.ts';
import {
  type CatalogueDeps,
  cleanWrites,
  isNewer,
  planWrites,
  type ProductWrite,
  refOf,
  writePlanned,
  type WriteResult,
} from './write-products.ts';

export interface ImportDeps extends CatalogueDeps {
  publisher: Pick<Publisher, 'import'>;
  log: Log;
}

/** Rows of one batch, far below what a commit takes. */
const MOST_ROWS = 250;
const MOST_CHARACTERS = 2_000_000;
/** Milliseconds: a run ends itself well before its message counts as lost, and asks for another one. */
const RUN_MS = 4 * 60_000;

/**
 * Reads a file, and applies it from where the last run came to, some rows a batch: the rows and how far they are
 * is one write. So it can be killed at any time, and two runs at once do each row once. The file is read whole
 * before any of it is applied; with `refuse` a single problem means that nothing is.
 */
export async function runImport(
  { companyId, importId }: ImportMessage,
  requestId: string,
  deps: ImportDeps,
): Promise<void> {
  const { db, now, log } = deps;
  const until = now() + RUN_MS;
  const found = await db.doc(paths.import(companyId, importId)).get();
  const stored = found.data() as StoredImport | undefined;
  if (stored?.due === undefined) return;
  const bytes = await readFile(db, companyId, importId, stored);
  if (bytes === undefined) return;
  const file = readCsv(bytes);
  let at = await begin(companyId, importId, file, requestId, deps);
  const from = at;
  while (at !== undefined && at < file.writes.length && now() < until) {
    at = await applySome(companyId, importId, { at, file }, requestId, deps);
  }
  log.importRun(companyId, (at ?? file.writes.length) - (from ?? file.writes.length));
  if (at !== undefined) await deps.publisher.import({ companyId, importId });
}

/** Says what the file holds, once; answers the row to go on with, `undefined` when there is nothing to do. */
async function begin(
  companyId: string,
  importId: string,
  file: CsvFile,
  requestId: string,
  deps: ImportDeps,
): Promise<number | undefined> {
  const ref = deps.db.doc(paths.import(companyId, importId));
  return unlessRaced(async () => {
    const own = await ref.get();
    const stored = own.data() as StoredImport | undefined;
    if (stored?.due === undefined) return undefined;
    if (stored.state !== 'checking') return stored.applied;
    const { problems } = file;
    const read = { ...stored, rows: file.rows, refused: file.rows - file.writes.length, problems };
    const batch = deps.db.batch();
    const refuse = !file.readable || (stored.onError === 'refuse' && problems.length > 0);
    const applies = !refuse && file.writes.length > 0;
    if (!applies) {
      endImport(batch, own, { ...read, state: refuse ? 'refused' : 'done' }, requestId, deps);
    } else {
      const applying = { ...read, state: 'applying', updatedAt: timestamp(deps.now) } satisfies StoredImport;
      batch.update(ref, applying, versionOf(own.updateTime));
    }
    await batch.commit();
    return applies ? 0 : undefined;
  });
}

/** Applies the next rows and says so in one batch; answers the row to go on with, `undefined` after the last. */
async function applySome(
  companyId: string,
  importId: string,
  { at, file }: { at: number; file: CsvFile },
  requestId: string,
  deps: ImportDeps,
): Promise<number | undefined> {
  const { db } = deps;
  const ref = db.doc(paths.import(companyId, importId));
  const writes = await cleanWrites(someFrom(file.writes, at));
  return unlessRaced(async () => {
    const [own, ...found] = await db.getAll(ref, ...writes.map(({ sku }) => refOf(db, companyId, sku)));
    const stored = own?.data() as StoredImport | undefined;
    // Another run was here, or the company is gone and nothing of it may come back.
    if (own === undefined || stored?.state !== 'applying') return undefined;
    if (stored.applied !== at) return stored.applied;
    const batch = db.batch();
    const { createdAt: askedAt } = stored;
    const plan = planWrites(writes, found).filter(({ snapshot }) => !isNewer(snapshot, askedAt));
    writePlanned(batch, plan, { askedAt, renews: false });
    const results = plan.map(({ result }) => result);
    const after = counted(stored, results, writes.length - plan.length);
    const last = after.applied === file.writes.length;
    if (last) endImport(batch, own, { ...after, state: 'done' }, requestId, deps);
    else batch.update(ref, { ...after, updatedAt: timestamp(deps.now) }, versionOf(own.updateTime));
    await batch.commit();
    return last ? undefined : after.applied;
  });
}

function someFrom(writes: readonly ProductWrite[], from: number): ProductWrite[] {
  const some: ProductWrite[] = [];
  let characters = 0;
  for (const write of writes.slice(from, from + MOST_ROWS)) {
    characters += write.product.description?.length ?? 0;
    if (some.length > 0 && characters > MOST_CHARACTERS) break;
    some.push(write);
  }
  return some;
}

function counted(stored: StoredImport, results: WriteResult[], superseded: number): StoredImport {
  const count = (wanted: WriteResult): number => results.filter((result) => result === wanted).length;
  return {
    ...stored,
    applied: stored.applied + results.length + superseded,
    created: stored.created + count('created'),
    changed: stored.changed + count('changed'),
    unchanged: stored.unchanged + count('unchanged'),
    superseded: stored.superseded + superseded,
  };
}
