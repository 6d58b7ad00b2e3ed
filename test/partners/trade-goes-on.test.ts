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
    expect((await newOrder()).supplyOrders).toEqual([]);
    const shipped = await supplier.call('POST', `/v1/orders/${first.supplyOrderId}/fulfilments`);
    expect(shipped.status).toBe(201);
    expect((await read(retailer, first.orderId)).state).toBe('part_fulfilled');
    expect((await supplier.call('GET', `/v1/orders/${second.supplyOrderId}`)).json).toMatchObject({
      shipTo: { country: 'US' },
    });
    await move(supplier, 'resume');
    expect((await newOrder()).supplyOrders).toHaveLength(1);

    await move(retailer, 'end');
    expect((await newOrder()).supplyOrders).toEqual([]);
    const later = await supplier.call('POST', `/v1/orders/${second.supplyOrderId}/fulfilments`);
    expect(later.status).toBe(201);
    expect((await retailer.call('GET', '/v1/partners')).json).toMatchObject({
      data: [{ state: 'ended', name: 'Demo supplier' }],
    });
  });
});
