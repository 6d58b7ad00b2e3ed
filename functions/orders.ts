import { createRefusals } from '../shared/audit/refusals.ts';
import { createOffers } from '../shared/catalogue/offers.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { openKeyring } from '../shared/cloud/keyring.ts';
import { createLog } from '../shared/cloud/log.ts';
import { createPublisher } from '../shared/cloud/pubsub.ts';
import { createApi, toFunction } from '../shared/http/app.ts';
import { createAuthenticator } from '../shared/http/authenticate.ts';
import { addDeliveriesApi } from '../shared/http/deliveries/api.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { addOrdersApi } from '../shared/http/orders/api.ts';

/** The merchants' orders API. It opens addresses, one at a time, each with an entry in the merchant's log. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'orders', projectId: config.projectId });
  const db = openFirestore(config, '(default)');
  const keyring = openKeyring(config, { now, onKmsBridged: log.kmsBridged });
  const app = createApi({
    log,
    authenticator: createAuthenticator({ db, now }),
    noteRefusal: createRefusals({ db, now }),
  });
  const publisher = createPublisher(config);
  addOrdersApi(app, {
    ...{ db, keyring, publisher, log, now },
    offers: createOffers({ db, now }),
  });
  addDeliveriesApi(app, { db, publisher, log, now });
  return toFunction(app);
};

register('orders', build);
