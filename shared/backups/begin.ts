import type { Firestore } from '@google-cloud/firestore';
import type { BackupBucket } from '../cloud/backup-buckets.ts';
import { type DatabaseId, paths } from '../cloud/firestore.ts';
import type { FirestoreAdmin } from '../cloud/firestore-admin.ts';
import { withLease } from '../cloud/lease.ts';
import type { Log } from '../cloud/log.ts';
import { AppError } from '../domain/errors.ts';
import type { Clock } from '../domain/time.ts';
import { COLLECTIONS } from './collections.ts';
import { countAll } from './count.ts';
import { planMark } from './keyring-copies.ts';
import {
  backupId,
  EVERY,
  nextCheck,
  NO_PART,
  PART_NAMES,
  type PartName,
  PARTS,
  slotOf,
  StoredBackup,
} from './record.ts';

export interface BackupDeps {
  db: Firestore;
  /** All databases, to count what is in them. */
  databases: Record<DatabaseId, Firestore>;
  admin: FirestoreAdmin;
  /** Where the exports go. */
  places: Record<'backups' | 'keyringBackups', Pick<BackupBucket, 'name' | 'mark'>>;
  log: Log;
  now: Clock;
}

const MINUTE = 60_000;
/** Both `backup` and `backup-check` work under it: one at a time. */
export const LEASE = 5 * MINUTE;
/** The service reads one hour back; what is planned has to begin well before. */
const BEGIN_WITHIN = 50 * MINUTE;
/** A backup is planned when its six hours begin no later than this. */
const PLAN_AHEAD = 20 * MINUTE;

/**
 * One tick: begins the backup of these six hours, all databases at one snapshot time. A second tick finds it begun and
 * does nothing; a run that died is followed by `backup-check`.
 */
export async function backup(deps: BackupDeps): Promise<void> {
  await withLease(deps, 'backup', LEASE, () => beginBackup(deps));
}

/** Under the lease. Six hours whose backups all failed get another, with a snapshot time of its own. */
export async function beginBackup(deps: BackupDeps): Promise<void> {
  const { now } = deps;
  const slot = slotOf(now());
  await plan(slot, deps);
  const planned = await deps.db.collection('backups').where('state', '==', 'planned').get();
  for (const doc of planned.docs) {
    const record = StoredBackup.parse(doc.data());
    const age = now() - Date.parse(record.snapshotTime);
    if (age > BEGIN_WITHIN) await fail(doc.id, 'MISSED', undefined, deps);
    else if (age >= 0) await exportAll(doc.id, record, deps);
  }
  // At once, so that a plan that was missed does not cost the slot a tick.
  await plan(slot, deps);
  if (slotOf(now() + PLAN_AHEAD) !== slot) await plan(slot + EVERY, deps);
}

/**
 * Writes down a snapshot that is still to come. Whoever destroys a key from that time on finds it here, and a key that was
 * destroyed before is not in it: between the two there is no gap.
 */
async function plan(slot: number, { db, places, log, now }: BackupDeps): Promise<void> {
  const slotName = new Date(slot).toISOString();
  const known = await db.collection('backups').where('slot', '==', slotName).get();
  if (known.docs.some((doc) => StoredBackup.parse(doc.data()).state !== 'failed')) return;
  const snapshot = Math.max(slot, nextCheck(now()));
  const id = backupId(snapshot);
  const record: StoredBackup = {
    ...{ snapshotTime: new Date(snapshot).toISOString(), slot: slotName, state: 'planned', code: null },
    parts: { default: NO_PART, keyring: NO_PART, staff: NO_PART },
    ...{ counts: null, keyVersions: null, manifestHash: null, goodAt: null, keyringPurgedAt: null },
  };
  // The mark first: it is what horizons are made of.
  await places.keyringBackups.mark(planMark(id));
  const ref = db.doc(paths.backup(id));
  if ((await ref.get()).exists) return;
  await ref.create(record);
  log.backupPlanned(id);
}

async function exportAll(id: string, record: StoredBackup, deps: BackupDeps): Promise<void> {
  const { db, log } = deps;
  const ref = db.doc(paths.backup(id));
  // From here on a run that dies leaves a backup without all its operations, which is then late and fails.
  await ref.update({ state: 'running' });
  for (const part of PART_NAMES) {
    try {
      const operation = await startPart(id, part, record, deps);
      await ref.update({ [`parts.${part}`]: { ...NO_PART, operation, state: 'running' } });
    } catch (error) {
      await fail(id, error instanceof AppError ? error.code : 'INTERNAL', error, deps);
      return;
    }
  }
  log.backupBegun(id);
  // While the service still reads that far back. What is not counted now is counted by `backup-check`.
  await ref.update({ ...(await countAll(record.snapshotTime, deps.databases)) });
}

function startPart(id: string, part: PartName, record: StoredBackup, deps: BackupDeps): Promise<string> {
  const bucket = part === 'keyring' ? deps.places.keyringBackups : deps.places.backups;
  return deps.admin.export({
    ...{ databaseId: PARTS[part], collectionIds: COLLECTIONS[part] },
    ...{ place: `gs://${bucket.name}/${id}/${part}`, snapshotTime: record.snapshotTime },
  });
}

/** Says it aloud: the next tick plans another one for these six hours. */
export async function fail(
  id: string,
  code: string,
  error: unknown,
  { db, log }: Pick<BackupDeps, 'db' | 'log'>,
): Promise<void> {
  await db.doc(paths.backup(id)).update({ state: 'failed', code });
  log.backupFailed(id, code, error);
}
