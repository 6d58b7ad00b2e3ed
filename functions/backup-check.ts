import { checkBackups } from '../shared/backups/check.ts';
import { openBackupBuckets, openLogBucket } from '../shared/cloud/backup-buckets.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openDatabases } from '../shared/cloud/firestore.ts';
import { openFirestoreAdmin } from '../shared/cloud/firestore-admin.ts';
import { createLog } from '../shared/cloud/log.ts';
import { openWriteOnce } from '../shared/cloud/write-once.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { tickHandler } from '../shared/http/tick.ts';

/** Every 15 minutes: follows exports to their end, purges, and alarms when no backup is good. It opens nothing. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'backup-check', projectId: config.projectId });
  const buckets = openBackupBuckets(config, [
    'backups',
    'keyringBackups',
    'offsiteBackups',
    'offsiteKeyringBackups',
    'offsiteLogs',
  ]);
  const deps = {
    ...openDatabases(config),
    ...{ projectId: config.projectId, production: config.production },
    ...{ admin: openFirestoreAdmin(config), buckets, places: buckets, logs: openLogBucket(config) },
    manifests: openWriteOnce(config, config.backupBuckets.backups),
    ...{ log, now },
  };
  return tickHandler(log, () => checkBackups(deps));
};

register('backup-check', build);
