import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleWooCommerceOrder } from '../../local/shops/sample-woocommerce-order.ts';
import { call, listAll, read, type SeenOrder } from '../orders/trading.ts';
import { eventually } from '../support/market.ts';
import { freshId, type Shops, startShops } from './shops.ts';

let shops: Shops;
beforeAll(async () => {
  shops = await startShops();
  await shops.poll();
}, 90_000);
afterAll(() => shops.stop());

function order(change: Record<string, unknown> = {}): Record<string, unknown> & { id: number } {
  const id = freshId();
  return { ...sampleWooCommerceOrder({ id, at: shops.market.cloud.clock.now(), change }), id };
}

function found(id: number): Promise<string> {
  return shops.market.idOf(id);
}

async function shown(externalId: number): Promise<SeenOrder> {
  return read(shops.market.retailer, await shops.market.idOf(externalId));
}

describe('a WooCommerce shop', () => {
  it('is given webhooks at its first poll, whose unsigned ping is answered', () => {
    const made = [...shops.woo.webhooks.values()];
    expect(made.map(({ topic }) => topic).toSorted()).toEqual([
      'order.created',
      'order.deleted',
      'order.restored',
      'order.updated',
      'product.created',
      'product.updated',
    ]);
    expect(made.every(({ status, secret }) => status === 'active' && secret.length > 8)).toBe(true);
  });

  it('sends an order that is taken, routed and opened', async () => {
    const placed = order();
    expect(await shops.woo.place(placed)).toEqual([200]);
    const one = await eventually(async () => {
      const seen = await shown(placed.id);
      expect(seen.supplyOrders).toHaveLength(1);
      return seen;
    });
    expect(one).toMatchObject({
      code: `#${placed.id}`,
      source: { platform: 'woocommerce', externalId: String(placed.id) },
      shippingService: 'flat_rate',
      totals: { items: 59_700, shipping: 1000, tax: 1194, discount: 2000, total: 59_894 },
      shipTo: { firstName: 'Test', streetAddress: '12 Sample Street\nApt 3\nSampleton', region: 'KY' },
    });
  });

  it('may put two orders under one delivery id, as it does within a second', async () => {
    const [one, other] = [order(), order()];
    expect(await shops.woo.place(one)).toEqual([200]);
    expect(await shops.woo.place(other)).toEqual([200]);
    expect(await found(one.id)).not.toBe(await found(other.id));
  });

  it('is told by a newer event that an order is paid, and an older one moves nothing back', async () => {
    const placed = order({ status: 'on-hold', date_paid_gmt: null });
    await shops.woo.place(placed);
    expect(await shown(placed.id)).toMatchObject({ state: 'received', supplyOrders: [] });
    shops.woo.outbox.mode = 'later';
    await shops.woo.change(placed.id, { status: 'pending' });
    await shops.woo.change(placed.id, { status: 'processing' });
    shops.woo.outbox.mode = 'well';
    expect(await shops.woo.outbox.flush()).toEqual([200, 200]);
    await eventually(async () => {
      expect((await shown(placed.id)).supplyOrders).toHaveLength(1);
    });
  });

  it('deletes an order, of which what was not shipped is cancelled on both sides', async () => {
    const placed = order();
    await shops.woo.place(placed);
    await eventually(async () => {
      expect((await shown(placed.id)).supplyOrders).toHaveLength(1);
    });
    expect(await shops.woo.remove(placed.id)).toEqual([200]);
    expect(await shown(placed.id)).toMatchObject({
      state: 'cancelled',
      supplyOrders: [{ state: 'cancelled' }],
    });
    expect(await shops.woo.remove(placed.id)).toEqual([200]);
  });

  it('deletes an order whose own event comes afterwards: it stays away, and comes when it is restored', async () => {
    const placed = order();
    shops.woo.outbox.mode = 'later';
    await shops.woo.place(placed);
    shops.woo.outbox.mode = 'well';
    expect(await shops.woo.remove(placed.id)).toEqual([200]);
    expect(await shops.woo.remove(placed.id)).toEqual([200]);
    expect(await shops.woo.outbox.flush()).toEqual([200]);
    await shops.poll();
    const known = (await listAll(shops.market.retailer)).map(({ source }) => source?.externalId);
    expect(known).not.toContain(String(placed.id));
    expect(await shops.woo.restore(placed)).toEqual([200]);
    await eventually(async () => {
      expect((await shown(placed.id)).supplyOrders).toHaveLength(1);
    });
  });

  it('loses a delivery that it never repeats: the poll brings the order', async () => {
    shops.woo.outbox.mode = 'lost';
    const placed = order();
    expect(await shops.woo.place(placed)).toEqual([]);
    shops.woo.outbox.mode = 'well';
    await shops.poll();
    expect(await shown(placed.id)).toMatchObject({ source: { externalId: String(placed.id) } });
  });

  it('disables webhooks that failed, or loses one: the next poll brings both them and the orders back', async () => {
    const [first, second] = [...shops.woo.webhooks.values()];
    if (first === undefined || second === undefined) expect.fail('no webhooks');
    first.status = 'disabled';
    shops.woo.webhooks.delete(second.id);
    const placed = order();
    await shops.woo.place(placed);
    await shops.poll();
    await found(placed.id);
    const active = [...shops.woo.webhooks.values()].filter(({ status }) => status === 'active');
    expect(active).toHaveLength(6);
    expect(await shops.woo.place(order())).toEqual([200]);
    const { json } = await call<{ data: unknown[] }>(
      shops.market.retailer,
      'GET',
      `/v1/audit?record=${shops.woo.connectionId}&action=connection.webhooks_restored`,
    );
    expect(json.data.length).toBeGreaterThan(0);
  });

  it('answers 429, fails, cuts its answers: what it changed meanwhile is there afterwards', async () => {
    shops.woo.outbox.mode = 'lost';
    const placed = order();
    await shops.woo.place(placed);
    shops.woo.outbox.mode = 'well';
    for (const does of [
      { answer: { status: 500 } },
      { cut: true },
      { answer: { status: 401, body: { code: 'woocommerce_rest_cannot_view' } } },
      { answer: { status: 429, headers: { 'Retry-After': '30' } } },
    ] as const) {
      shops.woo.misbehave({ times: 1, does });
      await shops.poll();
    }
    await shops.poll();
    await found(placed.id);
  });
});
