import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireRoomForShipments } from '../../shared/orders/room.ts';
import { eventually, type Market, startMarket } from '../support/market.ts';
import { orderBody } from './foreign-routes.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(() => market.cloud.stop());

/** Three bytes each in UTF-8. */
const wide = (count: number): string => '漢'.repeat(count);

interface Made {
  id: string;
  lines: { id: string }[];
}

async function created(lines: object[]): Promise<Made> {
  const externalId = `${lines.length} lines ${Math.random()}`;
  const answer = await market.retailer.call('POST', '/v1/orders', { body: orderBody({ externalId, lines }) });
  expect(answer.status).toBe(201);
  return answer.json as Made;
}

/** Ships one of every line again and again until it is refused; answers how often it went well, and the refusal. */
async function shipUntilRefused({ id, lines }: Made, tracking: object): Promise<[number, unknown]> {
  const body = { ...tracking, lines: lines.map((line) => ({ lineId: line.id, quantity: 1 })) };
  for (let shipped = 0; shipped < 300; shipped += 1) {
    const answer = await market.retailer.call('POST', `/v1/orders/${id}/fulfilments`, { body });
    if (answer.status !== 201) return [shipped, answer.json];
  }
  return [300, undefined];
}

describe('an order as large as an order can be', () => {
  it('is taken, opens whole, and is routed', async () => {
    const lines = Array.from({ length: 500 }, (_, place) => ({
      ...{ sku: `${place}-${wide(110)}`, title: `${place}-${wide(400)}`, quantity: 1, unitPrice: 1 },
    }));
    const { id } = await created(lines);
    await eventually(async () => {
      const json: unknown = (await market.retailer.call('GET', '/v1/orders?limit=1')).json;
      expect(json).toMatchObject({ data: [{ id, routing: 'done' }] });
    });
    const json: unknown = (await market.retailer.call('GET', `/v1/orders/${id}`)).json;
    const titles = (json as { lines: { title: string }[] }).lines.map(({ title }) => title);
    expect(titles).toEqual(lines.map(({ title }) => title));
  });

  it('takes no further lines from its shop, and stays as it is', async () => {
    const line = (id: number) => ({
      ...{ id, variant_id: id, sku: `S${id}`, title: wide(255), variant_title: wide(200), price: '1.00' },
      ...{ quantity: 1, current_quantity: 1, requires_shipping: true },
    });
    const lines = (from: number) => Array.from({ length: 500 }, (_, place) => line(from + place));
    const payload = market.order({ financial_status: 'pending', line_items: lines(1) });
    await market.deliver(payload);
    const later = new Date(Date.now() + 1000).toISOString();
    const grown = await market.send(
      { ...payload, updated_at: later, line_items: lines(1001) },
      'orders/updated',
    );
    expect([grown.status, await grown.json()]).toMatchObject([400, { errors: [{ path: 'lines' }] }]);
    const json: unknown = (await market.retailer.call('GET', `/v1/orders/${await market.idOf(payload.id)}`))
      .json;
    expect((json as Made).lines).toHaveLength(500);
  });
});

describe('an order that is shipped for ever', () => {
  it('has room for so many shipped lines and says when it is full', async () => {
    const line = (place: number) => ({ sku: `L${place}`, title: 'A thing', quantity: 1000, unitPrice: 1 });
    const order = await created(Array.from({ length: 500 }, (_, place) => line(place)));
    const [shipped, refusal] = await shipUntilRefused(order, {});
    expect(shipped).toBe(5);
    expect(refusal).toMatchObject({ code: 'CONFLICT', detail: 'the order has no room for more shipments' });
  });

  it('has room for so much tracking and says when it is full', async () => {
    const order = await created([{ sku: 'ONE', title: 'A thing', quantity: 1000, unitPrice: 1 }]);
    const trackingUrls = Array.from({ length: 50 }, () => `https://carrier.example/${wide(900)}`);
    const [shipped, refusal] = await shipUntilRefused(order, { trackingUrls });
    expect(shipped).toBeGreaterThan(5);
    expect(refusal).toMatchObject({ code: 'CONFLICT', detail: 'the order has no room for more tracking' });
    const untracked = await market.retailer.call('POST', `/v1/orders/${order.id}/fulfilments`);
    expect(untracked.status).toBe(201);
  });

  it('has room for 250 shipments, however small', () => {
    const shipment = { id: 'ful_1', shippedAt: '', carrier: null, partner: null, lines: [] };
    const shipments = (count: number) => ({ fulfilments: Array.from({ length: count }, () => shipment) });
    requireRoomForShipments(shipments(250));
    expect(() => {
      requireRoomForShipments(shipments(251));
    }).toThrow(expect.objectContaining({ code: 'CONFLICT' }));
  });
});

describe('amounts', () => {
  it('of a partner stay exact, and a line that would cost too much stays with the retailer', async () => {
    const line = (quantity: number) => ({ sku: 'IPOD2008GREEN', title: 'A thing', quantity, unitPrice: 1 });
    const { id } = await created(Array.from({ length: 500 }, () => line(1_000_000)));
    const supplyId = await eventually(async () => {
      const json: unknown = (await market.retailer.call('GET', `/v1/orders/${id}`)).json;
      expect(json).toMatchObject({ routing: 'done' });
      return (json as { supplyOrders: { id: string }[] }).supplyOrders[0]?.id ?? '';
    });
    const supply = await market.supplier.call('GET', `/v1/orders/${supplyId}`);
    expect(supply.json).toMatchObject({ totals: { items: 7_500_000_000_000 } });

    const { db } = market.seed;
    const product = { sku: 'DEAR', title: 'Dear', price: 1_000_000_000_000, currency: 'USD', active: true };
    const at = `companies/${market.supplier.companyId}/products/${Buffer.from('DEAR').toString('base64url')}`;
    await db.doc(at).set(product);
    const body = { currency: 'USD', lines: [1, 2].map((quantity) => ({ sku: 'DEAR', quantity })) };
    const preview = await market.retailer.call('POST', '/v1/orders/preview', { body });
    expect(preview.json).toMatchObject({
      lines: [{ supplier: market.demo.partnerId }, { supplier: null, unitPrice: null }],
      total: 1_000_000_000_000,
    });
  });
});

describe('times', () => {
  it.each(['9999-12-31T23:59:59-23:59', '0000-01-01T00:00:00+23:59', '0001-01-01T00:00:00Z'])(
    'that can not be told in UTC are refused by name: %s',
    async (time) => {
      const { id } = await created([{ sku: 'ONE', title: 'A thing', quantity: 1, unitPrice: 1 }]);
      const path = `/v1/orders/${id}/fulfilments`;
      const shipped = await market.retailer.call('POST', path, { body: { shippedAt: time } });
      expect(shipped.json).toMatchObject({ status: 400, errors: [{ path: 'shippedAt' }] });
      const query = new URLSearchParams({ updatedAfter: time }).toString();
      const listed = await market.retailer.call('GET', `/v1/orders?${query}`);
      expect(listed.json).toMatchObject({ status: 400, errors: [{ path: 'updatedAfter' }] });
    },
  );
});
