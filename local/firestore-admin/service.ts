import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Bucket, Storage } from '@google-cloud/storage';
import type { Clock } from '../../shared/domain/time.ts';
import { type DatabaseFolder, DATABASES, exportDatabase } from '../firestore-export.ts';
import { invalid, notFound } from '../kms/refusal.ts';
import { copyPast, type Helper, importInto } from './helper.ts';
import { type Done, exported, IMPORTED, type Operation, type Operations, wireTime } from './operations.ts';

const MINUTE_MS = 60_000;
/** How far back the service reads, in milliseconds, where nobody pays for point-in-time recovery. */
const READABLE_PAST = 60 * MINUTE_MS;
const PAGE = 200;

/** Requests as gRPC decodes them. */
export interface ExportRequest {
  name: string;
  collectionIds: string[];
  namespaceIds: string[];
  outputUriPrefix: string;
  snapshotTime?: { seconds: number; nanos: number } | null;
}
export interface ImportRequest {
  name: string;
  collectionIds: string[];
  namespaceIds: string[];
  inputUriPrefix: string;
}

export interface AdminDeps {
  projectId: string;
  firestore: () => string;
  storage: Storage;
  /** The emulator's own time of a snapshot time. */
  past: (time: number) => number;
  operations: Operations;
  /** Whether there is a database of this full name. */
  exists: (name: string) => boolean;
  now: Clock;
  /** Waits while a test holds the operations back, and throws what it wants one to end with. */
  beforeWork: () => Promise<void>;
  /** Before the last object of an export is written; throws what it is to end with there. */
  cutOff: () => void;
}

/** https://cloud.google.com/firestore/docs/reference/rpc/google.firestore.admin.v1#exportdocumentsrequest */
export async function exportDocuments(request: ExportRequest, deps: AdminDeps): Promise<Operation> {
  const { name, collectionIds, outputUriPrefix, namespaceIds } = request;
  const database = folderOf(name, deps.projectId);
  if (database === undefined) throw notFound('The database');
  if (namespaceIds.some((id) => id !== '')) throw invalid('Only the default namespace is exported.');
  const snapshotTime = readSnapshotTime(request.snapshotTime, deps.now);
  const { bucket, prefix } = await placeOf(outputUriPrefix, deps);
  const [there] = await bucket.file(overall(prefix)).exists();
  if (there) throw invalid('Path already exists.');
  const facts = {
    collectionIds,
    outputUriPrefix,
    ...(snapshotTime !== undefined && { snapshotTime: wireTime(snapshotTime) }),
  };
  return deps.operations.start(name, 'ExportDocumentsMetadata', facts, async () => {
    const from = { projectId: deps.projectId, databaseId: DATABASES[database] };
    const readTime = deps.past(snapshotTime ?? deps.now());
    const helper = await copyPast(deps.firestore(), { ...from, readTime }, collectionIds);
    try {
      await deps.beforeWork();
      const done = await writeExport(helper, database, { bucket, prefix }, deps);
      return { ...done, response: exported(outputUriPrefix) };
    } finally {
      await helper.close();
    }
  });
}

/** The documents of an export, put over what is in the database under their names. Nothing is deleted. */
export async function importDocuments(request: ImportRequest, deps: AdminDeps): Promise<Operation> {
  const { name, collectionIds, inputUriPrefix } = request;
  const databaseId = databaseIdOf(name, deps.projectId);
  if (databaseId === undefined || !deps.exists(name)) throw notFound('The database');
  const { bucket, prefix } = await placeOf(inputUriPrefix, deps);
  const [metadata] = await bucket
    .file(overall(prefix))
    .getMetadata()
    .catch(() => {
      throw notFound('The export');
    });
  const source = metadata.metadata?.['database'];
  const database = source === undefined ? undefined : folderOf(String(source), deps.projectId);
  if (database === undefined) throw invalid('This stand-in imports what it has exported.');
  const facts = { collectionIds, inputUriPrefix };
  return deps.operations.start(name, 'ImportDocumentsMetadata', facts, async () => {
    await deps.beforeWork();
    return withFolder(async (folder) => {
      const bytes = await download({ bucket, prefix }, join(folder, database), database);
      const to = { projectId: deps.projectId, databaseId };
      const documents = await importInto(deps.firestore(), { folder, database }, to, collectionIds);
      return { documents, bytes, response: IMPORTED };
    });
  });
}

/** In the past, whole minutes, and no older than the service reads back. */
function readSnapshotTime(time: ExportRequest['snapshotTime'], now: Clock): number | undefined {
  if (time === undefined || time === null) return undefined;
  const ms = time.seconds * 1000;
  if (time.nanos !== 0 || ms % MINUTE_MS !== 0) throw invalid('snapshot_time must be a whole minute.');
  if (ms > now()) throw invalid('snapshot_time must be in the past.');
  if (ms < now() - READABLE_PAST) throw invalid('snapshot_time is too old to be read.');
  return ms;
}

async function writeExport(
  helper: Helper,
  database: DatabaseFolder,
  { bucket, prefix }: Place,
  { firestore, projectId, cutOff }: AdminDeps,
): Promise<Pick<Done, 'documents' | 'bytes'>> {
  return withFolder(async (folder) => {
    const name = basename(prefix);
    await exportDatabase(firestore(), helper.projectId, { database, folder, name });
    const files = await readdir(join(folder, name), { recursive: true, withFileTypes: true });
    let bytes = 0;
    // The file that makes it an export comes last: one that was cut off has none.
    const paths = files
      .filter((file) => file.isFile())
      .map((file) => join(file.parentPath, file.name).slice(join(folder, name).length + 1))
      .sort((a, b) => Number(a.includes('overall')) - Number(b.includes('overall')));
    for (const path of paths) {
      if (path === paths.at(-1)) cutOff();
      const content = await readFile(join(folder, name, path));
      bytes += content.length;
      // The service knows an export's database by its content; the emulator has to be told.
      const metadata = { database: `projects/${projectId}/databases/${DATABASES[database]}` };
      await bucket.file(`${prefix}/${path}`).save(content, { resumable: false, metadata: { metadata } });
    }
    return { documents: helper.documents, bytes };
  });
}

interface Place {
  bucket: Bucket;
  prefix: string;
}

/** Fetches an export, under the names that `importDatabases` looks for. */
async function download({ bucket, prefix }: Place, folder: string, name: string): Promise<number> {
  let bytes = 0;
  let pageToken: string | undefined;
  do {
    const [files, next] = await bucket.getFiles({
      autoPaginate: false,
      prefix: `${prefix}/`,
      maxResults: PAGE,
      ...(pageToken === undefined ? {} : { pageToken }),
    });
    for (const file of files) {
      const [content] = await file.download();
      const path = file.name.slice(prefix.length + 1);
      const local = join(
        folder,
        path === basename(overall(prefix)) ? `${name}.overall_export_metadata` : path,
      );
      await mkdir(dirname(local), { recursive: true });
      await writeFile(local, content);
      bytes += content.length;
    }
    pageToken = (next as { pageToken?: string } | null)?.pageToken;
  } while (pageToken !== undefined);
  return bytes;
}

async function placeOf(uri: string, { storage }: AdminDeps): Promise<Place> {
  const [, name, path] = /^gs:\/\/([a-z0-9][a-z0-9._-]{1,61}[a-z0-9])(?:\/([^\s]*?))?\/?$/.exec(uri) ?? [];
  if (name === undefined) throw invalid('Not a place in Cloud Storage.');
  const bucket = storage.bucket(name);
  const [there] = await bucket.exists();
  if (!there) throw notFound('The bucket');
  return { bucket, prefix: path === undefined || path === '' ? randomBytes(8).toString('hex') : path };
}

function overall(prefix: string): string {
  return `${prefix}/${basename(prefix)}.overall_export_metadata`;
}

function databaseIdOf(name: string, projectId: string): string | undefined {
  const [, project, id] = /^projects\/([^/]+)\/databases\/([^/]+)$/.exec(name) ?? [];
  return project === projectId ? id : undefined;
}

function folderOf(name: string, projectId: string): DatabaseFolder | undefined {
  const id = databaseIdOf(name, projectId);
  return (Object.keys(DATABASES) as DatabaseFolder[]).find((folder) => DATABASES[folder] === id);
}

async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-admin-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
