import type { BackupBucketName } from '../../shared/cloud/backup-buckets.ts';
import type { Config } from '../../shared/cloud/config.ts';
import { openStorage } from '../../shared/cloud/storage.ts';
import { type BucketName, BUCKETS, type BucketSettings } from './buckets.ts';

const EXISTS = 409;

export type BackupBuckets = Record<BackupBucketName, string>;

interface Buckets extends Pick<Config, 'projectId' | 'storageEndpoint' | 'ledgerBucket'> {
  rootsBucket: string;
  logBucket: string;
  backupBuckets: BackupBuckets;
}

/** Makes the buckets as production has them; one that is there is left alone. */
export async function provisionBuckets(config: Buckets): Promise<void> {
  const names: Record<BucketName, string> = {
    ...{ ledger: config.ledgerBucket, roots: config.rootsBucket, logs: config.logBucket },
    ...config.backupBuckets,
  };
  const all = Object.entries(BUCKETS) as [BucketName, BucketSettings][];
  await Promise.all(all.map(([name, settings]) => provision(config, names[name], settings)));
}

async function provision(config: Buckets, name: string, settings: BucketSettings): Promise<void> {
  const { retentionSeconds, locked, deleteAfterDays } = settings;
  const storage = openStorage(config);
  try {
    await storage.createBucket(name, {
      softDeletePolicy: { retentionDurationSeconds: 0 },
      versioning: { enabled: false },
      ...(retentionSeconds !== undefined && { retentionPolicy: { retentionPeriod: retentionSeconds } }),
      ...(deleteAfterDays !== undefined && { lifecycle: deleteAfter(deleteAfterDays) }),
    });
    if (locked) await storage.bucket(name).lock(1);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === EXISTS) return;
    throw error;
  }
}

function deleteAfter(days: number) {
  return { rule: [{ action: { type: 'Delete' as const }, condition: { age: days } }] };
}
