import type { Firestore } from '@google-cloud/firestore';
import type { BackupBucket } from '../cloud/backup-buckets.ts';
import type { FirestoreAdmin } from '../cloud/firestore-admin.ts';
import type { WriteOnce } from '../cloud/write-once.ts';
import { parse } from './parse.ts';
import { COLLECTIONS } from './collections.ts';
import { countOf } from './count.ts';
import { Manifest, manifestName } from './manifest.ts';
import { folderOf, PARTS, type PartName, SCRATCH } from './record.ts';

/** Why a restore is refused, before anything is written. */
export type RefusalCode =
  | 'NO_MANIFEST'
  | 'PRODUCTION_DATA'
  | 'OUTSIDE_THE_PROJECT'
  | 'NOT_EMPTY'
  | 'OBJECTS_DIFFER'
  | 'KEYRING_PURGED'
  | 'LEDGER_UNREADABLE'
  | 'IMPORT_FAILED'
  | 'COUNTS_DIFFER';

/** Says to a person what stands in the way. It holds ids and names of ours, never data. */
export class RestoreRefused extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.name = 'RestoreRefused';
    this.code = code;
  }
}

/** Where a backup lies: with us, or offsite. */
export interface Source {
  manifests: Pick<WriteOnce, 'get'>;
  backups: BackupBucket;
  keyringBackups: BackupBucket;
}

export interface ImportDeps {
  admin: FirestoreAdmin;
  /** A database of any id. */
  open: (databaseId: string) => Firestore;
  projectId: string;
  production: boolean;
  /** Waits before another look at an operation, of which there were so many. */
  wait: (looks: number) => Promise<unknown>;
}

/** The databases that a restore fills: those of the hub's own names, or beside them. */
export function targetsOf(into: string, projectId: string): Record<PartName, string> {
  const [, project, named] = /^projects\/([^/]+)\/databases\/([^/]+)$/.exec(into) ?? [];
  if (project !== undefined && project !== projectId) {
    throw new RestoreRefused('OUTSIDE_THE_PROJECT', `${into} is not in the project ${projectId}.`);
  }
  const id = named ?? into;
  if (id === '(default)') return { default: id, keyring: 'keyring', staff: 'staff' };
  if (!/^[a-z][a-z0-9-]{2,50}$/.test(id) || isOurOwn(id)) {
    throw new RestoreRefused(
      'OUTSIDE_THE_PROJECT',
      `${id} is no id of a database beside those of ${projectId}.`,
    );
  }
  return { default: id, keyring: `${id}-keyring`, staff: `${id}-staff` };
}

/** Those of the hub are filled together, under `(default)`; those of drills are deleted by the next one. */
function isOurOwn(id: string): boolean {
  return id.startsWith(SCRATCH) || (Object.values(PARTS) as string[]).includes(id);
}

/** NO_MANIFEST when there is no good backup of this id; PRODUCTION_DATA when it may not come here. */
export async function readManifest(
  id: string,
  source: Source,
  deps: Pick<ImportDeps, 'production'>,
): Promise<Manifest> {
  const bytes = await source.manifests.get(manifestName(id));
  if (bytes === undefined) {
    throw new RestoreRefused('NO_MANIFEST', `There is no good backup ${id} in ${source.backups.name}.`);
  }
  const manifest = parse(Manifest, bytes);
  if (manifest?.id !== id) throw new RestoreRefused('NO_MANIFEST', `The manifest of ${id} can not be read.`);
  refuseLaptops(manifest, deps);
  return manifest;
}

/** Promise `laptops`: what was written in production is never put anywhere else. */
function refuseLaptops(manifest: Manifest, { production }: Pick<ImportDeps, 'production'>): void {
  if (!manifest.production || production) return;
  throw new RestoreRefused(
    'PRODUCTION_DATA',
    `${manifest.id} holds production data, and this is no production environment.`,
  );
}

/** NOT_EMPTY when a document stands where an import would go. A database that is not there yet is fine. */
export async function refuseFull(databaseId: string, { admin, open }: ImportDeps): Promise<void> {
  if ((await admin.locationOf(databaseId)) === undefined) return;
  const [first] = await open(databaseId).listCollections();
  if (first === undefined) return;
  throw new RestoreRefused('NOT_EMPTY', `The database ${databaseId} is not empty: it has ${first.id}.`);
}

/**
 * OBJECTS_DIFFER unless every object of the part is there as the manifest says, byte for byte; KEYRING_PURGED for a keyring of
 * which nothing is left.
 */
export async function compareObjects(manifest: Manifest, part: PartName, source: Source): Promise<void> {
  const bucket = bucketOf(part, source);
  const there = new Map<string, { crc32c: string; size: number }>();
  for await (const object of bucket.objects(folderOf(manifest.id, part))) there.set(object.name, object);
  const objects = manifest.parts[part].objects;
  const differ = objects.filter(({ name, crc32c, size }) => {
    const object = there.get(name);
    return object?.crc32c !== crc32c || object.size !== size;
  });
  if (differ.length === 0) return;
  if (part === 'keyring' && there.size === 0) {
    throw new RestoreRefused(
      'KEYRING_PURGED',
      `The keyring of ${manifest.id} is not there any more: it is purged 23 hours after its snapshot. Take that of a newer backup with --keyring.`,
    );
  }
  const what = `${String(differ.length)} of ${String(objects.length)} objects`;
  throw new RestoreRefused(
    'OBJECTS_DIFFER',
    `${what} of ${manifest.id}/${part} are gone or not as they were.`,
  );
}

/** What is imported where; `collectionIds`: these alone, and all without. */
export interface ImportOrder {
  manifest: Manifest;
  part: PartName;
  into: string;
  collectionIds?: readonly string[];
}

/** Where it is missing. */
export async function makeDatabase(
  { manifest, into }: Pick<ImportOrder, 'manifest' | 'into'>,
  { admin }: Pick<ImportDeps, 'admin'>,
): Promise<void> {
  if ((await admin.locationOf(into)) === undefined) await admin.createDatabase(into, manifest.location);
}

/** Begins the import of one part into a database, which is made where it is missing; answers the operation. */
export async function startImport(
  { manifest, part, into, collectionIds = [] }: ImportOrder,
  source: Source,
  { admin }: Pick<ImportDeps, 'admin'>,
): Promise<string> {
  await makeDatabase({ manifest, into }, { admin });
  const place = `gs://${bucketOf(part, source).name}/${manifest.id}/${part}`;
  return admin.import({ databaseId: into, collectionIds, place });
}

/** IMPORT_FAILED when it has; false while it is under way. */
export async function isImported(operation: string, { admin }: Pick<ImportDeps, 'admin'>): Promise<boolean> {
  const seen = await admin.stateOf(operation);
  if (seen.state !== 'failed') return seen.state === 'done';
  throw new RestoreRefused('IMPORT_FAILED', `An import ended with ${seen.code}.`);
}

/** Imports one part and settles at the end of the operation. */
export async function importPart(order: ImportOrder, source: Source, deps: ImportDeps): Promise<void> {
  const operation = await startImport(order, source, deps);
  for (let looks = 0; !(await isImported(operation, deps)); looks += 1) await deps.wait(looks);
}

/** COUNTS_DIFFER unless each collection has as many documents as were counted at the snapshot; answers how many in all. */
export async function compareCounts(order: ImportOrder, { open }: Pick<ImportDeps, 'open'>): Promise<number> {
  const { manifest, part, into, collectionIds = COLLECTIONS[part] } = order;
  const db = open(into);
  let sum = 0;
  const differ: string[] = [];
  for (const name of collectionIds) {
    const expected = manifest.counts[part][name] ?? 0;
    const found = await countOf(name, db);
    if (found !== expected) differ.push(`${name}: ${String(found)} of ${String(expected)}`);
    sum += found;
  }
  if (differ.length === 0) return sum;
  throw new RestoreRefused('COUNTS_DIFFER', `${into} has not what was backed up. ${differ.join('; ')}`);
}

function bucketOf(part: PartName, source: Source): BackupBucket {
  return part === 'keyring' ? source.keyringBackups : source.backups;
}
