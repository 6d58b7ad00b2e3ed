import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleBigCommerceOrder } from '../../local/shops/sample-bigcommerce-order.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { read, type SeenOrder } from '../orders/trading.ts';
import { eventually } from '../support/market.ts';
import { freshId, type Shops, startShops } from './shops.ts';

let shops: Shops;
beforeAll(async () => {
  shops = await startShops();
  await shops.poll();
}, 90_000);
afterAll(() => shops.stop());

async function place(change: Record<string, unknown> = {}): Promise<number> {
  const id = freshId();
  await shops.big.place(sampleBigCommerceOrder({ id, at: shops.market.cloud.clock.now(), change }));
  return id;
}

async function shown(externalId: number): Promise<SeenOrder> {
  return read(shops.market.retailer, await shops.market.idOf(externalId));
}

function pulls() {
  return shops.market.seed.db.collection(paths.pulls(shops.market.retailer.companyId)).get();
}

describe('a BigCommerce store', () => {
  it('is given webhooks at its first poll', () => {
    expect([...shops.big.hooks.values()].map(({ scope }) => scope)).toEqual([
      'store/order/*',
      'store/shipment/*',
      'store/product/*',
      'store/app/uninstalled',
    ]);
  });

  it('names an order, which is fetched with its address and products, routed and opened', async () => {
    const id = await place();
    const one = await eventually(async () => {
      const seen = await shown(id);
      expect(seen.supplyOrders).toHaveLength(1);
      return seen;
    });
    expect(one).toMatchObject({
      code: `#${id}`,
      source: { platform: 'bigcommerce', externalId: String(id) },
      totals: { items: 59_700, shipping: 1000, tax: 1194, discount: 2000, total: 59_894 },
      shipTo: { firstName: 'Test', streetAddress: '12 Sample Street\nApt 3\nSampleton', country: 'US' },
    });
    await eventually(async () => {
      expect((await pulls()).size).toBe(0);
    });
  });

  it('repeats itself without effect, and cancels with one', async () => {
    const id = await place();
    await shops.market.idOf(id);
    shops.big.outbox.mode = 'twice';
    expect(await shops.big.repeat(id)).toEqual([200, 200]);
    expect(await shops.big.change(id, { status_id: 5 })).toEqual([200, 200]);
    shops.big.outbox.mode = 'well';
    await eventually(async () => {
      expect(await shown(id)).toMatchObject({ state: 'cancelled' });
    });
  });

  it('is asked later when it can not answer now: the order waits and comes', async () => {
    // Nothing else is to meet with the refusal.
    await eventually(async () => {
      expect((await pulls()).size).toBe(0);
    });
    shops.big.misbehave({
      times: 1,
      path: '/v2/orders/',
      does: { answer: { status: 429, headers: { 'X-Rate-Limit-Time-Reset-Ms': '1000' } } },
    });
    const id = await place();
    await eventually(async () => {
      const [waiting] = (await pulls()).docs;
      expect(waiting?.data()).toMatchObject({ externalId: String(id), attempts: 1 });
    });
    await shops.market.cloud.clock.advance(60_000);
    await eventually(async () => {
      expect((await pulls()).size).toBe(0);
    });
    await shops.market.idOf(id);
  });

  it('holds an order that goes to several addresses, and leaves out what is not shipped', async () => {
    const id = freshId();
    const sample = sampleBigCommerceOrder({ id, at: shops.market.cloud.clock.now() });
    const [first] = sample.addresses;
    sample.addresses.push({ ...first, id: 52 });
    const [one, other, third] = sample.products;
    Object.assign(other ?? {}, { order_address_id: 52 });
    Object.assign(third ?? {}, { type: 'digital', order_address_id: 0 });
    expect(one).toBeDefined();
    await shops.big.place(sample);
    const seen = await shown(id);
    expect(seen).toMatchObject({ routing: 'held', held: { code: 'ADDRESS_EMPTY' } });
    expect(seen.lines).toHaveLength(2);
  });

  it('drops its webhooks: the poll brings orders and webhooks back', async () => {
    shops.big.hooks.clear();
    const id = await place();
    await shops.poll();
    await shops.market.idOf(id);
    await eventually(() => {
      expect(shops.big.hooks.size).toBe(4);
    });
  });
});
