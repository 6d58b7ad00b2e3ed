import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedCompany } from '../../local/seed.ts';
import { endpointsOf } from '../../local/stripe/wiring.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { killedAt } from '../crash/kill-point.ts';
import { testCloud } from '../support/cloud.ts';
import { eventually, type Market, type Merchant, startMarket } from '../support/market.ts';
import {
  agreeToBill,
  billed,
  billingShown,
  charges,
  chargeOf,
  exported,
  get,
  knownOfHolders,
  post,
  putOnFile,
  shipped,
  type ShownCharge,
  stored,
  succeeded,
} from './billed-market.ts';

let market: Market;
let account: string;
/** Orders, what they cost, and how much of which lines, by the ends of their ids. */
const PAID_FOR = /^(?:ord_[0-9a-z]{26}:ord_[0-9a-z]{26}:\d+:(?:[0-9a-z]{8}\*\d+,?)+;?){2}$/;
const stripe = () => market.cloud.stripe;
const paid = () => succeeded(market, account);

beforeAll(async () => {
  market = await startMarket(await testCloud({ apart: ['bill'] }));
  await agreeToBill(market);
});
afterAll(() => market.cloud.stop());

describe('before there is an account and a card', () => {
  it('nobody can put a card on file, and what ships waits', async () => {
    const partner = market.demo.partnerId;
    expect(await get(market.supplier, '/v1/billing/account')).toMatchObject({ state: 'none' });
    const early = await post(market.retailer, '/v1/billing/cards', { partner });
    expect(early.json).toMatchObject({ code: 'BILLING_NOT_READY' });
    const made = await shipped(market);
    await billed(market);
    expect(await charges(market.supplier)).toEqual([]);
    expect((await stored(market, made.supplyOrderId)).unbilled).toBe(`${partner}/USD`);
    expect(await billingShown(market, made)).toEqual({ unbilled: true, charges: [] });
  });
});

describe('connecting', () => {
  it('makes one account, which is ready once its owner has been at Stripe', async () => {
    const link = await post(market.supplier, '/v1/billing/account', {
      returnUrl: 'https://shop.example/back',
    });
    const { accountId, url } = link.json as { accountId: string; url: string };
    expect(url.startsWith(stripe().url)).toBe(true);
    account = accountId;
    expect((await post(market.supplier, '/v1/billing/account', {})).json).toMatchObject({ accountId });
    const before = await get<{ state: string; missing: string[] }>(market.supplier, '/v1/billing/account');
    expect([before.state, before.missing.length > 0]).toEqual(['pending', true]);
    stripe().finishOnboarding(account);
    await eventually(async () => {
      const snapshot = await market.seed.db.doc(paths.billingAccount(market.supplier.companyId)).get();
      expect(snapshot.get('state')).toBe('ready');
    });
  });

  it('puts a card on file that only Stripe can tell about', async () => {
    await putOnFile(market, 'pm_card_visa');
    const path = `/v1/billing/cards?partner=${market.demo.partnerId}`;
    await eventually(async () => {
      const own = await get<{ card: unknown }>(market.retailer, path);
      expect(own.card).toEqual({ brand: 'visa', last4: '4242', expires: '2034-08' });
      expect(await get(market.supplier, path)).toEqual(own);
    });
    const wrong = await post(market.supplier, '/v1/billing/cards', { partner: market.demo.partnerId });
    expect(wrong.json).toMatchObject({ code: 'CONFLICT' });
  });
});

describe('charging', () => {
  it('charges all that shipped once, on an invoice of SKUs, and tells both sides the same', async () => {
    const made = await shipped(market);
    await billed(market);
    const charge = await chargeOf(market, made.supplyOrderId, 'succeeded');
    expect(charge.orders).toHaveLength(2);
    expect(await billingShown(market, made)).toMatchObject({
      unbilled: false,
      charges: [{ id: charge.id, state: 'succeeded', code: null, fix: null }],
    });
    const [intent] = paid();
    expect([intent?.['amount'], intent?.['metadata']]).toEqual([
      charge.amount,
      {
        ...{ charge: charge.id, company: market.supplier.companyId, partner: market.demo.partnerId },
        orders0: expect.stringMatching(PAID_FOR) as string,
      },
    ]);
    // The hub's share, of which the stand-in's environment says one percent.
    expect(intent?.['application_fee_amount']).toBe(Math.floor(charge.amount / 100));
    expect([charge.fee, charge.stripe]).toMatchObject([
      intent?.['application_fee_amount'],
      { account, paymentIntent: intent?.id },
    ]);
    const [invoice] = stripe().all(account, 'invoice');
    expect([invoice?.['status'], invoice?.['total']]).toEqual(['paid', charge.amount]);
    const lines = (invoice?.['lines'] as { data: { description: string }[] }).data;
    expect(lines.map(({ description }) => description).sort()).toEqual(['IPOD2008GREEN', 'IPOD2008RED']);
    const [theirs] = await charges(market.retailer);
    expect([theirs?.id, theirs?.amount, theirs?.state]).toEqual([charge.id, charge.amount, 'succeeded']);
    expect([theirs?.fee, theirs?.stripe]).toEqual([null, null]);
    expect(theirs?.orders.map(({ id }) => id)).toContain(made.orderId);
    await market.cloud.clock.tick('bill');
    await billed(market);
    expect(paid()).toHaveLength(1);
  });

  it('shows a charge to its two sides and to nobody else', async () => {
    const [charge] = await charges(market.supplier);
    const stranger = market.merchant(await seedCompany('Stranger', 'stranger@demo.example', market.seed));
    const path = `/v1/billing/charges/${charge?.id ?? ''}`;
    expect((await stranger.call('GET', path)).status).toBe(404);
    expect((await post(stranger, `${path}/refunds`, {})).status).toBe(404);
    const card = `/v1/billing/cards?partner=${market.demo.partnerId}`;
    expect((await stranger.call('GET', card)).status).toBe(404);
    expect((await post(stranger, '/v1/billing/cards', { partner: market.demo.partnerId })).status).toBe(404);
    expect(await charges(stranger)).toEqual([]);
    expect(
      (await post(market.supplier, '/v1/billing/cards', { partner: 'cnry', returnUrl: 'x' })).status,
    ).toBe(400);
  });

  it('says why a card is declined and how to mend it, and charges the next card', async () => {
    await putOnFile(market, 'pm_card_chargeDeclinedInsufficientFunds');
    const made = await shipped(market);
    const before = paid().length;
    await billed(market);
    const declined = await chargeOf(market, made.supplyOrderId, 'declined');
    expect([declined.code, declined.fix?.includes('another card'), declined.net]).toEqual([
      'INSUFFICIENT_FUNDS',
      true,
      0,
    ]);
    const { code, fix } = declined;
    expect(await billingShown(market, made)).toMatchObject({
      unbilled: true,
      charges: [{ state: 'declined', code, fix }],
    });
    expect(paid()).toHaveLength(before);
    await putOnFile(market, 'pm_card_visa');
    await eventually(async () => {
      const again = await get<{ nextAttemptAt: string }>(
        market.supplier,
        `/v1/billing/charges/${declined.id}`,
      );
      expect(Date.parse(again.nextAttemptAt)).toBeLessThanOrEqual(market.cloud.clock.now());
    });
    await market.cloud.clock.tick('bill');
    await chargeOf(market, made.supplyOrderId, 'succeeded');
    expect(paid()).toHaveLength(before + 1);
  });
});

describe('killed after it wrote a charge and before anything was paid', () => {
  it('charges once when it runs again', async () => {
    const { supplyOrderId } = await shipped(market);
    const before = paid().length;
    // The first change takes the lease, the second one writes the charge.
    await killedAt(market.cloud, 'bill', [{ of: 'changes', nth: 2, when: 'after' }], () =>
      eventually(async () => {
        await billed(market);
        await chargeOf(market, supplyOrderId, 'succeeded');
      }),
    );
    expect(paid()).toHaveLength(before + 1);
    expect((await stored(market, supplyOrderId)).billing?.charges).toHaveLength(1);
  });
});

describe('giving back', () => {
  it('charges what was ordered while it was billed, whatever the terms say since', async () => {
    const agree = async (bill: boolean): Promise<void> => {
      const path = `/v1/partners/${market.demo.partnerId}`;
      const asked = await market.supplier.call('PATCH', path, { body: { terms: { bill } } });
      const { version } = (asked.json as { proposal: { version: number } }).proposal;
      expect((await post(market.retailer, `${path}/accept`, { version })).json).toMatchObject({
        terms: { bill },
      });
    };
    const { supplyOrderId } = await shipped(market);
    await agree(false);
    await billed(market);
    const [charge] = (await chargeOf(market, supplyOrderId, 'succeeded')).orders;
    expect((await stored(market, supplyOrderId)).billing?.charges).toMatchObject([
      { amount: charge?.amount, state: 'succeeded' },
    ]);
    const free = await shipped(market);
    await billed(market);
    expect(
      (await charges(market.supplier)).flatMap(({ orders }) => orders.map(({ id }) => id)),
    ).not.toContain(free.supplyOrderId);
    await agree(true);
  });

  it('gives back a line that came back, an amount, and then the rest, but never more', async () => {
    const { supplyOrderId } = await shipped(market);
    await billed(market);
    const charge = await chargeOf(market, supplyOrderId, 'succeeded');
    const path = `/v1/billing/charges/${charge.id}/refunds`;
    const [line] = charge.orders[0]?.lines ?? [];
    const lines = [{ lineId: line?.lineId ?? '', quantity: 1 }];
    const once = { 'Idempotency-Key': 'refund-1' };
    const askOnce = () => post(market.supplier, path, { orderId: supplyOrderId, lines }, once);
    expect((await Promise.all([1, 2, 3].map(askOnce))).map(({ status }) => status)).toEqual([201, 201, 201]);
    expect((await askOnce()).status).toBe(201);
    const other = await post(market.supplier, path, { orderId: supplyOrderId, amount: 1 }, once);
    expect(other.json).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
    expect((await post(market.retailer, path, {})).json).toMatchObject({ code: 'CONFLICT' });
    const much = await post(market.supplier, path, { orderId: supplyOrderId, amount: charge.amount });
    expect(much.json).toMatchObject({ code: 'QUANTITY_EXCEEDED' });
    await post(market.supplier, path, { orderId: supplyOrderId, amount: 100 });
    await stripe().settled();
    await eventually(async () => {
      const { refunded } = await get<ShownCharge>(market.retailer, `/v1/billing/charges/${charge.id}`);
      expect(refunded).toBeGreaterThan(100);
    });
    await post(market.supplier, path, {});
    await stripe().settled();
    await eventually(async () => {
      const whole = await get<ShownCharge>(market.supplier, `/v1/billing/charges/${charge.id}`);
      expect([whole.refunded, whole.net]).toEqual([charge.amount, 0]);
    });
    expect((await stored(market, supplyOrderId)).billing?.charges[0]?.refunded).toBe(charge.amount);
    const atStripe = stripe()
      .all(account, 'refund')
      .map((each) => Number(each['amount']));
    expect(atStripe.reduce((sum, each) => sum + each, 0)).toBe(charge.amount);
  });

  it('charges what only the retailer says came back, until the wholesaler says so too or gives it back', async () => {
    const [refunded, confirmed] = [await shipped(market), await shipped(market)];
    const back = async (who: Merchant, id: string) => {
      const { lines: all } = await get<{ lines: { id: string; fulfilledQuantity: number }[] }>(
        who,
        `/v1/orders/${id}`,
      );
      const line = all.find(({ fulfilledQuantity }) => fulfilledQuantity > 0);
      return post(who, `/v1/orders/${id}/returns`, { lines: [{ lineId: line?.id, quantity: 1 }] });
    };
    for (const { orderId } of [refunded, confirmed]) {
      expect((await back(market.retailer, orderId)).status).toBe(200);
    }
    expect((await back(market.supplier, confirmed.supplyOrderId)).status).toBe(200);
    await billed(market);
    const charge = await chargeOf(market, refunded.supplyOrderId, 'succeeded');
    const quantities = async ({ supplyOrderId }: typeof refunded) => {
      const { orders } = await chargeOf(market, supplyOrderId, 'succeeded');
      const { lines = [] } = orders.find(({ id }) => id === supplyOrderId) ?? {};
      return lines.reduce((sum, { quantity }) => sum + quantity, 0);
    };
    const whole = await quantities(refunded);
    expect(await quantities(confirmed)).toBe(whole - 1);

    const unconfirmed = async (): Promise<(number | undefined)[]> =>
      (await stored(market, refunded.supplyOrderId)).lines.map((line) => line.unconfirmedReturnQuantity);
    expect(await unconfirmed()).toContain(1);
    const lines = (await stored(market, refunded.supplyOrderId)).lines
      .filter((line) => line.returnedQuantity > 0)
      .map(({ id }) => ({ lineId: id, quantity: 1 }));
    const path = `/v1/billing/charges/${charge.id}/refunds`;
    expect((await post(market.supplier, path, { orderId: refunded.supplyOrderId, lines })).status).toBe(201);
    await stripe().settled();
    await eventually(async () => {
      expect(await unconfirmed()).not.toContain(1);
    });
  });

  it('shows a dispute to both sides, and takes what was lost off', async () => {
    const { supplyOrderId } = await shipped(market);
    await billed(market);
    const charge = await chargeOf(market, supplyOrderId, 'succeeded');
    const intent = paid().find((each) => (each['metadata'] as { charge: string }).charge === charge.id);
    // From an endpoint that asks for thin events, which tell nothing of the resource.
    stripe().deliverTo(endpointsOf(market.cloud.baseUrl).map((each) => ({ ...each, thin: true })));
    const dispute = stripe().dispute(account, String(intent?.['latest_charge']));
    const seen = (who: Merchant) => get<ShownCharge>(who, `/v1/billing/charges/${charge.id}`);
    await eventually(async () => {
      expect((await seen(market.retailer)).dispute).toBe('open');
    });
    expect((await stored(market, supplyOrderId)).billing?.charges[0]?.state).toBe('disputed');
    stripe().closeDispute(account, dispute, 'lost');
    await eventually(async () => {
      const { lost, net } = await seen(market.supplier);
      expect([lost, net]).toEqual([charge.amount, 0]);
    });
    // What the bank gave back is not given back once more.
    const path = `/v1/billing/charges/${charge.id}/refunds`;
    for (const body of [{}, { orderId: supplyOrderId, amount: 1 }]) {
      expect((await post(market.supplier, path, body)).json).toMatchObject({ code: 'QUANTITY_EXCEEDED' });
    }
    stripe().deliverTo(endpointsOf(market.cloud.baseUrl));
  });
});

describe('statements', () => {
  it('are equal on both sides, to Stripe and to the orders, in JSON and as CSV', async () => {
    type Row = { order: string; amount: number; refunded: number; lost: number; net: number };
    const path = '/v1/billing/statements?limit=100';
    const rows = (await get<{ data: Row[] }>(market.supplier, path)).data;
    const theirs = (await get<{ data: Row[] }>(market.retailer, path)).data;
    const net = (of: Row[]) => of.reduce((sum, row) => sum + row.net, 0);
    expect(net(theirs)).toBe(net(rows));
    const orders = await Promise.all(rows.map((row) => stored(market, row.order)));
    const byOrders = orders.flatMap((order) => order.billing?.charges ?? []);
    expect(net(rows)).toBe(byOrders.reduce((sum, each) => sum + each.amount - each.refunded - each.lost, 0));
    const sum = (object: string, field: string) =>
      stripe()
        .all(account, object)
        .reduce((total, each) => total + Number(each[field]), 0);
    const taken = paid().reduce((total, each) => total + Number(each['amount']), 0);
    expect(net(rows)).toBe(taken - sum('refund', 'amount') - sum('dispute', 'amount'));
    const { baseUrl } = market.cloud;
    const headers = { Authorization: `Bearer ${market.supplier.apiKey}` };
    const csv = await (await fetch(`${baseUrl}${path}&format=csv`, { headers })).text();
    const [head, ...body] = csv.trimEnd().split('\r\n');
    expect(head).toBe('charge,day,partner,order,currency,amount,refunded,lost,net');
    expect(body.map((line) => Number(line.split(',').at(-1)))).toEqual(rows.map((row) => row.net));
  });
});

describe('the export', () => {
  it('has account, card and charges by their ids, and of the other side’s account nothing', async () => {
    const [card] = await exported(market, market.supplier, 'cards');
    const ids = { customer: card?.['customer'], paymentMethod: card?.['paymentMethod'] };
    expect(stripe().all(account, 'payment_method').at(-1)?.id).toBe(ids.paymentMethod);
    expect(card).toMatchObject({ partner: market.demo.partnerId, account });
    expect(await exported(market, market.retailer, 'cards')).toMatchObject([{ ...ids, account: null }]);
    expect(await exported(market, market.supplier, 'billing')).toMatchObject([
      { accountId: account, state: 'ready' },
    ]);
    expect(await exported(market, market.retailer, 'billing')).toEqual([]);
    for (const who of [market.supplier, market.retailer]) {
      const rows = await exported(market, who, 'charges');
      expect(new Set(rows.map(({ id }) => id))).toEqual(new Set((await charges(who)).map(({ id }) => id)));
      expect(JSON.stringify(rows).includes(account)).toBe(who === market.supplier);
    }
  });
});

describe('what Stripe knows of people', () => {
  it('is in no document, message or log line of ours', async () => {
    expect(await knownOfHolders(market)).toEqual([]);
    expect(stripe().answers.every(({ status }) => status === 200)).toBe(true);
  });
});

describe('an account whose owner disconnects it', () => {
  it('is charged on no more, and what ships waits', async () => {
    const { supplyOrderId } = await shipped(market);
    stripe().disconnect(account);
    await eventually(async () => {
      expect(await get(market.supplier, '/v1/billing/account')).toMatchObject({ state: 'disconnected' });
    });
    await billed(market);
    expect((await stored(market, supplyOrderId)).unbilled).toBeDefined();
  });
});
