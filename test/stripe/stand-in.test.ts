import { Stripe } from 'stripe';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, errorOf, openClient } from './stand-in-client.ts';

const DAY = 24 * 60 * 60 * 1000;
const idOf = (method: string | Stripe.PaymentMethod | null): string =>
  typeof method === 'string' ? method : (method?.id ?? '');

let { standIn, stripe, account, customer, clock, now, on, onFile, charge, close } = {} as Client;

beforeAll(async () => {
  ({ standIn, stripe, account, customer, clock, now, on, onFile, charge, close } = await openClient());
});
afterAll(() => close());

describe('accounts', () => {
  it('can take charges once their owner has answered everything on the hosted page', async () => {
    expect((await stripe.accounts.retrieve(account)).charges_enabled).toBe(false);
    const link = await stripe.accountLinks.create({
      account,
      type: 'account_onboarding',
      return_url: 'https://merchant.example/done',
      refresh_url: 'https://merchant.example/again',
    });
    expect(await (await fetch(link.url)).text()).toContain('Set up your account');
    const back = await fetch(link.url, { method: 'POST', redirect: 'manual' });
    expect(back.headers.get('location')).toBe('https://merchant.example/done');
    const ready = await stripe.accounts.retrieve(account);
    expect([ready.charges_enabled, ready.requirements?.currently_due]).toEqual([true, []]);
  });

  it('are out of reach for a key without access', async () => {
    const error = await errorOf(stripe.customers.create({}, { stripeAccount: 'acct_other' }));
    expect([error.statusCode, error.code]).toEqual([403, 'account_invalid']);
    const wrong = new Stripe('rk_wrong', { host: '127.0.0.1', port: standIn.port, protocol: 'http' });
    expect((await errorOf(wrong.customers.list())).statusCode).toBe(401);
  });
});

describe('a card on file', () => {
  it('comes from Checkout in setup mode and can be charged afterwards', async () => {
    const session = await stripe.checkout.sessions.create(
      { mode: 'setup', customer, currency: 'usd', success_url: 'https://merchant.example/card' },
      on(),
    );
    const form = new URLSearchParams({
      card: 'pm_card_visa',
      name: 'A Person',
      email: 'person@card.example',
    });
    const back = await fetch(session.url ?? '', { method: 'POST', body: form, redirect: 'manual' });
    expect(back.headers.get('location')).toBe('https://merchant.example/card');
    const done = await stripe.checkout.sessions.retrieve(session.id, { expand: ['setup_intent'] }, on());
    const setup = done.setup_intent as Stripe.SetupIntent;
    expect([done.status, setup.status, setup.customer]).toEqual(['complete', 'succeeded', customer]);
    const method = await stripe.paymentMethods.retrieve(idOf(setup.payment_method), {}, on());
    expect([method.card?.last4, method.billing_details.email]).toEqual(['4242', 'person@card.example']);
  });

  it('comes from a setup intent, and goes when it is detached', async () => {
    const setup = await stripe.setupIntents.create(
      { customer, usage: 'off_session', payment_method: 'pm_card_mastercard', confirm: true },
      on(),
    );
    const method = await stripe.paymentMethods.detach(idOf(setup.payment_method), {}, on());
    expect(method.customer).toBeNull();
  });
});

describe('a payment intent', () => {
  it('succeeds for a good card, with a charge that can be expanded', async () => {
    const made = await charge('pm_card_visa', { application_fee_amount: 25, expand: ['latest_charge'] });
    expect([made.status, made.amount_received]).toEqual(['succeeded', 2500]);
    expect((made.latest_charge as Stripe.Charge).application_fee_amount).toBe(25);
  });

  it.each([
    ['pm_card_chargeDeclined', 'card_declined', 'generic_decline'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card', 'expired_card'],
    ['pm_card_authenticationRequired', 'authentication_required', 'authentication_required'],
  ])('is refused for %s with %s', async (card, code, declineCode) => {
    const error = await errorOf(charge(card));
    expect(error).toBeInstanceOf(Stripe.errors.StripeCardError);
    expect([error.statusCode, error.code, error.decline_code]).toEqual([402, code, declineCode]);
    expect(error.payment_intent?.status).toBe('requires_payment_method');
  });

  it('can be confirmed again with another card, and never twice', async () => {
    const { payment_intent } = await errorOf(charge('pm_card_chargeDeclined'));
    const id = payment_intent?.id ?? '';
    const again = { payment_method: await onFile('pm_card_visa'), off_session: true };
    expect((await stripe.paymentIntents.confirm(id, again, on())).status).toBe('succeeded');
    const twice = await errorOf(stripe.paymentIntents.confirm(id, again, on()));
    expect(twice.code).toBe('payment_intent_unexpected_state');
    const canceled = await errorOf(stripe.paymentIntents.cancel(id, {}, on()));
    expect(canceled.code).toBe('payment_intent_unexpected_state');
  });

  it('is refused below the least amount, with an unknown parameter and without a needed one', async () => {
    expect((await errorOf(charge('pm_card_visa', { amount: 49 }))).code).toBe('amount_too_small');
    const odd = { nonsense: '1' } as Partial<Stripe.PaymentIntentCreateParams>;
    expect((await errorOf(charge('pm_card_visa', odd))).param).toBe('nonsense');
    const bare = stripe.paymentIntents.create({ amount: 100 } as Stripe.PaymentIntentCreateParams, on());
    expect((await errorOf(bare)).param).toBe('currency');
    expect((await errorOf(stripe.paymentIntents.retrieve('pi_none', {}, on()))).code).toBe(
      'resource_missing',
    );
  });

  it('is listed by pages, the newest first, since a time', async () => {
    for (let each = 0; each < 3; each += 1) await charge('pm_card_visa', { metadata: { each } });
    const page = await stripe.paymentIntents.list({ limit: 2 }, on());
    expect([page.data[0]?.metadata['each'], page.has_more]).toEqual(['2', true]);
    const all: string[] = [];
    for await (const each of stripe.paymentIntents.list({ limit: 2 }, on())) all.push(each.id);
    expect(new Set(all).size).toBe(standIn.all(account, 'payment_intent').length);
    const later = { created: { gte: Math.floor(now() / 1000) + 60 } };
    expect((await stripe.paymentIntents.list(later, on())).data).toEqual([]);
  });
});

describe('an idempotency key', () => {
  it('answers what the first request made, for a day, and refuses other parameters', async () => {
    const payment_method = await onFile('pm_card_visa');
    const params = { amount: 700, currency: 'usd', customer, payment_method };
    const first = await stripe.paymentIntents.create(params, on('key-1'));
    const again = await stripe.paymentIntents.create(params, on('key-1'));
    expect(again.id).toBe(first.id);
    const other = await errorOf(stripe.paymentIntents.create({ ...params, amount: 701 }, on('key-1')));
    expect(other).toBeInstanceOf(Stripe.errors.StripeIdempotencyError);
    clock.ahead += DAY;
    expect((await stripe.paymentIntents.create(params, on('key-1'))).id).not.toBe(first.id);
  });
});

describe('an invoice', () => {
  it('has lines, is finalized and is paid by the payment intent that is attached to it', async () => {
    const invoice = await stripe.invoices.create({ customer, currency: 'usd', auto_advance: false }, on());
    const product_data = { name: 'SKU-1' };
    await stripe.invoices.addLines(
      invoice.id,
      {
        lines: [
          {
            description: 'SKU-1',
            quantity: 3,
            price_data: { currency: 'usd', product_data, unit_amount: 500 },
          },
        ],
      },
      on(),
    );
    await stripe.invoiceItems.create(
      { customer, invoice: invoice.id, amount: 1000, description: 'SKU-2' },
      on(),
    );
    const open = await stripe.invoices.finalizeInvoice(invoice.id, {}, on());
    expect([open.status, open.total, open.lines.data.map((line) => line.quantity)]).toEqual([
      'open',
      2500,
      [3, 1],
    ]);
    const payment_method = await onFile('pm_card_visa');
    const params = { amount: 2500, currency: 'usd', customer, payment_method };
    const intent = await stripe.paymentIntents.create(params, on());
    await stripe.invoices.attachPayment(invoice.id, { payment_intent: intent.id }, on());
    await stripe.paymentIntents.confirm(intent.id, { off_session: true }, on());
    expect((await stripe.invoices.retrieve(invoice.id, {}, on())).status).toBe('paid');
    expect((await errorOf(stripe.invoices.del(invoice.id, {}, on()))).code).toBe('invoice_not_editable');
  });
});

describe('refunds and disputes', () => {
  it('give back parts up to the whole, and no more', async () => {
    const made = await charge('pm_card_visa');
    const part = await stripe.refunds.create({ payment_intent: made.id, amount: 1000 }, on());
    expect(part.status).toBe('succeeded');
    const more = stripe.refunds.create({ payment_intent: made.id, amount: 1501 }, on());
    expect((await errorOf(more)).code).toBe('amount_too_large');
    await stripe.refunds.create({ payment_intent: made.id }, on());
    const none = stripe.refunds.create({ payment_intent: made.id }, on());
    expect((await errorOf(none)).code).toBe('charge_already_refunded');
    expect((await stripe.refunds.list({ payment_intent: made.id }, on())).data).toHaveLength(2);
  });

  it('are disputed by a card that does, and closed by its bank', async () => {
    const made = await charge('pm_card_createDispute');
    const [dispute] = (await stripe.disputes.list({ payment_intent: made.id }, on())).data;
    expect(dispute?.status).toBe('needs_response');
    standIn.closeDispute(account, dispute?.id ?? '', 'lost');
    expect((await stripe.disputes.retrieve(dispute?.id ?? '', {}, on())).status).toBe('lost');
  });
});
