import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { createLog } from '../shared/cloud/log.ts';
import { createPublisher } from '../shared/cloud/pubsub.ts';
import { StockMessage } from '../shared/domain/stock.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { pushHandler } from '../shared/http/push.ts';
import { tellStock } from '../shared/orders/tell-stock.ts';
import { allocate } from '../shared/stock/allocate.ts';
import { tellShops } from '../shared/stock/tell-shops.ts';

/** Topic `stock`, one supplier's messages one after the other: promises stock to the lines that ask for it. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'allocate', projectId: config.projectId });
  const db = openFirestore(config, '(default)');
  const publisher = createPublisher(config);
  return pushHandler({
    log,
    schema: StockMessage,
    handle: (message, { requestId }) => {
      const acting = { actor: { type: 'system', id: null }, requestId } as const;
      return allocate(message, {
        ...{ db, now },
        tell: (supply, lineIds) => tellStock(supply, lineIds, acting, { db, now }),
        tellShops: (stock) => tellShops(stock, { db, publisher, log, now }),
      });
    },
  });
};

register('allocate', build);
