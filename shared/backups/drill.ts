import { isDeepStrictEqual } from 'node:util';
import type { Firestore } from '@google-cloud/firestore';
import { z } from 'zod';
import type { BackupBucket } from '../cloud/backup-buckets.ts';
import { paths } from '../cloud/firestore.ts';
import { createKeyring } from '../cloud/keyring.ts';
import type { Kms } from '../cloud/kms.ts';
import { withLease } from '../cloud/lease.ts';
import type { Log } from '../cloud/log.ts';
import { AppError } from '../domain/errors.ts';
import { Timestamp } from '../domain/order.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { unseal } from '../orders/open.ts';
import { orderDoc, toReadOrder } from '../orders/order-store.ts';
import { DrillParts, partsOn } from './drill-parts.ts';
import type { StoredDrill } from './drill-record.ts';
import { besideOf, isScratchMark, scratchMark } from './keyring-copies.ts';
import type { Manifest } from './manifest.ts';
import { Planted, PLANTED_ADDRESS } from './planted.ts';
import { KEYRING_KEPT, PART_NAMES, type PartName, SCRATCH, StoredBackup } from './record.ts';
import {
  compareCounts,
  compareObjects,
  type ImportDeps,
  type ImportOrder,
  isImported,
  readManifest,
  RestoreRefused,
  type Source,
  startImport,
} from './restore.ts';

export interface DrillDeps extends ImportDeps {
  db: Firestore;
  source: Source;
  keyringBucket: BackupBucket;
  kms: Kms;
  log: Log;
  now: Clock;
}

/** `drills/current`: a drill under way. Imports may take longer than a tick: the next one goes on. */
const Current = z.object({
  backupId: z.string(),
  parts: DrillParts,
  /** By part; null: a run that died before it could say that all were begun. */
  operations: z.record(z.string(), z.string()).nullable(),
  startedAt: Timestamp,
});
type Current = z.infer<typeof Current>;

const LEASE = 5 * 60_000;
const WORKING_TIME = 3 * 60_000;
const LATEST = 12 * 60 * 60_000;

/** One tick: begins the drill of the day or goes on with it, until it has passed. A failed one is an alarm and tried again. */
export async function drillOfTheDay(deps: DrillDeps): Promise<void> {
  await withLease(deps, 'restore-drill', LEASE, async (turn) => {
    await removeBesideMarks(deps).catch((error: unknown) => {
      deps.log.backupStepFailed(error);
    });
    const today = timestamp(deps.now).slice(0, 10);
    const known = Current.safeParse((await deps.db.doc(paths.drill('current')).get()).data()).data;
    if (known === undefined && turn.cursor['passedOn'] === today) return;
    // Before the first one there is nothing to try.
    if ((await deps.db.collection('backups').where('state', '==', 'good').limit(1).get()).empty) return;
    const begun = known === undefined || known.operations === null ? undefined : known;
    let backupId = begun?.backupId;
    try {
      backupId ??= await newestGood(deps);
      const current = begun ?? (await begin(backupId, deps));
      const result = await goOn(current, deps);
      if (result === undefined) return;
      await end(result, deps);
      turn.cursor['passedOn'] = today;
      deps.log.drillPassed(result.backupId, result.documents, result.recoveryTime);
    } catch (error) {
      const code = error instanceof RestoreRefused || error instanceof AppError ? error.code : 'INTERNAL';
      deps.log.drillFailed(backupId, code, error);
      const none = { backupId: backupId ?? '', parts: {}, documents: 0, recoveryTime: 0, recoveryPoint: 0 };
      await end({ ...none, passed: false, code, at: timestamp(deps.now) }, deps);
    }
  });
}

async function begin(backupId: string, deps: DrillDeps): Promise<Current> {
  const { db, source, now } = deps;
  await plantedOrder(deps);
  await removeScratch(deps);
  const manifest = await readManifest(backupId, source, deps);
  const current: Current = { backupId, parts: partsOn(now()), operations: null, startedAt: timestamp(now) };
  // Whoever destroys a key from now on knows of one more copy.
  await deps.keyringBucket.mark(scratchMark(backupId));
  await db.doc(paths.drill('current')).set(current);
  const operations: Record<string, string> = {};
  for (const step of stepsOf(current, manifest)) {
    await compareObjects(manifest, step.part, source);
    operations[step.part] = await startImport(step, source, deps);
  }
  await db.doc(paths.drill('current')).update({ operations });
  return { ...current, operations };
}

/** The result, once all imports have ended; undefined while they have not and the time of this tick is over. */
async function goOn(current: Current, deps: DrillDeps): Promise<StoredDrill | undefined> {
  const { now } = deps;
  const startedAt = Date.parse(current.startedAt);
  const until = now() + WORKING_TIME;
  for (const operation of Object.values(current.operations ?? {})) {
    for (let looks = 0; !(await isImported(operation, deps)); looks += 1) {
      if (now() - startedAt > LATEST) throw new AppError('UNAVAILABLE', 'an import does not end');
      if (now() > until) return undefined;
      await deps.wait(looks);
    }
  }
  const manifest = await readManifest(current.backupId, deps.source, deps);
  let documents = 0;
  for (const step of stepsOf(current, manifest)) documents += await compareCounts(step, deps);
  await openPlanted(current, deps);
  const times = {
    recoveryTime: now() - startedAt,
    recoveryPoint: startedAt - Date.parse(manifest.snapshotTime),
  };
  const { backupId, parts } = current;
  return { backupId, parts, documents, passed: true, code: null, ...times, at: timestamp(now) };
}

/** The result is written when nothing is left of the scratch databases. */
async function end(result: StoredDrill, deps: DrillDeps): Promise<void> {
  await removeScratch(deps);
  const batch = deps.db.batch();
  batch.set(deps.db.doc(paths.drill(result.at.slice(0, 10))), result);
  batch.delete(deps.db.doc(paths.drill('current')));
  await batch.commit();
}

function stepsOf({ backupId, parts }: Current, manifest: Manifest): ImportOrder[] {
  return PART_NAMES.filter((part) => parts[part] !== undefined).map((part) => {
    const some = parts[part] ?? [];
    const into = scratchOf(backupId, part);
    return { manifest, part, into, ...(some.length > 0 && { collectionIds: some }) };
  });
}

/** `NOT_FOUND` when no backup whose keyring is not purged is good. */
async function newestGood({ db, now }: DrillDeps): Promise<string> {
  const since = new Date(now() - KEYRING_KEPT).toISOString();
  const young = await db.collection('backups').where('snapshotTime', '>=', since).get();
  const good = young.docs.filter((doc) => StoredBackup.safeParse(doc.data()).data?.state === 'good');
  const newest = good
    .map((doc) => doc.id)
    .sort()
    .at(-1);
  if (newest === undefined) throw new AppError('NOT_FOUND', 'there is no good backup to restore');
  return newest;
}

/**
 * The one order that is nobody's, opened with a key out of the restored keyring: the restored order where all was restored,
 * else the live one. No merchant's is: that would be an opening which nobody approved.
 */
async function openPlanted({ backupId, parts }: Current, deps: DrillDeps): Promise<void> {
  const { companyId, orderId } = await plantedOrder(deps);
  const keyring = createKeyring({ ...deps, db: deps.open(scratchOf(backupId, 'keyring')) });
  const db = parts.default?.length === 0 ? deps.open(scratchOf(backupId, 'default')) : deps.db;
  const read = toReadOrder(await orderDoc(db, companyId, orderId).get());
  const opened = await unseal(companyId, read, { db, keyring });
  if (!isDeepStrictEqual(opened?.shipTo, PLANTED_ADDRESS))
    throw new AppError('SEAL_BROKEN', 'another address');
}

/** `NOT_FOUND` when there is none: then nothing has to be restored to know that the drill fails. */
async function plantedOrder({ db }: DrillDeps): Promise<Planted> {
  const planted = Planted.safeParse((await db.doc(paths.drill('planted')).get()).data()).data;
  if (planted === undefined) throw new AppError('NOT_FOUND', 'no order is planted');
  return planted;
}

/** What a drill has left behind, this one or one that died; then the marks, so that none is missing before. */
async function removeScratch({ admin, keyringBucket }: DrillDeps): Promise<void> {
  const left = (await admin.databaseIds()).filter((id) => id.startsWith(SCRATCH));
  for (const id of left) await admin.deleteDatabase(id);
  for await (const object of keyringBucket.objects()) {
    if (isScratchMark(object.name)) await keyringBucket.remove(object);
  }
}

/** Of keyrings that were restored beside the live one and are deleted. Certificates waited for that. */
async function removeBesideMarks({ admin, keyringBucket }: DrillDeps): Promise<void> {
  const objects = await Array.fromAsync(keyringBucket.objects());
  const marks = objects.filter(({ name }) => besideOf(name) !== undefined);
  if (marks.length === 0) return;
  const there = new Set(await admin.databaseIds());
  for (const mark of marks) {
    if (!there.has(besideOf(mark.name) ?? '')) await keyringBucket.remove(mark);
  }
}

/** `drill-20261125t0600z-keyring`. */
function scratchOf(id: string, part: PartName): string {
  return `${SCRATCH}${id.toLowerCase()}-${part}`;
}
