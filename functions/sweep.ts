import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { openKeyring } from '../shared/cloud/keyring.ts';
import { createLog } from '../shared/cloud/log.ts';
import { createPublisher } from '../shared/cloud/pubsub.ts';
import { ErasureMessage, OrderMessage } from '../shared/domain/order.ts';
import { PollMessage, PullMessage } from '../shared/domain/pull.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { pushHandler } from '../shared/http/push.ts';
import { tickHandler } from '../shared/http/tick.ts';
import { hold } from '../shared/orders/hold.ts';
import { removeOrphans } from '../shared/orders/orphans.ts';
import { redactDue } from '../shared/orders/redact.ts';
import { erasureGivenUp, sweep } from '../shared/orders/sweep.ts';
import { endRunOut } from '../shared/support/end.ts';

/**
 * Every minute, `POST /`: publishes lost work again, has erasures confirmed, removes orphan keys, writes
 * down the end of support requests. Dead letters,
 * `POST /dead-letters`: an order is held for its merchant; an erasure is never given up.
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
      removeOrphans: (after) => removeOrphans(after, { db, now, keyring }),
    });
    await redactDue({ db, publisher, log, now });
    await endRunOut({ db, now });
  });
  const deadLetter = pushHandler({
    log,
    schema: OrderMessage.or(ErasureMessage).or(PullMessage).or(PollMessage),
    deadLetters: true,
    handle: async (message, { requestId }) => {
      const acting = { actor: { type: 'system', id: null }, requestId } as const;
      if ('orderId' in message) await hold(message, acting, { db, log, now });
      else if ('erasureId' in message) await erasureGivenUp(message, { db, log, now });
      // Its document is found again by its slot, a shop at its next turn.
      else log.pullDead(message.companyId);
    },
  });
  return (req, res): unknown => (req.path === '/dead-letters' ? deadLetter(req, res) : tick(req, res));
};

register('sweep', build);
