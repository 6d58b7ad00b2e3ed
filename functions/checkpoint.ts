import { checkpoint } from '../shared/audit/checkpoint.ts';
import { createAttest } from '../shared/cloud/attest.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { createKms } from '../shared/cloud/kms.ts';
import { createLog } from '../shared/cloud/log.ts';
import { openWriteOnce } from '../shared/cloud/write-once.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { tickHandler } from '../shared/http/tick.ts';

/** Every five minutes: puts new entries of all logs under one signed root. It opens nothing. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'checkpoint', projectId: config.projectId });
  const deps = {
    db: openFirestore(config, '(default)'),
    attest: createAttest({ kms: createKms(config), now }),
    roots: openWriteOnce(config, config.rootsBucket),
    issuer: config.baseUrl,
    log,
    now,
  };
  return tickHandler(log, () => checkpoint(deps));
};

register('checkpoint', build);
