import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Stripe } from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Client, errorOf, openClient } from './stand-in-client.ts';

const HOUR = 60 * 60 * 1000;
const SECRET = 'whsec_of_the_stand_in_test';

let { standIn, stripe, account, customer, clock, now, on, onFile, charge, close } = {} as Client;

/** What an endpoint took: the events that were signed well. */
const taken: Stripe.Event[] = [];
const raw: string[] = [];
let status = 200;
const endpoint = createServer((req, res) => {
  void text(req).then((body) => {
    raw.push(body);
    const header = req.headers['stripe-signature'] ?? '';
    if (!body.includes('v2.core.event')) {
      taken.push(stripe.webhooks.constructEvent(body, header, SECRET, 300, undefined, now()));
    }
    res.writeHead(status).end();
  });
});
const url = () => `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/`;

/** What somebody who tries the hub tells the stand-in. */
async function tell(what: string, form: Record<string, string>): Promise<string> {
  const sent = { method: 'POST', body: new URLSearchParams(form) };
  return (await fetch(`${standIn.url}/stand-in/${what}`, sent)).text();
}

beforeAll(async () => {
  ({ standIn, stripe, account, customer, clock, now, on, onFile, charge, close } = await openClient());
  await new Promise<void>((done) => endpoint.listen(0, '127.0.0.1', done));
});
afterAll(async () => {
  await close();
  endpoint.close();
});
beforeEach(async () => {
  standIn.deliverTo([{ url: url(), secret: SECRET, connect: true }]);
  await tell('misbehave', {});
  await tell('events', {});
  status = 200;
});

describe('events', () => {
  it('are signed, sent once answered, and listed by type', async () => {
    await standIn.settled();
    taken.length = 0;
    const made = await charge('pm_card_visa');
    await standIn.settled();
    const told = taken.find((event) => event.type === 'payment_intent.succeeded');
    expect([told?.account, (told?.data.object as { id: string }).id]).toEqual([account, made.id]);
    const listed = await stripe.events.list({ type: 'payment_intent.succeeded', limit: 1 }, on());
    expect(listed.data[0]?.id).toBe(told?.id);
  });

  it('come again while they are refused', async () => {
    taken.length = 0;
    status = 503;
    await stripe.customers.create({}, on());
    await expect.poll(() => taken.length).toBe(1);
    status = 200;
    clock.ahead += HOUR;
    await expect
      .poll(() => taken.map((event) => event.type))
      .toEqual(['customer.created', 'customer.created']);
    expect(taken[0]?.id).toBe(taken[1]?.id);
  });

  it('are repeated, lost, or days late when told to, and thin for an endpoint that asks for it', async () => {
    taken.length = 0;
    await tell('events', { copies: '2' });
    await stripe.customers.create({}, on());
    await standIn.settled();
    expect(taken).toHaveLength(2);
    await tell('events', { late: String(2 * 24 * 3600) });
    await stripe.customers.create({}, on());
    await stripe.customers.create({}, on());
    await standIn.settled();
    expect(taken).toHaveLength(2);
    clock.ahead += 48 * HOUR;
    await standIn.settled();
    expect(taken).toHaveLength(4);
    await stripe.customers.create({}, on());
    await tell('deliver', {});
    await standIn.settled();
    expect(taken).toHaveLength(5);
    await tell('events', { lose: '1' });
    await stripe.customers.create({}, on());
    await standIn.settled();
    expect(taken).toHaveLength(5);
    await tell('events', {});
    standIn.deliverTo([{ url: url(), secret: SECRET, connect: true, thin: true }]);
    const made = await stripe.customers.create({}, on());
    await standIn.settled();
    const thin = JSON.parse(raw.at(-1) ?? '') as {
      type: string;
      related_object: { id: string };
      context: string;
    };
    expect([thin.type, thin.related_object.id, thin.context]).toEqual([
      'v1.customer.created',
      made.id,
      account,
    ]);
  });

  it('overtake each other when told to', async () => {
    taken.length = 0;
    await tell('events', { late: '0-86400' });
    const made: string[] = [];
    for (let each = 0; each < 12; each += 1) made.push((await stripe.customers.create({}, on())).id);
    for (let hour = 0; hour < 24; hour += 1) {
      clock.ahead += HOUR;
      await standIn.settled();
    }
    const told = taken.map((event) => (event.data.object as { id: string }).id);
    expect(told.toSorted()).toEqual(made.toSorted());
    expect(told).not.toEqual(made);
  });
});

describe('misbehaviour', () => {
  it('loses an answer after the work, which the same key gets again', async () => {
    const payment_method = await onFile('pm_card_visa');
    await tell('misbehave', { faults: 'lose', times: '1', path: '/payment_intents' });
    const params = { amount: 900, currency: 'usd', customer, payment_method, confirm: true };
    const made = await stripe.paymentIntents.create(params, on('lost'));
    const same = standIn.all(account, 'payment_intent').filter((each) => each['amount'] === 900);
    expect(same.map((each) => each.id)).toEqual([made.id]);
    expect(standIn.calls.filter(({ fault }) => fault === 'lose')).toHaveLength(1);
  });

  it.each(['429', '500', '503', 'hang', 'lose-before'])('answers %s when told to', async (fault) => {
    await tell('misbehave', { faults: fault });
    const error = await errorOf(stripe.customers.create({}, on()));
    expect(String(error.statusCode)).toBe(/^\d/.test(fault) ? fault : 'undefined');
  });

  it('is for a share of the calls, of one account and path, the same ones for the same seed', async () => {
    const row = async (seed: string): Promise<boolean[]> => {
      await tell('misbehave', { faults: '503', share: '0.5', account, path: '/payment_intents', seed });
      const asked = Array.from({ length: 12 }, () =>
        fetch(`${standIn.url}/v1/payment_intents`, {
          headers: { Authorization: 'Bearer sk_test_standin', 'Stripe-Account': account },
        }),
      );
      return (await Promise.all(asked)).map(({ ok }) => ok);
    };
    const first = await row('7');
    expect(new Set(first)).toEqual(new Set([true, false]));
    expect((await row('7')).filter(Boolean)).toHaveLength(first.filter(Boolean).length);
    expect((await stripe.accounts.retrieve(account)).id).toBe(account);
  });

  it('is told what it can be told, and why something is none of it', async () => {
    expect(await (await fetch(`${standIn.url}/stand-in`)).text()).toContain('/stand-in/misbehave');
    expect(await tell('misbehave', { faults: 'explode' })).toContain('There is no explode; choose from lose');
    expect(await tell('misbehave', { faults: '500', share: '2' })).toContain('from 0 to 1');
    expect(await tell('events', { late: 'soon' })).toContain('0-172800');
    expect((await fetch(`${standIn.url}/stand-in/nothing`, { method: 'POST' })).status).toBe(404);
    expect(await tell(`dispute/${account}/ch_none`, {})).toContain('No such charge');
    await charge('pm_card_visa');
    const paid = standIn.all(account, 'charge').at(-1)?.id ?? '';
    const dispute = (await tell(`dispute/${account}/${paid}`, {})).trim();
    await tell(`close-dispute/${account}/${dispute}`, { outcome: 'won' });
    expect((await stripe.disputes.retrieve(dispute, {}, on())).status).toBe('won');
    await tell(`disconnect/${account}`, {});
    expect((await errorOf(stripe.customers.list({}, on()))).code).toBe('account_invalid');
  });
});
