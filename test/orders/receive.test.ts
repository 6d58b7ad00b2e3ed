import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Market, startMarket } from '../support/market.ts';
import {
  act,
  actions,
  call,
  changed,
  counts,
  done,
  lines,
  listAll,
  orderId,
  peek,
  read,
  sent,
  trade,
  writesOf,
} from './trading.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(() => market.cloud.stop());

describe('a delivery that comes again', () => {
  it('makes one order of fifty copies at once', async () => {
    const payload = market.order();
    const writes = await writesOf(market, 'webhooks', async () => {
      await Promise.all(Array.from({ length: 50 }, () => market.deliver(payload)));
    });
    const id = await orderId(market, payload.id);
    expect(writes.filter((write) => write.includes(`/orders/${id}`))).toHaveLength(1);
    await done(market, market.retailer, id);
    const all = await listAll(market.retailer);
    const same = all.filter((order) => order.source?.externalId === String(payload.id));
    expect(same.map((order) => order.id)).toEqual([id]);
    expect((await actions(market.retailer, id)).sort()).toEqual(['order.received', 'order.routed']);
    expect((await read(market.retailer, id)).shipTo?.postalCode).toBe('40003');
  });

  it('changes nothing when it is older, or the same', async () => {
    const { payload, own } = await trade(market);
    const writes = await writesOf(market, 'webhooks', async () => {
      await sent(
        market,
        changed(payload, { line_items: lines(payload, { IPOD2008RED: { quantity: 9 } }) }, -60),
      );
      await sent(market, payload, 'orders/updated');
    });
    expect(writes).toEqual([]);
    expect(counts(await read(market.retailer, own.id))).toEqual(counts(own));
  });

  it('that says it comes from the future counts as of now, so that the next change still counts', async () => {
    const { payload, own } = await trade(market);
    const future = changed(
      payload,
      { line_items: lines(payload, { IPOD2008BLACK: { quantity: 2 } }) },
      86_400,
    );
    await sent(market, future);
    expect(counts(await read(market.retailer, own.id))['IPOD2008BLACK']).toEqual([2, 0, 0]);
    const at = Date.parse(String((await peek(market, market.retailer, own.id))?.['sourceUpdatedAt']));
    expect(at).toBeLessThanOrEqual(Date.now());
    const next = { ...payload, updated_at: new Date(at + 60_000).toISOString() };
    await sent(market, {
      ...next,
      line_items: lines(payload, { IPOD2008BLACK: { quantity: 2, current: 0 } }),
    });
    expect(counts(await read(market.retailer, own.id))['IPOD2008BLACK']).toEqual([2, 0, 2]);
  });
});

it(
  'five hundred different orders at once are all taken, and all are there',
  { timeout: 90_000 },
  async () => {
    // Not paid, so that nothing else is at work; the long tests route as many.
    const payloads = Array.from({ length: 500 }, () => market.order({ financial_status: 'pending' }));
    await Promise.all(payloads.map((payload) => market.deliver(payload)));
    const expected = await Promise.all(payloads.map((payload) => orderId(market, payload.id)));
    const stored = await market.seed.db
      .collection(`companies/${market.retailer.companyId}/orders`)
      .where('state', '==', 'received')
      .select('paid')
      .get();
    const there = new Set(stored.docs.map((doc) => doc.id));
    expect(new Set(expected).size).toBe(500);
    expect(expected.filter((id) => !there.has(id))).toEqual([]);
    const keys = await Promise.all(expected.map((id) => market.seed.keyring.recordKeyExists(id)));
    expect(keys.every(Boolean)).toBe(true);
  },
);

describe('an order that is not to be shipped', () => {
  it('is cancelled when it comes cancelled and refunded, and goes to nobody', async () => {
    const payload = market.order({ cancelled_at: new Date().toISOString(), financial_status: 'refunded' });
    const ended = { line_items: lines(payload, {}).map((line) => ({ ...line, current_quantity: 0 })) };
    const id = await sent(market, { ...payload, ...ended });
    const order = await read(market.retailer, id);
    expect([order.state, order.routing, order.supplyOrders]).toEqual(['cancelled', 'done', []]);
    expect(await peek(market, market.retailer, id)).not.toHaveProperty('due');
    expect((await act(market.retailer, id, 'fulfilments')).code).toBe('QUANTITY_EXCEEDED');
    expect((await act(market.retailer, id, 'archive')).status).toBe(200);
  });

  it.each(['pending', 'authorized', 'partially_paid', 'partially_refunded'])(
    'stays received while it is %s, and is routed by the update that says paid',
    async (financial_status) => {
      const payload = market.order({ financial_status });
      const id = await sent(market, payload);
      expect(await peek(market, market.retailer, id)).toMatchObject({
        state: 'received',
        routing: 'pending',
      });
      expect(await peek(market, market.retailer, id)).not.toHaveProperty('due');
      await sent(market, changed(payload, { financial_status: 'paid' }), 'orders/updated');
      await done(market, market.retailer, id);
      expect((await read(market.retailer, id)).state).toBe('routed');
    },
  );
});

describe('an order without an address', () => {
  const nowhere = { address1: 'call +1 202-555-0143', address2: '', city: '' };
  it.each([
    ['missing', () => null],
    ['nothing but a phone number', (address: object) => ({ ...address, ...nowhere })],
  ])('is held when it is %s, and released by a correction', async (_what, change) => {
    const sample = market.order()['shipping_address'] as object;
    const id = await sent(market, market.order({ shipping_address: change(sample) }));
    const held = await read(market.retailer, id);
    expect(held).toMatchObject({
      state: 'received',
      routing: 'held',
      held: { code: 'ADDRESS_EMPTY' },
      shipTo: null,
    });
    expect((await act(market.retailer, id, 'retry')).code).toBe('CONFLICT');

    const shipTo = {
      firstName: 'Test',
      lastName: 'Shopper',
      streetAddress: '1 Corrected Street\nSampleton',
      postalCode: '40004',
      region: 'Kentucky',
      country: 'US',
    };
    expect((await call(market.retailer, 'PATCH', `/v1/orders/${id}`, { shipTo })).status).toBe(200);
    await done(market, market.retailer, id);
    const order = await read(market.retailer, id);
    expect(order).toMatchObject({ state: 'routed', held: null, shipTo });
    expect((await read(market.supplier, order.supplyOrders[0]?.id ?? '')).shipTo).toEqual(shipTo);
    expect(await actions(market.retailer, id)).toEqual([
      'order.received',
      'order.address_changed',
      'order.routed',
    ]);
  });

  it('is released by its shop too', async () => {
    const payload = market.order();
    const id = await sent(market, { ...payload, shipping_address: null });
    await sent(market, changed(payload, {}), 'orders/updated');
    await done(market, market.retailer, id);
    expect((await read(market.retailer, id)).state).toBe('routed');
  });
});
