import { setTimeout as sleep } from 'node:timers/promises';
import { openBackupBuckets } from '../shared/cloud/backup-buckets.ts';
import type { Config } from '../shared/cloud/config.ts';
import { openDatabase } from '../shared/cloud/firestore.ts';
import { openFirestoreAdmin } from '../shared/cloud/firestore-admin.ts';
import { createKms } from '../shared/cloud/kms.ts';
import type { Clock } from '../shared/domain/time.ts';
import { createLedger } from '../shared/cloud/storage.ts';
import { openWriteOnce } from '../shared/cloud/write-once.ts';
import type { RestoreDeps } from './restore-run.ts';

const LOOK_FIRST_MS = 200;
const LOOK_LAST_MS = 5_000;

/** The real ones, at our own buckets or at the offsite copies. */
export function restoreDeps(config: Config, offsite: boolean, now: Clock = Date.now): RestoreDeps {
  const buckets = openBackupBuckets(config, [
    'backups',
    'keyringBackups',
    'offsiteBackups',
    'offsiteKeyringBackups',
  ]);
  const backups = offsite ? buckets.offsiteBackups : buckets.backups;
  const opened = new Map<string, ReturnType<typeof openDatabase>>();
  return {
    source: {
      backups,
      keyringBackups: offsite ? buckets.offsiteKeyringBackups : buckets.keyringBackups,
      manifests: openWriteOnce(config, backups.name),
    },
    open(databaseId) {
      const known = opened.get(databaseId) ?? openDatabase(config, databaseId);
      opened.set(databaseId, known);
      return known;
    },
    marks: buckets.keyringBackups,
    own: { backups: buckets.backups, manifests: openWriteOnce(config, buckets.backups.name) },
    admin: openFirestoreAdmin(config),
    kms: createKms(config),
    ledger: createLedger(config),
    roots: openWriteOnce(config, config.rootsBucket),
    issuer: config.baseUrl,
    ...{ projectId: config.projectId, production: config.production, now },
    wait: (looks) => sleep(Math.min(LOOK_FIRST_MS * 2 ** looks, LOOK_LAST_MS)),
  };
}
