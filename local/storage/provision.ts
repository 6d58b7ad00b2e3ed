import { openStorage } from '../../shared/cloud/storage.ts';
import type { Config } from '../../shared/cloud/config.ts';

/** Ten years of 365 days, in seconds: longer than any backup is kept. */
const RETENTION_SECONDS = 10 * 365 * 24 * 60 * 60;
const EXISTS = 409;

/** Seven days: what is thinned out after them is not deleted before. */
const BACKUP_RETENTION_SECONDS = 7 * 24 * 60 * 60;

type Buckets = Pick<Config, 'projectId' | 'storageEndpoint' | 'ledgerBucket' | 'backupBuckets'> & {
  rootsBucket: string;
};

/** Makes the buckets as production has them, none with soft delete or versions; one that is there is left alone. */
export async function provisionBuckets(config: Buckets): Promise<void> {
  const { backups, keyringBackups } = config.backupBuckets;
  await Promise.all([
    provision(config, config.ledgerBucket, { retentionPolicy: { retentionPeriod: RETENTION_SECONDS } }),
    // Signed roots stay as they are for ten years as well.
    provision(config, config.rootsBucket, { retentionPolicy: { retentionPeriod: RETENTION_SECONDS } }),
    provision(config, backups, { retentionPolicy: { retentionPeriod: BACKUP_RETENTION_SECONDS } }),
    // No retention: what may still open what was erased has to go. The lifecycle is the net under our own purge.
    provision(config, keyringBackups, {
      lifecycle: { rule: [{ action: { type: 'Delete' }, condition: { age: 1 } }] },
    }),
  ]);
}

async function provision(config: Buckets, name: string, settings: object): Promise<void> {
  try {
    await openStorage(config).createBucket(name, {
      softDeletePolicy: { retentionDurationSeconds: 0 },
      versioning: { enabled: false },
      ...settings,
    });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === EXISTS) return;
    throw error;
  }
}
