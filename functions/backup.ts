import { backup } from '../shared/backups/begin.ts';
import { openBackupBuckets } from '../shared/cloud/backup-buckets.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openDatabases } from '../shared/cloud/firestore.ts';
import { openFirestoreAdmin } from '../shared/cloud/firestore-admin.ts';
import { createLog } from '../shared/cloud/log.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { tickHandler } from '../shared/http/tick.ts';

/** At 0, 6, 12 and 18 o'clock UTC: has all databases exported at one snapshot time. It opens nothing. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'backup', projectId: config.projectId });
  const deps = {
    ...openDatabases(config),
    admin: openFirestoreAdmin(config),
    places: openBackupBuckets(config, ['backups', 'keyringBackups']),
    log,
    now,
  };
  return tickHandler(log, () => backup(deps));
};

register('backup', build);
