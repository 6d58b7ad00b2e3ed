import type { HttpFunction } from '@google-cloud/functions-framework';
import { Stripe } from 'stripe';
import { z } from 'zod';
import type { Log } from '../../cloud/log.ts';
import type { Publisher } from '../../cloud/pubsub.ts';
import { STRIPE_EVENTS, StripeEventMessage } from '../../domain/billing.ts';
import { AppError } from '../../domain/errors.ts';
import { randomId } from '../../domain/ids.ts';
import type { Clock } from '../../domain/time.ts';
import { COMMON_HEADERS, sendProblem, toAppError } from '../problem.ts';

export interface StripeWebhooksDeps {
  /** Of the two endpoints; each has two while it rotates. */
  secrets: { account: string[]; connect: string[] };
  publisher: Pick<Publisher, 'stripeEvent'>;
  log: Log;
  now: Clock;
}

/** Seconds that a signature's time may lie behind or ahead of ours. */
const TOLERANCE = 300;

/** What is read of an event; the resource in it, with all it says of people, is looked at for its id alone. */
const Snapshot = z.object({
  id: z.string(),
  object: z.literal('event'),
  type: z.string(),
  account: z.string().optional(),
  created: z.int(),
  data: z.object({ object: z.object({ id: z.string() }) }),
});
/** https://docs.stripe.com/event-destinations#thin-events: those of a resource of the first API begin with `v1.`. */
const Thin = z.object({
  id: z.string(),
  object: z.literal('v2.core.event'),
  type: z.string(),
  context: z.string().nullish(),
  created: z.iso.datetime({ offset: true }),
  related_object: z.object({ id: z.string() }).nullish(),
  snapshot_event: z.string().nullish(),
});

/**
 * `POST /webhooks/stripe` and `/webhooks/stripe/connect`. The raw bytes are verified before anything reads them; what is
 * published is ids and a type. 400 for what Stripe did not send, 503 when a repeat can help, 200 for all else.
 */
export function receiveStripe(deps: StripeWebhooksDeps): HttpFunction {
  return async (req, res) => {
    const requestId = randomId('request');
    const log = deps.log.within({ requestId, trace: req.get('x-cloud-trace-context') });
    try {
      const secrets = secretsFor(req.method, req.path, deps);
      const raw = req.rawBody ?? Buffer.alloc(0);
      verify(raw, req.get('stripe-signature') ?? '', secrets, deps.now);
      const message = reduce(raw, log);
      if (message !== undefined) await deps.publisher.stripeEvent(message).catch(away);
      res.writeHead(200, { ...COMMON_HEADERS, 'Request-Id': requestId }).end();
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.status >= 500) log.requestFailed(error.status, error);
      else log.webhookRefused(error.code);
      sendProblem(res, error, requestId);
    }
  };
}

function secretsFor(method: string, path: string, { secrets }: StripeWebhooksDeps): string[] {
  const of = { '/webhooks/stripe': secrets.account, '/webhooks/stripe/connect': secrets.connect };
  const found = Object.hasOwn(of, path) ? of[path as keyof typeof of] : undefined;
  if (found === undefined) throw new AppError('NOT_FOUND');
  if (method !== 'POST') throw new AppError('METHOD_NOT_ALLOWED');
  return found;
}

function verify(raw: Buffer, header: string, secrets: string[], now: Clock): void {
  const { signature } = Stripe.webhooks;
  const at = now();
  const good = secrets.some((secret) => {
    try {
      return signature?.verifyHeader(raw, header, secret, TOLERANCE, undefined, at) ?? false;
    } catch {
      return false;
    }
  });
  // The library looks at the past alone.
  const signedAt = Number(/(?:^|,)t=(\d{1,12})(?:,|$)/.exec(header)?.[1] ?? 0);
  if (!good || signedAt > at / 1000 + TOLERANCE) throw new AppError('BAD_REQUEST', 'not signed by Stripe');
}

/** Undefined for what is of no concern here, which is counted. */
function reduce(raw: Buffer, log: Log): StripeEventMessage | undefined {
  const event = Snapshot.or(Thin).safeParse(parse(raw));
  if (!event.success) {
    log.stripeEventIgnored('FORM');
    return undefined;
  }
  const message = toMessage(event.data);
  if (!(STRIPE_EVENTS as readonly string[]).includes(message.type)) {
    log.stripeEventIgnored('TYPE');
    return undefined;
  }
  const reduced = StripeEventMessage.safeParse(message);
  // Of the platform's own account there is nothing to do here.
  if (!reduced.success) log.stripeEventIgnored(message.account === '' ? 'ACCOUNT' : 'FORM');
  return reduced.success ? reduced.data : undefined;
}

function toMessage(event: z.infer<typeof Snapshot> | z.infer<typeof Thin>) {
  if (event.object === 'event') {
    const { id: eventId, type, account = '', created, data } = event;
    return { eventId, type, account, objectId: data.object.id, created };
  }
  return {
    // Both forms of one event are one event.
    eventId: event.snapshot_event ?? event.id,
    type: event.type.replace(/^v1\./, ''),
    account: event.context ?? '',
    objectId: event.related_object?.id ?? '',
    created: Math.floor(Date.parse(event.created) / 1000),
  };
}

function parse(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8'));
  } catch {
    return undefined;
  }
}

function away(cause: unknown): never {
  throw new AppError('UNAVAILABLE', undefined, { cause });
}
