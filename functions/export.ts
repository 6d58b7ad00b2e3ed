import { createRefusals } from '../shared/audit/refusals.ts';
import { createAttest } from '../shared/cloud/attest.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { openKeyring } from '../shared/cloud/keyring.ts';
import { createKms } from '../shared/cloud/kms.ts';
import { createLog } from '../shared/cloud/log.ts';
import { openWriteOnce } from '../shared/cloud/write-once.ts';
import { createApi, toFunction } from '../shared/http/app.ts';
import { createAuthenticator } from '../shared/http/authenticate.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { addExportApi } from '../shared/http/export/api.ts';

/** Everything that a company has, in signed parts that are made when they are fetched. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'export', projectId: config.projectId });
  const db = openFirestore(config, '(default)');
  const app = createApi({
    log,
    authenticator: createAuthenticator({ db, now }),
    noteRefusal: createRefusals({ db, now }),
  });
  addExportApi(app, {
    db,
    keyring: openKeyring(config, { now, onKmsBridged: log.kmsBridged }),
    attest: createAttest({ kms: createKms(config), now }),
    logs: openWriteOnce(config, config.logBucket),
    issuer: config.baseUrl,
    now,
  });
  return toFunction(app);
};

register('export', build);
