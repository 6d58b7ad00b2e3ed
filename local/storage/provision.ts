import { openStorage } from '../../shared/cloud/storage.ts';
import type { Config } from '../../shared/cloud/config.ts';

/** Ten years of 365 days, in seconds: longer than any backup is kept. */
const RETENTION_SECONDS = 10 * 365 * 24 * 60 * 60;
const EXISTS = 409;

/** Makes the erasure ledger's bucket as production has it, without soft delete; one that is there is left alone. */
export async function provisionLedgerBucket(
  config: Pick<Config, 'projectId' | 'storageEndpoint' | 'ledgerBucket'>,
): Promise<void> {
  try {
    await openStorage(config).createBucket(config.ledgerBucket, {
      retentionPolicy: { retentionPeriod: RETENTION_SECONDS },
      softDeletePolicy: { retentionDurationSeconds: 0 },
      versioning: { enabled: false },
    });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === EXISTS) return;
    throw error;
  }
}
