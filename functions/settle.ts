import { settle } from '../shared/billing/settle.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { createLog } from '../shared/cloud/log.ts';
import { openStripe } from '../shared/cloud/stripe.ts';
import { StripeEventMessage } from '../shared/domain/billing.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { pushHandler } from '../shared/http/push.ts';

/**
 * Topic `stripe-events`: asks Stripe what became of a resource and applies it. Dead letters, `POST /dead-letters`, are
 * told to the people who run the hub; the daily comparison makes up for them.
 */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'settle', projectId: config.projectId });
  const deps = { db: openFirestore(config, '(default)'), stripe: openStripe(env), log, now };
  const apply = pushHandler({
    log,
    schema: StripeEventMessage,
    handle: (event, { requestId }) => settle(event, { actor: { type: 'system', id: null }, requestId }, deps),
  });
  const giveUp = pushHandler({
    log,
    schema: StripeEventMessage,
    deadLetters: true,
    handle: () => {
      log.stripeEventGivenUp();
      return Promise.resolve();
    },
  });
  return (req, res): unknown => (req.path === '/dead-letters' ? giveUp(req, res) : apply(req, res));
};

register('settle', build);
