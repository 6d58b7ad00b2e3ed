import { gunzipSync, gzipSync } from 'node:zlib';
import {
  type DocumentReference,
  type DocumentSnapshot,
  FieldPath,
  FieldValue,
  type Firestore,
  type Precondition,
  Timestamp,
  type WriteBatch,
} from '@google-cloud/firestore';
import { status } from '@grpc/grpc-js';
import { addEntry, type Beside } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { hasStatus } from '../cloud/grpc-error.ts';
import { dueSlot } from '../domain/due.ts';
import { AppError } from '../domain/errors.ts';
import { randomId } from '../domain/ids.ts';
import { timestamp } from '../domain/time.ts';
import type { CsvProblem } from './read-csv.ts';
import type { Acting, CatalogueDeps } from './write-products.ts';

/** What to do with a file in which something is wrong: nothing at all, or the rows that are right. */
export type OnError = 'refuse' | 'skip';

/** `companies/{companyId}/imports/{importId}`. The file itself lies in `importParts` until it is done. */
export interface StoredImport {
  companyId: string;
  state: 'checking' | 'applying' | 'done' | 'refused' | 'failed';
  onError: OnError;
  /** Of the file, and how many documents it lies in. */
  bytes: number;
  parts: number;
  /** `null` until the file is read. */
  rows: number | null;
  /** How many of the rows that are products are applied: where a run goes on. */
  applied: number;
  created: number;
  changed: number;
  unchanged: number;
  /** Rows whose product was changed or removed after the file was sent. */
  superseded: number;
  refused: number;
  /** The first of them. */
  problems: CsvProblem[];
  createdAt: string;
  updatedAt: string;
  finishedAt: string | null;
  /** A random slot while there is something to do. */
  due?: number;
}

const MOST_TRIES = 10;
const RACED = [status.FAILED_PRECONDITION, status.ALREADY_EXISTS, status.NOT_FOUND, status.ABORTED];

/** What one document holds with ease. */
const PART_BYTES = 900_000;

/** Parts of a file whose import never came about, or was forgotten, go by themselves after this. */
const PARTS_MS = 7 * 24 * 60 * 60_000;

/** Keeps a file, and then, in one batch with its entry, that it is to be imported. */
export async function storeImport(
  companyId: string,
  file: { bytes: Buffer; onError: OnError },
  acting: Acting,
  deps: CatalogueDeps,
  beside?: Beside,
): Promise<{ importId: string; entry: AuditEntry }> {
  const { db } = deps;
  const importId = randomId('import');
  const parts = partsOf(gzipSync(file.bytes));
  const at = timestamp(deps.now);
  const stored: StoredImport = {
    ...{ companyId, state: 'checking', onError: file.onError, bytes: file.bytes.length, parts: parts.length },
    ...{ rows: null, applied: 0, created: 0, changed: 0, unchanged: 0, superseded: 0 },
    ...{ refused: 0, problems: [] },
    ...{ createdAt: at, updatedAt: at, finishedAt: null, due: dueSlot() },
  };
  const expireAt = Timestamp.fromMillis(deps.now() + PARTS_MS);
  const refs = partRefs(db, companyId, importId, stored);
  await Promise.all(refs.map((ref, part) => ref.create({ data: parts[part], expireAt })));
  const batch = db.batch();
  batch.create(db.doc(paths.import(companyId, importId)), stored);
  const record = { type: 'import', id: importId } as const;
  const what = { action: 'import.started', record, result: 'done', facts: {} } as const;
  const entry = addEntry(batch, { companyId, ...acting, ...what }, deps);
  beside?.(batch, importId);
  await batch.commit();
  return { importId, entry };
}

function partsOf(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let from = 0; from < bytes.length; from += PART_BYTES)
    parts.push(bytes.subarray(from, from + PART_BYTES));
  return parts;
}

export async function readImport(db: Firestore, companyId: string, importId: string): Promise<StoredImport> {
  const found = await db.doc(paths.import(companyId, importId)).get();
  if (!found.exists) throw new AppError('NOT_FOUND');
  return found.data() as StoredImport;
}

/** The file; `undefined` when it was done away with in the meantime. */
export async function readFile(
  db: Firestore,
  companyId: string,
  importId: string,
  stored: StoredImport,
): Promise<Buffer | undefined> {
  const found = await db.getAll(...partRefs(db, companyId, importId, stored));
  if (found.some((part) => !part.exists)) return undefined;
  return gunzipSync(Buffer.concat(found.map((part) => part.get('data') as Buffer)));
}

/** Ends an import in a batch, in the version that was read: the file goes, and the log says how it came out. */
export function endImport(
  batch: WriteBatch,
  { id: importId, updateTime }: DocumentSnapshot,
  ended: StoredImport & { state: 'done' | 'refused' | 'failed' },
  requestId: string,
  deps: CatalogueDeps,
): void {
  const { db } = deps;
  const { companyId, state } = ended;
  const at = timestamp(deps.now);
  for (const ref of partRefs(db, companyId, importId, ended)) batch.delete(ref);
  batch.update(
    db.doc(paths.import(companyId, importId)),
    { ...ended, ...{ updatedAt: at, finishedAt: at, due: FieldValue.delete() } },
    versionOf(updateTime),
  );
  addEntry(
    batch,
    {
      ...{ companyId, actor: { type: 'system', id: null }, requestId },
      ...{ action: `import.${state}`, record: { type: 'import', id: importId }, result: 'done' },
      facts: { products: ended.created + ended.changed, refusedRows: ended.refused },
    },
    deps,
  );
}

/** A write that is refused once somebody else has written. */
export function versionOf(updateTime: Timestamp | undefined): Precondition {
  if (updateTime === undefined) throw new AppError('NOT_FOUND');
  return { lastUpdateTime: updateTime };
}

/**
 * Runs a step that reads, and commits a batch on what it has read, again while others write in between. Unlike a
 * transaction it holds no locks, for which whoever follows a run that was killed would have to wait a minute.
 */
export async function unlessRaced<T>(step: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await step();
    } catch (error) {
      if (tries === MOST_TRIES || !RACED.some((code) => hasStatus(error, code))) throw error;
    }
  }
}

function partRefs(
  db: Firestore,
  companyId: string,
  importId: string,
  { parts }: StoredImport,
): DocumentReference[] {
  return Array.from({ length: parts }, (_, part) => db.doc(paths.importPart(companyId, importId, part)));
}

/** Up to `limit` imports of one company, the newest first, after a place in the list. */
export async function listImports(
  db: Firestore,
  companyId: string,
  page: { limit: number; after: [time: string, id: string] | undefined },
): Promise<{ id: string; stored: StoredImport }[]> {
  let query = db
    .collection(paths.imports(companyId))
    .orderBy('createdAt', 'desc')
    .orderBy(FieldPath.documentId(), 'desc');
  if (page.after !== undefined) query = query.startAfter(...page.after);
  const found = await query.limit(page.limit).get();
  return found.docs.map((doc) => ({ id: doc.id, stored: doc.data() as StoredImport }));
}
