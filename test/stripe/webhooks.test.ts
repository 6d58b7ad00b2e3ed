import { describe, expect, it } from 'vitest';
import { signatureOf, thin } from '../../local/stripe/deliver.ts';
import type { HttpFunction } from '@google-cloud/functions-framework';
import { createLog } from '../../shared/cloud/log.ts';
import type { StripeEventMessage } from '../../shared/domain/billing.ts';
import { receiveStripe } from '../../shared/http/stripe-webhooks/receive.ts';
import { openStripe, webhookSecrets } from '../../shared/cloud/stripe.ts';
import { serve } from '../http/serve.ts';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const published: StripeEventMessage[] = [];
const lines: string[] = [];
let away = false;
const handler: HttpFunction = receiveStripe({
  secrets: { account: ['whsec_account'], connect: ['whsec_old', 'whsec_new'] },
  publisher: {
    stripeEvent: (message) => {
      if (away) return Promise.reject(new Error('cnry in the message of an error'));
      published.push(message);
      return Promise.resolve();
    },
  },
  log: createLog({ functionName: 'test', write: (line) => lines.push(line) }),
  now: () => NOW,
});

const event = (change: Record<string, unknown> = {}) => ({
  id: 'evt_1',
  object: 'event' as const,
  type: 'payment_intent.succeeded',
  account: 'acct_1',
  created: 1_893_456_000,
  data: {
    object: { id: 'pi_1', object: 'payment_intent', created: 0, receipt_email: 'cnry@person.example' },
  },
  ...change,
});

async function send(
  body: unknown,
  { secret = 'whsec_new', at = NOW, path = '/webhooks/stripe/connect', signature = '' } = {},
): Promise<number> {
  const payload = typeof body === 'string' ? body : JSON.stringify(body);
  const url = await serve(handler);
  const headers = {
    'Content-Type': 'application/json',
    'Stripe-Signature': signature || signatureOf(payload, secret, at),
  };
  const answer = await fetch(url + path, { method: 'POST', headers, body: payload });
  await answer.text();
  return answer.status;
}

describe('an event of Stripe', () => {
  it('is reduced to ids and a type, with either secret while they rotate', async () => {
    expect(await send(event())).toBe(200);
    expect(await send(event({ id: 'evt_2' }), { secret: 'whsec_old' })).toBe(200);
    const { created } = event();
    expect(published).toEqual([
      { eventId: 'evt_1', type: 'payment_intent.succeeded', account: 'acct_1', objectId: 'pi_1', created },
      { eventId: 'evt_2', type: 'payment_intent.succeeded', account: 'acct_1', objectId: 'pi_1', created },
    ]);
  });

  it('is the same in its thin form', async () => {
    published.length = 0;
    expect(await send(thin(event()))).toBe(200);
    expect(
      published.map(({ eventId, type, account, objectId }) => [eventId, type, account, objectId]),
    ).toEqual([['evt_1', 'payment_intent.succeeded', 'acct_1', 'pi_1']]);
  });

  it('is refused unless Stripe signed it for this endpoint within five minutes, before or after', async () => {
    published.length = 0;
    const minutes = 60_000;
    expect(await send(event(), { secret: 'whsec_account' })).toBe(400);
    expect(await send(event(), { at: NOW - 6 * minutes })).toBe(400);
    expect(await send(event(), { at: NOW + 6 * minutes })).toBe(400);
    expect(await send(event(), { at: NOW + 4 * minutes })).toBe(200);
    expect(await send(event(), { signature: 't=1,v1=00' })).toBe(400);
    expect(await send(event(), { signature: 'x' })).toBe(400);
    expect(await send(event(), { path: '/webhooks/stripe', secret: 'whsec_account' })).toBe(200);
    expect(await send(event(), { path: '/webhooks/stripe/other' })).toBe(404);
    expect(published).toHaveLength(2);
  });

  it('of another kind, of no account or of no form is acknowledged and counted', async () => {
    published.length = 0;
    lines.length = 0;
    expect(await send(event({ type: 'customer.subscription.created' }))).toBe(200);
    expect(await send(event({ account: undefined }))).toBe(200);
    expect(await send({ id: 1 })).toBe(200);
    expect(published).toEqual([]);
    const codes = lines.map(
      (line) => (JSON.parse(line) as { message: { code?: string }; code?: string }).code,
    );
    expect(lines.join('')).toContain('stripe.event_ignored');
    expect(codes.length).toBe(3);
  });

  it('is to be sent again when it could not be passed on, and nothing of it is logged', async () => {
    away = true;
    expect(await send(event())).toBe(503);
    away = false;
    expect(lines.join('')).not.toMatch(/cnry/);
  });
});

describe('the configuration of Stripe', () => {
  it('rejects the stand-in in production, keys of the wrong mode, and an endpoint without a secret', () => {
    expect(() => openStripe({ STRIPE_URL: 'http://127.0.0.1:1' })).toThrow(
      'STRIPE_URL has no place in production',
    );
    expect(() => openStripe({ STRIPE_LIVE_KEY: 'sk_test_1' })).toThrow('STRIPE_LIVE_KEY');
    expect(() => webhookSecrets({})).toThrow('STRIPE_WEBHOOK_SECRETS');
    expect(() => openStripe({}).of('live')).toThrow('no key of Stripe');
  });
});
