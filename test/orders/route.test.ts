import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectCompanies } from '../../local/seed.ts';
import { eventually, type Market, type Merchant, startMarket } from '../support/market.ts';
import {
  act,
  actions,
  call,
  counts,
  done,
  failing,
  lineOf,
  type ListedOrder,
  listAll,
  log,
  newMerchant,
  orderInput,
  peek,
  push,
  read,
  type SeenOrder,
  sent,
} from './trading.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterEach(() => {
  for (const name of ['webhooks', 'route-order'] as const) market.cloud.doors[name].setFault(null);
});
afterAll(() => market.cloud.stop());

/** Sends an order whose message gets lost. */
async function unrouted(): Promise<string> {
  failing(market.cloud.doors.webhooks, ({ topic }) => topic === 'orders');
  const id = await sent(market, market.order());
  market.cloud.doors.webhooks.setFault(null);
  expect(await peek(market, market.retailer, id)).toMatchObject({ routing: 'pending' });
  return id;
}

/** Creates an order and waits until it is routed. */
async function create(who: Merchant, order: object): Promise<SeenOrder> {
  const { status, json } = await call(who, 'POST', '/v1/orders', order);
  expect(status).toBe(201);
  await done(market, who, json.id);
  return read(who, json.id);
}

const supplierOf = (order: SeenOrder, sku: string): string | null | undefined =>
  order.lines.find((line) => line.sku === sku)?.supplier;

describe('routing', () => {
  it('makes one supply order of twenty deliveries of the same message at once', async () => {
    const id = await unrouted();
    const message = { companyId: market.retailer.companyId, orderId: id };
    const statuses = await Promise.all(
      Array.from({ length: 20 }, () => push(market, 'route-order', message)),
    );
    expect(new Set(statuses)).toEqual(new Set([204]));
    const own = await read(market.retailer, id);
    expect(own.supplyOrders).toHaveLength(1);
    const supplies = (await listAll(market.supplier)).filter((order) => order.code === own.code);
    expect(supplies.map((order) => order.id)).toEqual(own.supplyOrders.map((supply) => supply.id));
    expect(await actions(market.supplier, supplies[0]?.id ?? '')).toEqual(['order.supply_received']);
    expect(await actions(market.retailer, id)).toEqual(['order.received', 'order.routed']);
    const [routed] = (await log(market.retailer, id)).filter(({ action }) => action === 'order.routed');
    expect(routed).toMatchObject({
      actor: { type: 'system', id: null },
      facts: { supplyOrders: 1, lines: 3 },
    });
  });

  it('splits an order between two partners, each with its own lines, price and wrap', async () => {
    const retailer = await newMerchant(market);
    const one = await newMerchant(market, [{ sku: 'A', price: 700, title: 'From one' }]);
    const two = await newMerchant(market, [{ sku: 'B' }, { sku: 'C' }]);
    const partnerOne = await connectCompanies(retailer.companyId, one.companyId, market.seed);
    const partnerTwo = await connectCompanies(retailer.companyId, two.companyId, market.seed);
    const own = await create(retailer, orderInput('A', 'B', 'C', 'D'));
    expect(own.lines.map((line) => line.supplier)).toEqual([partnerOne, partnerTwo, partnerTwo, null]);
    expect(own.lines.map((line) => line.title)).toEqual(['From one', 'Thing', 'Thing', 'Title of D']);

    for (const [partner, id, skus, total] of [
      [one, partnerOne, ['A'], 700],
      [two, partnerTwo, ['B', 'C'], 1000],
    ] as const) {
      const supplyId = own.supplyOrders.find((supply) => supply.partner === id)?.id ?? '';
      const supply = await read(partner, supplyId);
      expect(supply.lines.map((line) => line.sku)).toEqual(skus);
      expect(supply).toMatchObject({ partner: id, source: null, shipTo: own.shipTo, supplyOrders: [] });
      expect(supply.totals.total).toBe(total);
      const other = partner === one ? two : one;
      expect((await call(other, 'GET', `/v1/orders/${supplyId}`)).status).toBe(404);
    }
    const { json } = await call<{ data: ListedOrder[] }>(retailer, 'GET', `/v1/orders?partner=${partnerTwo}`);
    expect(json.data.map((order) => order.id)).toEqual([own.id]);
  });

  it('asks the partner that was connected first, of those that sell the SKU', async () => {
    const retailer = await newMerchant(market);
    const [early, late] = [
      await newMerchant(market, [{ sku: 'A' }]),
      await newMerchant(market, [{ sku: 'A' }]),
    ];
    const first = await connectCompanies(retailer.companyId, early.companyId, market.seed);
    await connectCompanies(retailer.companyId, late.companyId, market.seed);
    expect(supplierOf(await create(retailer, orderInput('A')), 'A')).toBe(first);
  });

  it('leaves with the retailer what nobody supplies, and is done', async () => {
    const retailer = await newMerchant(market, [{ sku: 'OWN', title: 'Our own' }]);
    const partner = await newMerchant(market, [
      { sku: 'OTHER-MONEY', currency: 'EUR' },
      { sku: 'GONE', active: false },
    ]);
    await connectCompanies(retailer.companyId, partner.companyId, market.seed);
    const own = await create(retailer, orderInput('OTHER-MONEY', 'GONE', 'OWN', 'NOWHERE'));
    expect(own).toMatchObject({ state: 'received', routing: 'done', supplyOrders: [] });
    expect(own.lines.map((line) => line.supplier)).toEqual([null, null, null, null]);
    expect(own.lines[2]?.title).toBe('Our own');
    expect(await peek(market, retailer, own.id)).not.toHaveProperty('due');
    expect(await listAll(partner)).toEqual([]);
    expect((await act(retailer, own.id, 'fulfilments')).status).toBe(201);
    expect((await read(retailer, own.id)).state).toBe('fulfilled');
  });

  it('takes in what changes in the order while it is at work', async () => {
    const id = await unrouted();
    const line = lineOf(await read(market.retailer, id), 'IPOD2008GREEN');
    const door = market.cloud.doors['route-order'];
    door.setLatency(100);
    const reading = new Promise<void>((resolve) => {
      door.observeQueries(() => {
        resolve();
      });
    });
    const routing = push(market, 'route-order', { companyId: market.retailer.companyId, orderId: id });
    // It has read the order by now, and has yet to find products, wrap the key and write.
    await reading;
    const body = { lines: [{ lineId: line, quantity: 1 }] };
    expect((await act(market.retailer, id, 'cancel', body)).status).toBe(200);
    expect(await routing).toBe(204);
    door.setLatency(0);
    await done(market, market.retailer, id);

    const own = await read(market.retailer, id);
    expect(counts(own)['IPOD2008GREEN']).toEqual([1, 0, 1]);
    const supply = await read(market.supplier, own.supplyOrders[0]?.id ?? '');
    expect(counts(supply)).toMatchObject({ IPOD2008RED: [1, 0, 0] });
    expect(counts(supply)['IPOD2008GREEN'] ?? [1, 0, 1]).toEqual([1, 0, 1]);
  });

  it('does nothing for an order that is not there, is held, or is done', async () => {
    const { companyId } = market.retailer;
    const nobody = { companyId, orderId: 'ord_00000000000000000000000000' };
    expect(await push(market, 'route-order', nobody)).toBe(204);
    const held = await sent(market, market.order({ shipping_address: null }));
    expect(await push(market, 'route-order', { companyId, orderId: held })).toBe(204);
    expect(await peek(market, market.retailer, held)).toMatchObject({ routing: 'held', supplyOrders: [] });
    expect(await push(market, 'route-order', { companyId, orderId: 'not an id' })).toBe(400);
  });
});

describe('routing that keeps failing', () => {
  it('is held after the last attempt, shown with its reason, and set going again by a retry', async () => {
    const door = market.cloud.doors['route-order'];
    let attempts = 0;
    failing(door, ({ method, database }) => {
      if (method !== 'Commit' || database !== '(default)') return false;
      attempts += 1;
      return true;
    });
    const id = await sent(market, market.order());
    await eventually(async () => {
      expect(await peek(market, market.retailer, id)).toMatchObject({ routing: 'held' });
    }, 25_000);
    expect(attempts).toBe(5);
    const held = await read(market.retailer, id);
    expect(held).toMatchObject({ state: 'received', held: { code: 'ROUTING_FAILED' }, supplyOrders: [] });
    const [entry] = (await log(market.retailer, id)).filter(({ action }) => action === 'order.held');
    expect(entry).toMatchObject({ actor: { type: 'system', id: null }, facts: { code: 'ROUTING_FAILED' } });
    expect(await peek(market, market.retailer, id)).not.toHaveProperty('due');

    door.setFault(null);
    const retried = await act(market.retailer, id, 'retry');
    expect([retried.status, retried.json.held]).toEqual([200, null]);
    await done(market, market.retailer, id);
    expect((await read(market.retailer, id)).state).toBe('routed');
    expect((await act(market.retailer, id, 'retry')).code).toBe('ORDER_NOT_HELD');
    expect(await actions(market.retailer, id)).toEqual([
      'order.received',
      'order.held',
      'order.retried',
      'order.routed',
    ]);
  });
});
