import { importGivenUp, republishImports } from '../shared/catalogue/republish-imports.ts';
import { watchCheckpoint } from '../shared/audit/watch.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { openKeyring } from '../shared/cloud/keyring.ts';
import { createLog } from '../shared/cloud/log.ts';
import { createPublisher } from '../shared/cloud/pubsub.ts';
import { ImportMessage } from '../shared/domain/import.ts';
import { sweepDeliveries } from '../shared/deliveries/sweep-deliveries.ts';
import { DeliveryMessage } from '../shared/domain/delivery.ts';
import { ErasureMessage, OrderMessage } from '../shared/domain/order.ts';
import { PollMessage, PullMessage } from '../shared/domain/pull.ts';
import { StockMessage } from '../shared/domain/stock.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { pushHandler } from '../shared/http/push.ts';
import { tickHandler } from '../shared/http/tick.ts';
import { hold } from '../shared/orders/hold.ts';
import { removeOrphans } from '../shared/orders/orphans.ts';
import { redactDue } from '../shared/orders/redact.ts';
import { erasureGivenUp, sweep } from '../shared/orders/sweep.ts';
import { republishStock } from '../shared/stock/sweep-stock.ts';
import { endRunOut } from '../shared/support/end.ts';

/**
 * Every minute, `POST /`: publishes lost work again, has erasures confirmed, removes orphan keys, writes
 * down the end of support requests, alarms when logs are not sealed. Dead letters,
 * `POST /dead-letters`: an order is held for its merchant, an import fails after an hour; an erasure and a stock are
 * never given up.
 */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'sweep', projectId: config.projectId });
  const db = openFirestore(config, '(default)');
  const keyring = openKeyring(config, { now });
  const publisher = createPublisher(config);

  const tick = tickHandler(log, async () => {
    await sweep({
      ...{ db, publisher, log, now },
      republishStock: (cursor) => republishStock(cursor, { db, publisher, now }),
      removeOrphans: (after) => removeOrphans(after, { db, now, keyring }),
    });
    await republishImports({ db, publisher, now });
    await redactDue({ db, publisher, log, now });
    await endRunOut({ db, now });
    await watchCheckpoint({ db, log, now });
    await sweepDeliveries({ db, publisher, log, now });
  });
  const deadLetter = pushHandler({
    log,
    schema: OrderMessage.or(ErasureMessage)
      .or(StockMessage)
      .or(ImportMessage)
      .or(DeliveryMessage)
      .or(PullMessage)
      .or(PollMessage),
    deadLetters: true,
    handle: async (message, { requestId }) => {
      const acting = { actor: { type: 'system', id: null }, requestId } as const;
      if ('orderId' in message) await hold(message, acting, { db, log, now });
      // What is left of it stands in the documents, where every tick finds it.
      else if ('supplierId' in message) log.stockUnsettled(message.supplierId);
      else if ('importId' in message) await importGivenUp(message, requestId, { db, log, now });
      else if ('erasureId' in message) await erasureGivenUp(message, { db, log, now });
      // A delivery and a pull are found again by their documents' slots, a shop at its next turn.
      else if (!('deliveryId' in message)) log.pullDead(message.companyId);
    },
  });
  return (req, res): unknown => (req.path === '/dead-letters' ? deadLetter(req, res) : tick(req, res));
};

register('sweep', build);
