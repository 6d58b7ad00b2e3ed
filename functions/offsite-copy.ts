import { copyOffsite } from '../shared/backups/offsite.ts';
import { openBackupBuckets, openLogBucket } from '../shared/cloud/backup-buckets.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { createLog } from '../shared/cloud/log.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { tickHandler } from '../shared/http/tick.ts';

/**
 * Every five minutes, as an identity of the offsite project: pulls what was exported and what moved out of logs. It reaches
 * no database.
 */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'offsite-copy', projectId: config.projectId });
  const buckets = openBackupBuckets(config, [
    'backups',
    'keyringBackups',
    'offsiteBackups',
    'offsiteKeyringBackups',
    'offsiteLogs',
  ]);
  const logs = openLogBucket(config);
  return tickHandler(log, () => copyOffsite({ buckets, logs, log, now }));
};

register('offsite-copy', build);
