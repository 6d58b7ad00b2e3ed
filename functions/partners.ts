import { createRefusals } from '../shared/audit/refusals.ts';
import { createDirectory } from '../shared/accounts/directory.ts';
import { createThrottle } from '../shared/accounts/throttle.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { openKeyring } from '../shared/cloud/keyring.ts';
import { createLog } from '../shared/cloud/log.ts';
import { openMailer } from '../shared/cloud/mail.ts';
import { createApi, toFunction } from '../shared/http/app.ts';
import { createAuthenticator } from '../shared/http/authenticate.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { addPartnersApi } from '../shared/http/partners/api.ts';

/** Connections between companies: who invites whom, and what they agree on. It opens no order. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'partners', projectId: config.projectId });
  const db = openFirestore(config, '(default)');
  const keyring = openKeyring(config, { now, onKmsBridged: log.kmsBridged });
  const throttle = createThrottle({ db, lookup: () => keyring.lookup(), now });
  const app = createApi({
    log,
    authenticator: createAuthenticator({ db, now }),
    noteRefusal: createRefusals({ db, now }),
  });
  addPartnersApi(app, {
    db,
    keyring,
    directory: createDirectory({ db, keyring, throttle }),
    mailer: openMailer(env, log.mailFiled),
    hub: { baseUrl: config.baseUrl, projectId: config.projectId },
    now,
  });
  return toFunction(app);
};

register('partners', build);
