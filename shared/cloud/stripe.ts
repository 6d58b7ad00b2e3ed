import { Stripe } from 'stripe';
import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import type { Mode } from '../domain/api-key.ts';

const Secrets = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(z.string().startsWith('whsec_')).min(1).max(4))
  .optional();

const Environment = z.object({
  STRONGROOM_ENV: z.enum(['production', 'local']).default('production'),
  STRIPE_LIVE_KEY: z
    .string()
    .regex(/^[rs]k_live_/, 'not a live key of Stripe')
    .optional(),
  STRIPE_TEST_KEY: z
    .string()
    .regex(/^[rs]k_test_/, 'not a test key of Stripe')
    .optional(),
  STRIPE_WEBHOOK_SECRETS: Secrets,
  STRIPE_CONNECT_WEBHOOK_SECRETS: Secrets,
  STRIPE_FEE_BASIS_POINTS: z.coerce.number().int().min(0).max(5000).default(0),
  STRIPE_URL: z.url({ protocol: /^http$/, hostname: /^127\.0\.0\.1$/ }).optional(),
});

function readEnvironment(env: NodeJS.ProcessEnv): z.infer<typeof Environment> {
  const parsed = Environment.safeParse(env);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`The configuration of Stripe is not valid. ${problems.join('; ')}`);
  }
  if (parsed.data.STRONGROOM_ENV === 'production' && parsed.data.STRIPE_URL !== undefined) {
    throw new Error('STRIPE_URL has no place in production.');
  }
  return parsed.data;
}

/** Stripe for companies of each mode: live and test never meet there either. */
export interface StripeAccess {
  /** `UNAVAILABLE` when this hub has no key for the mode. */
  of(mode: Mode): Stripe;
  /** What of each charge is the hub's, in hundredths of a percent. */
  feeBasisPoints: number;
}

/**
 * From `STRIPE_LIVE_KEY` and `STRIPE_TEST_KEY`, which Secret Manager puts into the environment of the functions that
 * call Stripe and of no other. On one machine `STRIPE_URL` leads to the stand-in.
 */
export function openStripe(env: NodeJS.ProcessEnv): StripeAccess {
  const values = readEnvironment(env);
  const local = values.STRIPE_URL === undefined ? undefined : new URL(values.STRIPE_URL);
  const open = (key: string | undefined): Stripe | undefined =>
    key === undefined
      ? undefined
      : new Stripe(key, {
          maxNetworkRetries: 2,
          timeout: local === undefined ? 20_000 : 2_000,
          telemetry: false,
          ...(local !== undefined && { host: local.hostname, port: local.port, protocol: 'http' as const }),
        });
  const clients = { live: open(values.STRIPE_LIVE_KEY), test: open(values.STRIPE_TEST_KEY) };
  return {
    feeBasisPoints: values.STRIPE_FEE_BASIS_POINTS,
    of(mode) {
      const client = clients[mode];
      if (client === undefined) throw new AppError('UNAVAILABLE', `no key of Stripe for ${mode} companies`);
      return client;
    },
  };
}

/** Signing secrets of the two endpoints; more than one while they rotate. */
export function webhookSecrets(env: NodeJS.ProcessEnv): { account: string[]; connect: string[] } {
  const values = readEnvironment(env);
  const account = values.STRIPE_WEBHOOK_SECRETS ?? [];
  const connect = values.STRIPE_CONNECT_WEBHOOK_SECRETS ?? [];
  if (account.length + connect.length === 0) {
    throw new Error('STRIPE_WEBHOOK_SECRETS, STRIPE_CONNECT_WEBHOOK_SECRETS: one is needed here.');
  }
  return { account, connect };
}

/** An error of Stripe's as ours: messages of theirs may name people, and stay out of it. */
export function fromStripe(error: unknown): unknown {
  if (!(error instanceof Stripe.errors.StripeError)) return error;
  return new AppError('UNAVAILABLE', 'Stripe can not be asked now', { cause: error, retryAfter: 5 });
}

/** Whether an account's owner took away our access, or the account is gone. */
export function accessLost(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeError && error.code === 'account_invalid';
}

/** Whether Stripe has no such resource. */
export function isGone(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeError && error.code === 'resource_missing';
}
