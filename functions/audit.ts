import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { createLog } from '../shared/cloud/log.ts';
import { createApi, toFunction } from '../shared/http/app.ts';
import { listAudit } from '../shared/http/audit/list.ts';
import { listAuditRoute } from '../shared/http/audit/route.ts';
import { createAuthenticator } from '../shared/http/authenticate.ts';
import { type Build, register } from '../shared/http/entry.ts';

/** The merchant's log. It has no keys and reads `(default)` alone. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const db = openFirestore(config, '(default)');
  const log = createLog({ functionName: 'audit', projectId: config.projectId });
  const app = createApi({ log, authenticator: createAuthenticator({ db, now, readOnly: true }) });
  app.openapi(listAuditRoute, listAudit({ db }));
  return toFunction(app);
};

register('audit', build);
