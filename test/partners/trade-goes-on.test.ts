import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, type Market, type Merchant, startMarket } from '../support/market.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(() => market.cloud.stop());

const move = async (who: Merchant, name: string) => {
  const answer = await who.call('POST', `/v1/partners/${market.demo.partnerId}/${name}`);
  expect(answer.status).toBe(200);
};
interface Read {
  id: string;
  lines: { id: string; supplier: string | null; quantity: number }[];
  state: string;
  routing: string;
  supplyOrders: object[];
}
const read = async (who: Merchant, id: string) => (await who.call('GET', `/v1/orders/${id}`)).json as Read;

/** A new order, once its routing is done. */
async function newOrder(): Promise<Read> {
  const payload = market.order();
  await market.deliver(payload);
  const id = await market.idOf(payload.id);
  return eventually(async () => {
    const order = await read(market.retailer, id);
    expect(order.routing).toBe('done');
    return order;
  });
}

describe('orders of a connection', () => {
  it('that is paused or has ended are finished, and nothing new is routed', async () => {
    const { retailer, supplier } = market;
    const [first, second] = [await market.routed(), await market.routed()];
    await move(supplier, 'pause');
    const left = await newOrder();
    expect(left.supplyOrders).toEqual([]);
    const shipped = await supplier.call('POST', `/v1/orders/${first.supplyOrderId}/fulfilments`);
    expect(shipped.status).toBe(201);
    expect((await read(retailer, first.orderId)).state).toBe('part_fulfilled');
    expect((await supplier.call('GET', `/v1/orders/${second.supplyOrderId}`)).json).toMatchObject({
      shipTo: { country: 'US' },
    });
    await move(supplier, 'resume');
    expect((await newOrder()).supplyOrders).toHaveLength(1);
    // What came meanwhile is offered when its owner says so, once, and by nobody else.
    const route = `/v1/orders/${left.id}/route`;
    expect((await supplier.call('POST', `/v1/orders/${first.supplyOrderId}/route`)).status).toBe(409);
    for (const status of [200, 200]) {
      expect((await retailer.call('POST', route)).status).toBe(status);
      await eventually(async () => {
        const order = await read(retailer, left.id);
        expect([order.state, order.supplyOrders.length]).toEqual(['routed', 1]);
      });
    }
    const own = (await read(retailer, left.id)).lines.filter(({ supplier: by }) => by === null);
    const lines = own.map(({ id: lineId, quantity }) => ({ lineId, quantity }));
    const cancelled = await retailer.call('POST', `/v1/orders/${left.id}/cancel`, { body: { lines } });
    expect(cancelled.status).toBe(200);
    expect(await retailer.call('POST', route)).toMatchObject({ status: 409, json: { code: 'CONFLICT' } });

    await move(retailer, 'end');
    expect((await newOrder()).supplyOrders).toEqual([]);
    const later = await supplier.call('POST', `/v1/orders/${second.supplyOrderId}/fulfilments`);
    expect(later.status).toBe(201);
    expect((await retailer.call('GET', '/v1/partners')).json).toMatchObject({
      data: [{ state: 'ended', name: 'Demo supplier' }],
    });
  });
});
