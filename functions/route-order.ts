import { createOffers } from '../shared/catalogue/offers.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { openKeyring } from '../shared/cloud/keyring.ts';
import { createLog } from '../shared/cloud/log.ts';
import { createPublisher } from '../shared/cloud/pubsub.ts';
import { OrderMessage } from '../shared/domain/order.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { pushHandler } from '../shared/http/push.ts';
import { routeOrder } from '../shared/orders/route.ts';

/** Topic `orders`: carries a stored order to the partners that supply it. It wraps record keys and opens nothing. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'route-order', projectId: config.projectId });
  const db = openFirestore(config, '(default)');
  const keyring = openKeyring(config, { now, onKmsBridged: log.kmsBridged });
  const deps = {
    db,
    keyring,
    publisher: createPublisher(config),
    offers: createOffers({ db, now }),
    log,
    now,
  };
  return pushHandler({
    log,
    schema: OrderMessage,
    handle: (message, { requestId }) =>
      routeOrder(message, { actor: { type: 'system', id: null }, requestId }, deps),
  });
};

register('route-order', build);
