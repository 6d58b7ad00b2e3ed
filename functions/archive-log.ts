import { moveLogs } from '../shared/audit/move-log.ts';
import { createRefusals } from '../shared/audit/refusals.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { createLog } from '../shared/cloud/log.ts';
import { openWriteOnce } from '../shared/cloud/write-once.ts';
import { createApi, toFunction } from '../shared/http/app.ts';
import { addRefusalsApi, REFUSALS_PATH } from '../shared/http/audit/refusals.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { tickHandler } from '../shared/http/tick.ts';

/**
 * Every hour, `POST /`: moves what has become old in merchants' logs out of the database. `POST /refusals`, by `audit`: writes
 * down who was refused a log. It signs and opens nothing.
 */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'archive-log', projectId: config.projectId });
  const db = openFirestore(config, '(default)');
  const deps = { db, objects: openWriteOnce(config, config.logBucket), log, now };
  const tick = tickHandler(log, () => moveLogs(deps));
  const app = createApi({ log });
  addRefusalsApi(app, createRefusals({ db, now }));
  const refusals = toFunction(app);
  return (req, res): unknown => (req.path === REFUSALS_PATH ? refusals(req, res) : tick(req, res));
};

register('archive-log', build);
