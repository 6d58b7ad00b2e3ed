import { openStorage } from '../../shared/cloud/storage.ts';
import type { Config } from '../../shared/cloud/config.ts';

/** Ten years of 365 days, in seconds: longer than any backup is kept. */
const RETENTION_SECONDS = 10 * 365 * 24 * 60 * 60;
const EXISTS = 409;

/** Seven days: what is thinned out after them is not deleted before. */
const BACKUP_RETENTION_SECONDS = 7 * 24 * 60 * 60;
/** Offsite everything stays for ninety. */
const OFFSITE_RETENTION_DAYS = 90;

export type BackupBuckets = Record<keyof Config['backupBuckets'], string>;

interface Buckets extends Pick<Config, 'projectId' | 'storageEndpoint' | 'ledgerBucket'> {
  rootsBucket: string;
  logBucket: string;
  backupBuckets: BackupBuckets;
}

/** Makes the buckets as production has them, none with soft delete or versions; one that is there is left alone. */
export async function provisionBuckets(config: Buckets): Promise<void> {
  const { backups, keyringBackups, offsiteBackups, offsiteKeyringBackups } = config.backupBuckets;
  const retained = (seconds: number) => ({ retentionPolicy: { retentionPeriod: seconds } });
  // No retention: what may still open what was erased has to go. The lifecycle is the net under our own purge.
  const forgetful = { lifecycle: deleteAfter(1) };
  await Promise.all([
    provision(config, config.ledgerBucket, retained(RETENTION_SECONDS)),
    // Signed roots stay as they are for ten years as well.
    provision(config, config.rootsBucket, retained(RETENTION_SECONDS)),
    // What has left the database is nowhere else: more than one region, and for nobody to take away.
    provision(config, config.logBucket, { ...retained(RETENTION_SECONDS), location: 'EU' }, true),
    provision(config, backups, retained(BACKUP_RETENTION_SECONDS), true),
    provision(config, keyringBackups, forgetful),
    // Nobody has the right to delete there.
    provision(
      config,
      offsiteBackups,
      {
        ...retained(OFFSITE_RETENTION_DAYS * 24 * 60 * 60),
        lifecycle: deleteAfter(OFFSITE_RETENTION_DAYS + 1),
        location: 'EU',
      },
      true,
    ),
    provision(config, offsiteKeyringBackups, { ...forgetful, location: 'EU' }),
  ]);
}

function deleteAfter(days: number): object {
  return { rule: [{ action: { type: 'Delete' }, condition: { age: days } }] };
}

/** `locked`: the retention can not be shortened or taken away any more. */
async function provision(config: Buckets, name: string, settings: object, locked = false): Promise<void> {
  const storage = openStorage(config);
  try {
    await storage.createBucket(name, {
      softDeletePolicy: { retentionDurationSeconds: 0 },
      versioning: { enabled: false },
      ...settings,
    });
    if (locked) await storage.bucket(name).lock(1);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === EXISTS) return;
    throw error;
  }
}
