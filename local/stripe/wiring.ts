import { needs } from '../needs.ts';
import type { Endpoint } from './deliver.ts';

const SECRETS = { account: 'whsec_standin_account', connect: 'whsec_standin_connect' };

/** Where the hub at this address takes events. */
export function endpointsOf(baseUrl: string): Endpoint[] {
  return [
    { url: `${baseUrl}/webhooks/stripe`, secret: SECRETS.account, connect: false },
    { url: `${baseUrl}/webhooks/stripe/connect`, secret: SECRETS.connect, connect: true },
  ];
}

/** What Secret Manager gives the functions that have to do with Stripe, and no other. */
export function stripeEnvOf(identity: string, url: string): Record<string, string> {
  if (needs('stripeEvents', identity)) {
    return { STRIPE_WEBHOOK_SECRETS: SECRETS.account, STRIPE_CONNECT_WEBHOOK_SECRETS: SECRETS.connect };
  }
  if (!needs('stripe', identity)) return {};
  return { STRIPE_TEST_KEY: 'sk_test_standin', STRIPE_URL: url, STRIPE_FEE_BASIS_POINTS: '100' };
}
