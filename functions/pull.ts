import { readConfig } from '../shared/cloud/config.ts';
import { createEgress } from '../shared/cloud/egress.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { openKeyring } from '../shared/cloud/keyring.ts';
import { createLog } from '../shared/cloud/log.ts';
import { createPublisher } from '../shared/cloud/pubsub.ts';
import { type Connection, connectionFinder } from '../shared/commerce/connections.ts';
import { pollConnection, type PollDeps } from '../shared/commerce/poll.ts';
import { publishPolls } from '../shared/commerce/publish-polls.ts';
import { pullOrder } from '../shared/commerce/pull-order.ts';
import { republishPulls } from '../shared/commerce/pulls.ts';
import { openShopifyApp } from '../shared/commerce/shopify-app.ts';
import { restoreWebhooks } from '../shared/commerce/shop-webhooks.ts';
import { PollMessage, PullMessage } from '../shared/domain/pull.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { pushHandler } from '../shared/http/push.ts';
import { tickHandler } from '../shared/http/tick.ts';
import { takeEvent } from '../shared/http/webhooks/take-event.ts';
import { takeDeps } from '../shared/http/webhooks/take-deps.ts';
import { productWriter } from '../shared/http/webhooks/write-products.ts';
import { isKnown } from '../shared/orders/shop-removed.ts';
import { stockTeller } from '../shared/stock/tell-shop-anew.ts';

/**
 * Topic `pulls`: reads an order at its shop, or everything that a shop has changed. Every minute, `POST /tick`: asks
 * again for what was lost, and gives a sixteenth of all shops their turn, or all of them after minutes without a tick.
 */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'pull', projectId: config.projectId });
  const db = openFirestore(config, '(default)');
  const keyring = openKeyring(config, { now, onKmsBridged: log.kmsBridged });
  const publisher = createPublisher(config);
  const egress = createEgress(config, { now, random: Math.random });
  const orders = { db, keyring, publisher, log, now };
  const shops = {
    ...orders,
    egress,
    findConnection: connectionFinder({ ...orders, shopifyApp: openShopifyApp(env) }),
    baseUrl: config.baseUrl,
  };

  const push = pushHandler({
    log,
    schema: PullMessage.or(PollMessage),
    handle: (message, { requestId }) => {
      const deps = {
        ...shops,
        take: (event: Parameters<typeof takeEvent>[0], connection: Connection) =>
          takeEvent(event, connection, requestId, takeDeps(orders)),
      };
      const polling: PollDeps = {
        ...deps,
        isKnown: ({ companyId, id }, externalId, updatedAt) =>
          isKnown(externalId, updatedAt, { companyId, connectionId: id }, orders),
        checkWebhooks: (connection) => restoreWebhooks(connection, requestId, shops),
        writeProducts: productWriter(requestId, orders),
        tellStock: stockTeller(orders),
      };
      if (!('pullId' in message)) return pollConnection(message, polling);
      const poll = (of: PollMessage): Promise<void> => pollConnection(of, polling);
      return pullOrder(message, { ...deps, poll });
    },
  });
  const tick = tickHandler(log, async () => {
    await republishPulls(orders);
    await publishPolls(orders);
  });
  return (req, res): unknown => (req.path === '/tick' ? tick(req, res) : push(req, res));
};

register('pull', build);
