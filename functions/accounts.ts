import { createPasswords } from '../shared/accounts/passwords.ts';
import { createThrottle } from '../shared/accounts/throttle.ts';
import { createRefusals } from '../shared/audit/refusals.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { createEgress } from '../shared/cloud/egress.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { openKeyring } from '../shared/cloud/keyring.ts';
import { createLog } from '../shared/cloud/log.ts';
import { openMailer } from '../shared/cloud/mail.ts';
import { createPublisher } from '../shared/cloud/pubsub.ts';
import { openShopifyApp } from '../shared/commerce/shopify-app.ts';
import { addAccountsApi } from '../shared/http/accounts/api.ts';
import { accountsRoutes } from '../shared/http/accounts/routes.ts';
import { createApi, toFunction } from '../shared/http/app.ts';
import { addApprovalsApi } from '../shared/http/approvals/api.ts';
import { createAuthenticator } from '../shared/http/authenticate.ts';
import { addEndpointsApi } from '../shared/http/deliveries/api.ts';
import { addConnectionsApi } from '../shared/http/connections/api.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { createGrants } from '../shared/support/grants.ts';

/** Companies, members, sessions and what belongs to them. It alone makes company keys and sends letters. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'accounts', projectId: config.projectId });
  const db = openFirestore(config, '(default)');
  const keyring = openKeyring(config, { now, onKmsBridged: log.kmsBridged });
  const app = createApi({
    log,
    authenticator: createAuthenticator({ db, now, freshSessions: true }),
    noteRefusal: createRefusals({ db, now }),
    open: accountsRoutes.filter((route) => route.security?.length === 0),
  });
  const publisher = createPublisher(config);
  addAccountsApi(app, {
    db,
    keyring,
    publisher,
    mailer: openMailer(env, log.mailFiled),
    passwords: createPasswords(),
    throttle: createThrottle({ db, lookup: () => keyring.lookup(), now }),
    relyingParty: config.relyingParty,
    baseUrl: config.baseUrl,
    log,
    now,
  });
  addEndpointsApi(app, { db, keyring, standIns: config.standIns, now });
  addApprovalsApi(app, { db, grants: createGrants(openFirestore(config, 'keyring')), now });
  addConnectionsApi(app, {
    ...{ db, keyring, publisher, log, now, baseUrl: config.baseUrl, standIns: config.standIns },
    egress: createEgress(config, { now, random: Math.random }),
    shopifyApp: openShopifyApp(env),
  });
  return toFunction(app);
};

register('accounts', build);
