import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { openKeyring } from '../shared/cloud/keyring.ts';
import { createLog } from '../shared/cloud/log.ts';
import { createPublisher } from '../shared/cloud/pubsub.ts';
import { eventNoter } from '../shared/commerce/connection-health.ts';
import { connectionFinder } from '../shared/commerce/connections.ts';
import { openShopifyApp } from '../shared/commerce/shopify-app.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { receiveWebhook } from '../shared/http/webhooks/receive.ts';
import { takeShopifyPrivacy } from '../shared/http/webhooks/shopify-privacy.ts';
import { takeDeps } from '../shared/http/webhooks/take-deps.ts';

/** Takes what commerce platforms send: verified, reduced to what a label needs, sealed, stored. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'webhooks', projectId: config.projectId });
  const db = openFirestore(config, '(default)');
  const keyring = openKeyring(config, { now, onKmsBridged: log.kmsBridged });
  const shopifyApp = openShopifyApp(env);
  const deps = { db, keyring, publisher: createPublisher(config), log, now };
  return receiveWebhook({
    findConnection: connectionFinder({ db, keyring, now, shopifyApp }),
    shopifyApp: takeShopifyPrivacy({ ...deps, shopifyApp }),
    noteEvent: eventNoter({ db, now }),
    ...takeDeps(deps),
    log,
    now,
  });
};

register('webhooks', build);
