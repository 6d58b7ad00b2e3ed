import type { BackupBucket, BackupBucketName, BackupObject } from '../cloud/backup-buckets.ts';
import { paths } from '../cloud/firestore.ts';
import { withLease } from '../cloud/lease.ts';
import type { WriteOnce } from '../cloud/write-once.ts';
import { AppError } from '../domain/errors.ts';
import { timestamp } from '../domain/time.ts';
import { type BackupDeps, beginBackup, fail, LEASE } from './begin.ts';
import { countAll } from './count.ts';
import { hashOf, manifestName, manifestOf } from './manifest.ts';
import { missingLogs } from './offsite-logs.ts';
import { purgeKeyring, thinOut } from './purge.ts';
import { folderOf, lastObjectOf, type Part, PART_NAMES, type PartName, StoredBackup } from './record.ts';
import { isOverdue } from './state.ts';

export interface CheckDeps extends BackupDeps {
  buckets: Record<BackupBucketName, BackupBucket>;
  /** The bucket of moved logs. */
  logs: BackupBucket;
  /** The bucket of the exports, for manifests. */
  manifests: Pick<WriteOnce, 'put'>;
  projectId: string;
  production: boolean;
}

const MINUTE = 60_000;
/** A run that begins exports and has not begun all of them by then has died. */
const BEGUN_WITHIN = 10 * MINUTE;
/** As far back as counting can still look. */
const COUNT_WITHIN = 55 * MINUTE;
/** An export that has not ended by then, or has no copy offsite, has failed: the next six hours have begun. */
const END_WITHIN = 6 * 60 * MINUTE;

/**
 * One tick: purges, looks that nothing is remembered, follows what is under way, begins what was missed or failed, thins
 * out, and tells people when no good backup is young enough. What fails in one step does not keep the others.
 */
export async function checkBackups(deps: CheckDeps): Promise<void> {
  const alone = await withLease(deps, 'backup', LEASE, async (turn) => {
    const steps = [() => purgeKeyring(deps), () => verifyForgetting(deps), () => verifyLogs(deps)];
    for (const step of [...steps, () => follow(deps), () => beginBackup(deps), () => thinOut(turn, deps)]) {
      await step().catch((error: unknown) => {
        deps.log.backupStepFailed(error);
      });
    }
  });
  // Whoever has the lease and does not let go of it must not keep the alarm.
  await alarm(deps);
  if (!alone) deps.log.backupOverlap();
}

/** What is purged has to be gone, and the keyring's past has to be ours alone. */
async function verifyForgetting({ admin, buckets, log }: CheckDeps): Promise<void> {
  const forgetting = await Promise.all([
    buckets.keyringBackups.forgets(),
    buckets.offsiteKeyringBackups.forgets(),
    admin.remembers('keyring').then((remembers) => !remembers),
  ]);
  if (forgetting.includes(false)) log.keyringRemembered();
}

/** What has left the database has to be offsite as well. */
async function verifyLogs({ buckets, logs, log, now }: CheckDeps): Promise<void> {
  const missing = await missingLogs(logs, buckets.offsiteLogs, now);
  if (missing > 0) log.logsNotOffsite(missing);
}

async function follow(deps: CheckDeps): Promise<void> {
  const running = await deps.db.collection('backups').where('state', '==', 'running').get();
  for (const doc of running.docs) {
    const { data: record, error: unreadable } = StoredBackup.safeParse(doc.data());
    // One that can not be read, or whose operation nobody knows, does not keep the others.
    if (record === undefined) {
      deps.log.backupStepFailed(unreadable);
      continue;
    }
    await followOne(doc.id, record, deps).catch(async (error: unknown) => {
      deps.log.backupStepFailed(error);
      // Nor is it followed for ever.
      if (deps.now() - Date.parse(record.snapshotTime) <= END_WITHIN) return;
      await fail(doc.id, error instanceof AppError ? error.code : 'INTERNAL', error, deps);
    });
  }
}

/** It is good when all its parts are whole, as many as were counted, and the same offsite. */
async function followOne(id: string, stored: StoredBackup, deps: CheckDeps): Promise<void> {
  const ref = deps.db.doc(paths.backup(id));
  const record = { ...stored, parts: { ...stored.parts } };
  const age = deps.now() - Date.parse(record.snapshotTime);
  if (age > BEGUN_WITHIN && PART_NAMES.some((name) => record.parts[name].operation === null)) {
    await fail(id, 'CUT_OFF', undefined, deps);
    return;
  }
  if (record.counts === null && age < COUNT_WITHIN) {
    // Tried again by the next tick. What an export has come to is seen all the same.
    const counted = await countAll(record.snapshotTime, deps.databases).catch((error: unknown) => {
      deps.log.backupStepFailed(error);
    });
    Object.assign(record, counted ?? {});
  }
  for (const name of PART_NAMES) {
    const { part, code } = await progressOf(record.parts[name], deps);
    record.parts[name] = part;
    if (code !== undefined) {
      await ref.update({ parts: record.parts });
      await fail(id, code, undefined, deps);
      return;
    }
  }
  const { parts, counts, keyVersions } = record;
  await ref.update({ parts, counts, keyVersions });
  if (PART_NAMES.some((name) => parts[name].state !== 'done')) {
    if (age > END_WITHIN) await fail(id, 'LATE', undefined, deps);
    return;
  }
  if (counts === null || keyVersions === null) {
    if (age >= COUNT_WITHIN) await fail(id, 'UNCOUNTED', undefined, deps);
    return;
  }
  const objects = await objectsOf(id, deps);
  if (!PART_NAMES.every((name) => isWhole(id, name, { ...record, counts }, objects[name]))) {
    await fail(id, 'INCOMPLETE', undefined, deps);
    return;
  }
  const manifest = await putManifest(id, { ...record, counts, keyVersions }, objects, deps);
  if (!(await isOffsite(id, objects, deps))) {
    if (age > END_WITHIN) await fail(id, 'NOT_OFFSITE', undefined, deps);
    return;
  }
  const good = { state: 'good', goodAt: timestamp(deps.now), manifestHash: hashOf(manifest) };
  await ref.update(good);
  deps.log.backupGood(
    id,
    PART_NAMES.reduce((sum, name) => sum + (parts[name].documents ?? 0), 0),
  );
}

/** Beside the exports, before they are called good: a restore from offsite needs it there too. */
async function putManifest(
  id: string,
  record: Parameters<typeof manifestOf>[1],
  objects: Objects,
  { admin, manifests, projectId, production }: CheckDeps,
): Promise<Buffer> {
  const location = (await admin.locationOf('(default)')) ?? '';
  const manifest = manifestOf(id, record, objects, { projectId, production, location });
  await manifests.put(manifestName(id), manifest, 'application/json');
  return manifest;
}

async function progressOf(part: Part, { admin }: CheckDeps): Promise<{ part: Part; code?: string }> {
  if (part.state === 'done' || part.operation === null) return { part };
  const seen = await admin.stateOf(part.operation);
  if (seen.state === 'running') return { part };
  if (seen.state === 'failed') return { part: { ...part, state: 'failed' }, code: seen.code };
  const { documents, bytes, endedAt } = seen;
  return { part: { ...part, state: 'done', documents, bytes, endedAt } };
}

type Objects = Record<PartName, BackupObject[]>;

async function objectsOf(id: string, { buckets }: CheckDeps): Promise<Objects> {
  const listed = await Promise.all(
    PART_NAMES.map((name) => listOf(folderOf(id, name), bucketOf(name, buckets))),
  );
  return Object.fromEntries(PART_NAMES.map((name, place) => [name, listed[place] ?? []])) as Objects;
}

function listOf(prefix: string, bucket: BackupBucket): Promise<BackupObject[]> {
  return Array.fromAsync(bucket.objects(prefix));
}

/** Keys lie apart from what they open. */
function bucketOf(part: PartName, buckets: CheckDeps['buckets']): BackupBucket {
  return part === 'keyring' ? buckets.keyringBackups : buckets.backups;
}

function isWhole(
  id: string,
  part: PartName,
  record: Pick<StoredBackup, 'parts'> & { counts: NonNullable<StoredBackup['counts']> },
  objects: BackupObject[],
): boolean {
  const counted = Object.values(record.counts[part]).reduce((sum, count) => sum + count, 0);
  const ended = objects.some(({ name }) => name === lastObjectOf(id, part));
  return ended && record.parts[part].documents === counted;
}

/** Its manifest too, which nobody overwrites. */
async function isOffsite(id: string, objects: Objects, { buckets }: CheckDeps): Promise<boolean> {
  const name = manifestName(id);
  if (!isCopied(await listOf(name, buckets.backups), await listOf(name, buckets.offsiteBackups)))
    return false;
  for (const part of PART_NAMES) {
    const bucket = part === 'keyring' ? buckets.offsiteKeyringBackups : buckets.offsiteBackups;
    if (!isCopied(objects[part], await listOf(folderOf(id, part), bucket))) return false;
  }
  return true;
}

function isCopied(objects: BackupObject[], there: BackupObject[]): boolean {
  const copies = new Map(there.map((copy) => [copy.name, copy]));
  return objects.every(({ name, size, crc32c }) => {
    const copy = copies.get(name);
    return copy?.size === size && copy.crc32c === crc32c;
  });
}

/** At every tick for as long as it lasts. */
async function alarm(deps: CheckDeps): Promise<void> {
  if (await isOverdue(deps)) deps.log.backupMissing();
}
