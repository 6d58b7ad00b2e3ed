import { createRefusals } from '../shared/audit/refusals.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { createLog } from '../shared/cloud/log.ts';
import { openStripe } from '../shared/cloud/stripe.ts';
import { createApi, toFunction } from '../shared/http/app.ts';
import { createAuthenticator } from '../shared/http/authenticate.ts';
import { addBillingApi } from '../shared/http/billing/api.ts';
import { type Build, register } from '../shared/http/entry.ts';

/** Accounts, cards on file, charges, refunds and statements. It has no keyring and opens no address. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'billing', projectId: config.projectId });
  const db = openFirestore(config, '(default)');
  const app = createApi({
    log,
    authenticator: createAuthenticator({ db, now }),
    noteRefusal: createRefusals({ db, now }),
  });
  addBillingApi(app, { db, stripe: openStripe(env), log, now, home: `${config.baseUrl}/docs` });
  return toFunction(app);
};

register('billing', build);
