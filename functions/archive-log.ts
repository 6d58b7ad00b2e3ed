import { moveLogs } from '../shared/audit/move-log.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { createLog } from '../shared/cloud/log.ts';
import { openWriteOnce } from '../shared/cloud/write-once.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { tickHandler } from '../shared/http/tick.ts';

/** Every hour: moves what has become old in merchants' logs out of the database. It signs and opens nothing. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'archive-log', projectId: config.projectId });
  const deps = {
    db: openFirestore(config, '(default)'),
    objects: openWriteOnce(config, config.logBucket),
    log,
    now,
  };
  return tickHandler(log, () => moveLogs(deps));
};

register('archive-log', build);
