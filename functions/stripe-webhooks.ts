import { readConfig } from '../shared/cloud/config.ts';
import { createLog } from '../shared/cloud/log.ts';
import { createPublisher } from '../shared/cloud/pubsub.ts';
import { webhookSecrets } from '../shared/cloud/stripe.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { receiveStripe } from '../shared/http/stripe-webhooks/receive.ts';

/** Stripe's events: verified, reduced to ids, published. It reaches no database and has no key of Stripe's. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'stripe-webhooks', projectId: config.projectId });
  return receiveStripe({ secrets: webhookSecrets(env), publisher: createPublisher(config), log, now });
};

register('stripe-webhooks', build);
