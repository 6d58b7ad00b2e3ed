import { Stripe } from 'stripe';
import { startStripe, type StripeStandIn } from '../../local/stripe/server.ts';

/** The official client at a stand-in of its own, with an account and a customer on it, and a clock moved by hand. */
export interface Client {
  standIn: StripeStandIn;
  stripe: Stripe;
  account: string;
  customer: string;
  clock: { ahead: number };
  now: () => number;
  /** The account, and a key under which a request is made once. */
  on: (idempotencyKey?: string) => Stripe.RequestOptions;
  /** Attaches a test card to the customer; answers the payment method's id. */
  onFile: (card: string) => Promise<string>;
  /** Pays 25 dollars with a test card. */
  charge: (
    card: string,
    more?: Partial<Stripe.PaymentIntentCreateParams>,
  ) => Promise<Stripe.Response<Stripe.PaymentIntent>>;
  close: () => Promise<void>;
}

export async function openClient(): Promise<Client> {
  const clock = { ahead: 0 };
  const now = (): number => Date.now() + clock.ahead;
  const standIn = await startStripe({ now });
  const stripe = new Stripe('sk_test_standin', {
    host: '127.0.0.1',
    port: standIn.port,
    protocol: 'http',
    timeout: 500,
    maxNetworkRetries: 1,
    telemetry: false,
  });
  const account = (await stripe.accounts.create({ type: 'standard', metadata: { company: 'cmp_1' } })).id;
  const on = (idempotencyKey?: string): Stripe.RequestOptions => ({
    stripeAccount: account,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });
  const customer = (await stripe.customers.create({ metadata: { partner: 'ptn_1' } }, on())).id;
  const onFile = async (card: string): Promise<string> =>
    (await stripe.paymentMethods.attach(card, { customer }, on())).id;
  return {
    ...{ standIn, stripe, account, customer, clock, now, on, onFile },
    async charge(card, more = {}) {
      const params = { amount: 2500, currency: 'usd', customer, payment_method: await onFile(card) };
      return stripe.paymentIntents.create({ ...params, confirm: true, off_session: true, ...more }, on());
    },
    close: () => standIn.close(),
  };
}

export function errorOf(asked: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  return asked.then(
    () => Promise.reject(new Error('It was not refused.')),
    (error: unknown) => error as Stripe.errors.StripeError,
  );
}
