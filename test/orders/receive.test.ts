import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, type Market, startMarket } from '../support/market.ts';
import {
  act,
  actions,
  call,
  changed,
  counts,
  done,
  lineOf,
  lines,
  listAll,
  log,
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
      const answers = await Promise.all(Array.from({ length: 50 }, () => market.send(payload)));
      expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
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

describe('an update after routing', () => {
  it('routes a line that was added into the supply order that is there', async () => {
    const { payload, own, supply } = await trade(market, {
      line_items: lines(market.order(), { IPOD2008RED: { quantity: 0 } }),
    });
    expect(supply.lines).toHaveLength(1);
    const all = changed(payload, { line_items: lines(market.order(), {}) });
    await sent(market, all, 'orders/updated');
    const grown = await eventually(async () => {
      const order = await read(market.supplier, supply.id);
      expect(order.lines).toHaveLength(2);
      return order;
    });
    expect(counts(grown)).toEqual({ IPOD2008GREEN: [1, 0, 0], IPOD2008RED: [1, 0, 0] });
    expect(grown.totals.items).toBe(30_500);
    const order = await read(market.retailer, own.id);
    expect(order.supplyOrders).toEqual([{ id: supply.id, partner: market.demo.partnerId, state: 'routed' }]);
    expect(order.lines.find((line) => line.sku === 'IPOD2008RED')).toMatchObject({
      title: 'iPod Nano 8 GB, red',
      supplier: market.demo.partnerId,
    });
    expect(await actions(market.supplier, supply.id)).toEqual([
      'order.supply_received',
      'order.supply_received',
    ]);
  });

  it('cancels at the supplier what was taken off or is wanted less, and orders more of what is wanted more', async () => {
    const start = { IPOD2008GREEN: { quantity: 3 }, IPOD2008RED: { quantity: 2 } };
    const { payload, own, supply } = await trade(market, { line_items: lines(market.order(), start) });
    const next = lines(payload, {
      IPOD2008GREEN: { quantity: 3, current: 1 },
      IPOD2008RED: { quantity: 4 },
      IPOD2008BLACK: { quantity: 0 },
    });
    await sent(market, changed(payload, { line_items: next }), 'orders/updated');
    expect(counts(await read(market.supplier, supply.id))).toEqual({
      IPOD2008GREEN: [3, 0, 2],
      IPOD2008RED: [4, 0, 0],
    });
    expect(counts(await read(market.retailer, own.id))).toEqual({
      IPOD2008GREEN: [3, 0, 2],
      IPOD2008RED: [4, 0, 0],
      IPOD2008BLACK: [1, 0, 1],
    });
    expect(await actions(market.supplier, supply.id)).toContain('order.updated');
  });

  it('ends both sides when the shop cancels', async () => {
    const { payload, own, supply } = await trade(market);
    const cancelled = { cancelled_at: new Date().toISOString(), financial_status: 'refunded' };
    await sent(market, changed(payload, cancelled), 'orders/cancelled');
    expect((await read(market.supplier, supply.id)).state).toBe('cancelled');
    const order = await read(market.retailer, own.id);
    expect([order.state, order.supplyOrders[0]?.state]).toEqual(['cancelled', 'cancelled']);
  });

  it('seals a changed address once, shows it to both sides and tells the supplier', async () => {
    const { payload, own, supply } = await trade(market);
    const address = payload['shipping_address'] as object;
    const moved = changed(payload, { shipping_address: { ...address, address1: '99 Moved Street' } });
    const writes = await writesOf(market, 'webhooks', () => sent(market, moved, 'orders/updated'));
    expect(writes.filter((write) => write.endsWith(` sealed/${own.id}`))).toHaveLength(1);
    const expected = '99 Moved Street\nApt 3\nSampleton';
    expect((await read(market.retailer, own.id)).shipTo?.streetAddress).toBe(expected);
    expect((await read(market.supplier, supply.id)).shipTo?.streetAddress).toBe(expected);
    const told = (await log(market.supplier, supply.id)).find(
      (each) => each.action === 'order.address_changed',
    );
    expect(told).toMatchObject({ result: 'done', facts: { afterShipping: false } });

    const again = await writesOf(market, 'webhooks', () =>
      sent(market, changed(moved, { note: 'x' }), 'orders/updated'),
    );
    expect(again.filter((write) => write.includes('sealed/'))).toEqual([]);
  });

  it('only logs a changed address once something was shipped', async () => {
    const { payload, own, supply } = await trade(market);
    const shipped = { lines: [{ lineId: lineOf(supply, 'IPOD2008RED'), quantity: 1 }] };
    expect((await act(market.supplier, supply.id, 'fulfilments', shipped)).status).toBe(201);
    const address = { ...(payload['shipping_address'] as object), address1: '99 Late Street' };
    await sent(market, changed(payload, { shipping_address: address }), 'orders/updated');
    expect((await read(market.retailer, own.id)).shipTo).toEqual(own.shipTo);
    expect((await read(market.supplier, supply.id)).shipTo).toEqual(own.shipTo);
    const [entry] = (await log(market.retailer, own.id)).filter(
      (each) => each.action === 'order.address_changed',
    );
    expect(entry).toMatchObject({ result: 'refused', facts: { afterShipping: true } });
    const patch = await call(market.retailer, 'PATCH', `/v1/orders/${own.id}`, { shipTo: own.shipTo });
    expect(patch.code).toBe('CONFLICT');
  });

  it('opens an archived order again when the shop wants more, so that it can not be deleted', async () => {
    const { payload, own } = await trade(market);
    await act(market.retailer, own.id, 'cancel');
    await act(market.retailer, own.id, 'archive');
    const item = { ...(payload['line_items'] as object[])[2], id: 6_000_000_000_009 };
    await sent(market, changed(payload, { line_items: [...(payload['line_items'] as object[]), item] }));
    expect(await peek(market, market.retailer, own.id)).toMatchObject({ archived: false, archivedAt: null });
    expect((await call(market.retailer, 'DELETE', `/v1/orders/${own.id}`)).code).toBe('ORDER_NOT_ARCHIVED');
  });

  it('is taken and changes nothing while the order is being erased', async () => {
    const { payload, own, supply } = await trade(market);
    await act(market.retailer, own.id, 'cancel');
    await act(market.retailer, own.id, 'archive');
    // The message to erase it gets lost.
    market.cloud.doors.orders.setFault({
      match: (seen) => seen.topic === 'erasures',
      nth: 1,
      when: 'before',
      then: { status: 7 },
    });
    expect((await call(market.retailer, 'DELETE', `/v1/orders/${own.id}`)).status).toBe(202);
    const before = await peek(market, market.retailer, own.id);
    expect(before?.['erasing']).toMatch(/^era_/);
    const writes = await writesOf(market, 'webhooks', () => sent(market, changed(payload, { name: '#9' })));
    expect(writes).toEqual([]);
    expect(await peek(market, market.retailer, own.id)).toEqual(before);

    const shown = await read(market.retailer, own.id);
    expect(shown.shipTo).toBeNull();
    expect((await read(market.supplier, supply.id)).shipTo).toBeNull();
    for (const action of ['fulfilments', 'cancel', 'archive', 'retry']) {
      expect((await act(market.retailer, own.id, action)).code, action).toBe('ORDER_ERASED');
    }
    const lineId = lineOf(supply, 'IPOD2008RED');
    for (const [action, body] of [
      ['decline', {}],
      ['returns', { lines: [{ lineId, quantity: 1 }] }],
    ] as const) {
      expect((await act(market.supplier, supply.id, action, body)).status, action).toBe(409);
    }
  });
});
