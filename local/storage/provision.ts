import { openStorage } from '../../shared/cloud/storage.ts';
import type { Config } from '../../shared/cloud/config.ts';

/** Ten years of 365 days, in seconds: longer than any backup is kept. */
const RETENTION_SECONDS = 10 * 365 * 24 * 60 * 60;
const EXISTS = 409;

type Place = Pick<Config, 'projectId' | 'storageEndpoint'>;

/** Makes the erasure ledger's bucket as production has it, without soft delete; one that is there is left alone. */
export async function provisionLedgerBucket(config: Place & Pick<Config, 'ledgerBucket'>): Promise<void> {
  await provision(config, config.ledgerBucket, { retentionPeriod: RETENTION_SECONDS });
}

/** The bucket of signed roots, which stay as they are for ten years as well. */
export async function provisionRootsBucket(config: Place & { rootsBucket: string }): Promise<void> {
  await provision(config, config.rootsBucket, { retentionPeriod: RETENTION_SECONDS });
}

async function provision(
  config: Place,
  bucket: string,
  retentionPolicy?: { retentionPeriod: number },
): Promise<void> {
  try {
    await openStorage(config).createBucket(bucket, {
      ...(retentionPolicy !== undefined && { retentionPolicy }),
      softDeletePolicy: { retentionDurationSeconds: 0 },
      versioning: { enabled: false },
    });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === EXISTS) return;
    throw error;
  }
}
