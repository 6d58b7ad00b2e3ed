import { purgeOffsite } from '../shared/backups/offsite.ts';
import { openBackupBuckets } from '../shared/cloud/backup-buckets.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { createLog } from '../shared/cloud/log.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { tickHandler } from '../shared/http/tick.ts';

/** Every 15 minutes, as another identity of the offsite project: deletes the keyring's old copies there. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'offsite-purge', projectId: config.projectId });
  const { offsiteKeyringBackups: bucket } = openBackupBuckets(config, ['offsiteKeyringBackups']);
  return tickHandler(log, () => purgeOffsite({ bucket, log, now }));
};

register('offsite-purge', build);
