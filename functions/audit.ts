import { backupState } from '../shared/backups/state.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { createInternal } from '../shared/cloud/internal.ts';
import { createLog } from '../shared/cloud/log.ts';
import { openWriteOnce } from '../shared/cloud/write-once.ts';
import { createApi, toFunction } from '../shared/http/app.ts';
import { addAuditApi } from '../shared/http/audit/api.ts';
import { tellRefusals } from '../shared/http/audit/refusals.ts';
import { newestRootRoute } from '../shared/http/audit/route.ts';
import { createAuthenticator } from '../shared/http/authenticate.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { trustRoute } from '../shared/http/trust/routes.ts';
import { getTrust } from '../shared/http/trust/trust-data.ts';

/**
 * The merchant's log, and for anyone how promises are kept. It has no keys, and reads `(default)` and what has moved out of
 * it alone. It writes nothing: who was refused the log is written down by `archive-log`.
 */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  if (config.archiveLogUrl === undefined) throw new Error('ARCHIVE_LOG_URL: needed here.');
  const db = openFirestore(config, '(default)');
  const log = createLog({ functionName: 'audit', projectId: config.projectId });
  const authenticator = createAuthenticator({ db, now, readOnly: true });
  const noteRefusal = tellRefusals(createInternal(config, config.archiveLogUrl), { now });
  const app = createApi({ log, authenticator, noteRefusal, open: [newestRootRoute, trustRoute] });
  addAuditApi(app, { db, objects: openWriteOnce(config, config.logBucket), issuer: config.baseUrl, now });
  app.openapi(trustRoute, getTrust({ backups: () => backupState({ db, now }), now }));
  return toFunction(app);
};

register('audit', build);
