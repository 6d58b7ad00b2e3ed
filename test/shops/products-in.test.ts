import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { paths } from '../../shared/cloud/firestore.ts';
import { stockDeliveryId } from '../../shared/outbox/shop-stock.ts';
import { call } from '../orders/trading.ts';
import { eventually } from '../support/market.ts';
import { type Shops, startShops } from './shops.ts';

let shops: Shops;
beforeAll(async () => {
  shops = await startShops();
  const { woo, big, shopify } = shops;
  const simple = { type: 'simple', parent_id: 0, status: 'publish', price: '12.50' };
  woo.products.set(11, {
    id: 11,
    sku: 'WOO-1',
    name: 'Mug\u0007',
    ...simple,
    manage_stock: true,
    stock_quantity: 4,
  });
  woo.products.set(12, { id: 12, sku: '', name: 'Without a SKU', ...simple });
  woo.products.set(13, { id: 13, sku: 'SHIRT', name: 'Shirt', ...simple, type: 'variable' });
  const red = { parent_id: 13, type: 'variation', attributes: [{ name: 'Colour', option: 'red' }] };
  woo.products.set(14, {
    id: 14,
    sku: 'SHIRT-R',
    status: 'publish',
    price: '20',
    ...red,
    manage_stock: false,
  });
  big.stock.set('BIG-1', 7);
  shopify.stock.set('SPY-1', 3).set('THEIRS', 9);
}, 90_000);
afterAll(() => shops.stop());

interface Shown {
  catalogue: { state: string; products: number; refused: number } | null;
}
const retailer = () => shops.market.retailer;
async function take(id: string, body: object = {}): Promise<NonNullable<Shown['catalogue']>> {
  const begun = await call<Shown>(retailer(), 'POST', `/v1/connections/${id}/import`, body);
  expect([begun.status, begun.json.catalogue?.state]).toEqual([202, 'running']);
  return eventually(async () => {
    const { json } = await call<Shown>(retailer(), 'GET', `/v1/connections/${id}`);
    expect(json.catalogue?.state).toBe('done');
    return json.catalogue ?? expect.fail();
  });
}
const product = (sku: string) =>
  call<Record<string, unknown>>(retailer(), 'GET', `/v1/products/${encodeURIComponent(sku)}`);
/** How many turns of a shop came to their end. */
const turns = (connectionId: string): number =>
  shops.market.cloud.lines.filter((line) => line.includes('shop.polled') && line.includes(connectionId))
    .length;
async function counted(sku: string): Promise<number | undefined> {
  const { json } = await call<{ data: { onHand: number }[] }>(retailer(), 'GET', `/v1/stock?sku=${sku}`);
  return json.data[0]?.onHand;
}

describe('what a shop sells', () => {
  it('is taken over from WooCommerce, variations too, and what has no SKU is counted and left out', async () => {
    expect(await take(shops.woo.connectionId)).toMatchObject({ products: 2, refused: 1 });
    expect((await product('WOO-1')).json).toMatchObject({
      title: 'Mug',
      price: 1250,
      currency: 'USD',
      active: true,
    });
    expect((await product('SHIRT-R')).json).toMatchObject({
      title: 'Shirt - red',
      group: 'Shirt',
      price: 2000,
    });
    expect([await counted('WOO-1'), await counted('SHIRT-R')]).toEqual([4, undefined]);
  });

  it('is taken over from BigCommerce and Shopify, but no number of what a supplier counts', async () => {
    await call(shops.market.supplier, 'PUT', '/v1/stock', { stock: [{ sku: 'THEIRS', onHand: 50 }] });
    expect(await take(shops.big.connectionId)).toMatchObject({ products: 1, refused: 0 });
    expect(await take(shops.shopify.connectionId)).toMatchObject({ products: 2 });
    expect((await product('BIG-1')).json).toMatchObject({ price: 19_900, currency: 'USD' });
    expect((await product('SPY-1')).json).toMatchObject({ title: 'Sample SPY-1' });
    expect([await counted('BIG-1'), await counted('SPY-1'), await counted('THEIRS')]).toEqual([
      7,
      3,
      undefined,
    ]);
    await eventually(() => {
      expect(shops.shopify.stock.get('THEIRS')).toBe(50);
    });
  });

  it('is taken over with each of a product’s variations, however many pages they fill', async () => {
    const { products } = shops.woo;
    const [shirt, red] = [products.get(13), products.get(14)];
    products.set(1000, { ...shirt, id: 1000, sku: 'SOCKS', name: 'Socks' });
    for (let id = 1001; id <= 1101; id += 1) {
      products.set(id, { ...red, id, sku: `SOCKS-${id}`, parent_id: 1000 });
    }
    await take(shops.woo.connectionId);
    for (const id of [1001, 1100, 1101]) expect((await product(`SOCKS-${id}`)).status, `${id}`).toBe(200);
  });

  it('follows changes from then on', async () => {
    Object.assign(shops.woo.products.get(11) ?? {}, { name: 'Large mug' });
    await shops.poll();
    await eventually(async () => {
      expect((await product('WOO-1')).json).toMatchObject({ title: 'Large mug' });
    });
    expect(await counted('WOO-1')).toBe(4);
  });

  it('is not read of a sender that has no API, nor by a key that may not write a catalogue', async () => {
    const { standard } = shops.market.demo.connections;
    const refused = await call(retailer(), 'POST', `/v1/connections/${standard.id}/import`, {});
    expect([refused.status, refused.code]).toEqual([409, 'CONFLICT']);
  });

  it('waits while the shop can not be asked, and goes on at its next turn', async () => {
    shops.big.misbehave({ times: 1, path: '/v3/catalog/', does: { answer: { status: 503 } } });
    const path = `/v1/connections/${shops.big.connectionId}/import`;
    await call(retailer(), 'POST', path, { stock: false });
    // A turn that was on its way before that would count it.
    shops.big.stock.set('BIG-2', 1);
    await shops.poll();
    await eventually(async () => {
      expect((await product('BIG-2')).status).toBe(200);
    });
    expect(await counted('BIG-2')).toBeUndefined();
  });

  it('is read as it was asked for last, also when that is asked for while it is being read', async () => {
    const path = `/v1/connections/${shops.big.connectionId}/import`;
    const lists = (): number => shops.big.calls.filter((each) => each.path.includes('/v3/catalog/')).length;
    const before = lists();
    shops.big.misbehave({ times: 1, path: '/v3/catalog/', does: { slow: 500 } });
    await call(retailer(), 'POST', path, { stock: true });
    await eventually(() => {
      expect(lists()).toBeGreaterThan(before);
    });
    await call(retailer(), 'POST', path, { stock: false });
    await shops.poll();
    shops.big.stock.set('BIG-3', 1);
    await shops.poll();
    await eventually(async () => {
      expect((await product('BIG-3')).status).toBe(200);
    });
    expect(await counted('BIG-3')).toBeUndefined();
  });

  it('is read as it was asked for last, also by a turn that was at the shop’s orders then', async () => {
    const { connectionId } = shops.big;
    const path = `/v1/connections/${connectionId}/import`;
    await take(connectionId);
    const orders = '/v2/orders';
    const { promise: asked, resolve } = Promise.withResolvers<undefined>();
    const reads = (): number => shops.big.calls.filter((each) => each.path.includes(orders)).length;
    const [before, ended] = [reads(), turns(connectionId)];
    shops.big.misbehave({ times: 1, path: orders, does: { meanwhile: () => asked } });
    await call(retailer(), 'POST', path, { stock: true });
    await eventually(() => {
      expect(reads()).toBeGreaterThan(before);
    });
    await call(retailer(), 'POST', path, { stock: false });
    shops.big.stock.set('BIG-5', 1);
    resolve(undefined);
    await eventually(() => {
      expect(turns(connectionId)).toBeGreaterThanOrEqual(ended + 2);
    });
    expect((await product('BIG-5')).status).toBe(200);
    expect(await counted('BIG-5')).toBeUndefined();
  });

  it('is counted by the run that came further, where two read at once', async () => {
    const { connectionId } = shops.big;
    const path = `/v1/connections/${connectionId}`;
    const lists = (): number =>
      shops.big.calls.filter((each) => each.path.includes('/v3/catalog/products')).length;
    const [listed, run] = [lists(), turns(connectionId)];
    shops.big.stock.set('BIG-4', 1);
    const { promise: polled, resolve } = Promise.withResolvers<undefined>();
    shops.big.misbehave({ times: 1, path: '/v3/catalog/products', does: { meanwhile: () => polled } });
    await call(retailer(), 'POST', `${path}/import`, { stock: false });
    await eventually(() => {
      expect(lists()).toBeGreaterThan(listed);
    });
    await shops.poll();
    resolve(undefined);
    await eventually(() => {
      expect(turns(connectionId)).toBeGreaterThanOrEqual(run + 2);
    });
    const seen = await shops.market.retailer.call('GET', path);
    expect(seen.json).toMatchObject({ catalogue: { state: 'done', products: 1 } });
  });
});

const MINUTE = 60_000;
/** Lets minutes pass until something holds; numbers are looked at twice. */
const within = (minutes: number, holds: () => Promise<void>) =>
  eventually(async () => {
    for (let minute = 0; minute < minutes; minute += 1) {
      await shops.market.cloud.clock.advance(MINUTE);
      const fits = await holds().then(
        () => true,
        () => false,
      );
      if (fits) return;
    }
    await holds();
  });

describe.each([
  ['WooCommerce', 'WOO-1', () => shops.woo],
  ['BigCommerce', 'BIG-1', () => shops.big],
  ['Shopify', 'SPY-1', () => shops.shopify],
] as const)('a number that is changed by hand at %s', (_platform, sku, shop) => {
  const isTold = (available: number) => async (): Promise<void> => {
    const { connectionId } = shop();
    const found = await shops.market.seed.db
      .doc(paths.delivery(retailer().companyId, stockDeliveryId(connectionId, sku)))
      .get();
    expect(found.data()).toMatchObject({ state: 'done', told: { available, shown: true }, seen: null });
  };
  const entries = async (): Promise<number> => {
    const { json } = await call<{ data: object[] }>(
      retailer(),
      'GET',
      '/v1/audit?action=stock.set&limit=100',
    );
    return json.data.length;
  };

  it('is its merchant’s own from then on, once; what we write there is none', async () => {
    await take(shop().connectionId);
    await within(4, isTold((await counted(sku)) ?? expect.fail()));
    const before = await entries();
    expect(await shop().restock(sku, 12)).toEqual([200]);
    await within(6, async () => {
      expect(await counted(sku)).toBe(12);
    });
    await within(4, isTold(12));
    // What follows of it, and the echo of that, changes nothing more.
    for (let minute = 0; minute < 4; minute += 1) await shops.poll();
    expect([await counted(sku), await entries()]).toEqual([12, before + 1]);
  });

  it('is no change while it is on its way: a sale that a supplier ships takes nothing off the merchant’s own', async () => {
    await call(shops.market.supplier, 'PUT', '/v1/stock', { stock: [{ sku, onHand: 30 }] });
    await shops.poll();
    await within(6, isTold(42));
    await shop().restock(sku, 40);
    await shops.poll();
    // The sale was here meanwhile.
    await call(shops.market.supplier, 'PUT', '/v1/stock', { stock: [{ sku, onHand: 28 }] });
    await within(6, isTold(40));
    for (let minute = 0; minute < 3; minute += 1) await shops.poll();
    expect(await counted(sku)).toBe(12);
  });

  it('and is less than a supplier alone has is told again as it is', async () => {
    await shop().restock(sku, 0);
    await within(6, async () => {
      expect(await counted(sku)).toBe(0);
    });
    await within(4, isTold(28));
  });
});
