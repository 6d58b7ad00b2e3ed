import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { paths } from '../../shared/cloud/firestore.ts';
import { eventually, type Market, startMarket } from '../support/market.ts';
import {
  act,
  actions,
  call,
  changed,
  counts,
  lineOf,
  lines,
  log,
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

  it('has a line that was added at its price of then, not by a list that is over', async () => {
    const { cloud, demo, seed, supplier } = market;
    const endsAt = new Date(cloud.clock.now() + 3_600_000).toISOString();
    const half = { name: 'Half', currency: 'USD', markup: { percent: '-50' }, endsAt };
    const base = { name: 'All', currency: 'USD', exceptions: ['half'] };
    expect((await call(supplier, 'PUT', '/v1/price-lists/half', half)).status).toBe(201);
    expect((await call(supplier, 'PUT', '/v1/price-lists/all', base)).status).toBe(201);
    const terms = seed.db.doc(paths.partner(market.retailer.companyId, demo.partnerId));
    await terms.update({ 'terms.priceListId': 'all' });
    onTestFinished(async () => {
      await terms.update({ 'terms.priceListId': null });
    });
    const one = lines(market.order(), { IPOD2008RED: { quantity: 0 } });
    const { payload, supply } = await trade(market, { line_items: one });
    expect(supply.lines.map((line) => line.unitPrice)).toEqual([7500]);
    await cloud.clock.advance(2 * 3_600_000);
    await sent(market, changed(payload, { line_items: lines(market.order(), {}) }), 'orders/updated');
    const grown = await eventually(async () => {
      const order = await read(supplier, supply.id);
      expect(order.lines).toHaveLength(2);
      return order;
    });
    expect(grown.lines.map((line) => line.unitPrice)).toEqual([7500, 15_500]);
    expect(grown.lines[1]).not.toHaveProperty('addedAt');
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
    const { text } = await market.supplier.call('GET', '/v1/export/orders');
    const exported = text.split('\n').find((line) => line.includes(`"id":"${supply.id}"`));
    expect(JSON.parse(exported ?? '')).toMatchObject({ id: supply.id, opened: false });
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
