import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StoredPartner } from '../../shared/domain/partner.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { act, call, trade } from '../orders/trading.ts';
import { eventually, type Merchant } from '../support/market.ts';
import { type Shops, startShops } from './shops.ts';

const SKU = 'IPOD2008GREEN';

let shops: Shops;
beforeAll(async () => {
  shops = await startShops();
  shops.woo.products.set(7, { id: 7, sku: SKU, parent_id: 0, type: 'simple', stock_quantity: 0 });
  shops.woo.products.set(8, { id: 8, sku: `${SKU}-RED`, parent_id: 7, type: 'variation', stock_quantity: 0 });
  shops.big.stock.set('ANOTHER', 5).set(SKU, 0);
  shops.shopify.stock.set(SKU, 0);
}, 90_000);
afterAll(() => shops.stop());

async function count(who: Merchant, onHand: number, sku = SKU): Promise<void> {
  const { status } = await call(who, 'PUT', '/v1/stock', { stock: [{ sku, onHand }] });
  expect(status).toBe(200);
}

/** What the supplier does to the connection of the two. */
const move = (name: 'pause' | 'resume') =>
  call(shops.market.supplier, 'POST', `/v1/partners/${shops.market.demo.partnerId}/${name}`);

const shown = () => [
  shops.shopify.stock.get(SKU),
  shops.woo.products.get(7)?.['stock_quantity'],
  shops.big.stock.get(SKU),
];
const everywhere = (available: number) =>
  eventually(() => {
    expect(shown()).toEqual([available, available, available]);
  });

interface Seen {
  id: string;
  kind: string;
  sku: string | null;
  state: string;
}
async function stockDeliveries(sku = SKU): Promise<Seen[]> {
  const { json } = await call<{ data: Seen[] }>(shops.market.retailer, 'GET', '/v1/deliveries?limit=100');
  return json.data.filter((each) => each.kind === 'stock' && each.sku === sku);
}

describe('a stock that changes', () => {
  it('reaches every shop that sells the SKU, whoever has it, with one delivery a shop', async () => {
    const { supplier, retailer } = shops.market;
    await count(supplier, 40);
    await everywhere(40);
    await count(retailer, 2);
    await everywhere(42);
    await count(supplier, 30);
    await everywhere(32);
    await eventually(async () => {
      const told = await stockDeliveries();
      expect(told.map(({ state }) => state)).toEqual(['done', 'done', 'done']);
    });
  });

  it('is told when an order is promised some of it, and when that is given back', async () => {
    const { own } = await trade(shops.market);
    const wanted = own.lines
      .filter(({ sku }) => sku === SKU)
      .reduce((sum, { quantity }) => sum + quantity, 0);
    expect(wanted).toBeGreaterThan(0);
    await everywhere(32 - wanted);
    await act(shops.market.retailer, own.id, 'cancel');
    await everywhere(32);
  });

  it('reaches a product’s variation, and no shop that does not sell it', async () => {
    const sku = `${SKU}-RED`;
    await count(shops.market.supplier, 9, sku);
    await eventually(async () => {
      expect(shops.woo.products.get(8)?.['stock_quantity']).toBe(9);
      expect((await stockDeliveries(sku)).map(({ state }) => state)).toEqual(['done', 'done', 'done']);
    });
    const asked = shops.big.calls.length + shops.shopify.calls.length;
    await count(shops.market.supplier, 8, sku);
    await eventually(() => {
      expect(shops.woo.products.get(8)?.['stock_quantity']).toBe(8);
    });
    expect(shops.big.calls.length + shops.shopify.calls.length).toBe(asked);
  });

  it('is told as it is in the end, after a shop that failed and a shop that was slow', async () => {
    shops.woo.misbehave({ times: 1, does: { answer: { status: 503 } } });
    shops.big.misbehave({ times: 1, path: '/inventory/', does: { slow: 1500 } });
    for (const onHand of [20, 21, 22]) await count(shops.market.supplier, onHand);
    await eventually(() => {
      expect([shown()[0], shown()[2]]).toEqual([24, 24]);
    });
    for (let minute = 0; minute < 3; minute += 1) await shops.market.cloud.clock.advance(60_000);
    await everywhere(24);
  });

  it('of a partner that pauses is in no shop any more, and nobody else’s; of one that resumes it is again', async () => {
    const { market } = shops;
    const partnersOnly = `${SKU}-RED`;
    const red = () => shops.woo.products.get(8)?.['stock_quantity'];
    expect((await move('pause')).status).toBe(200);
    await shops.poll();
    await everywhere(2);
    await eventually(() => {
      expect(red()).toBe(0);
    });
    // Counted while nobody is told of it.
    await count(market.supplier, 30);
    expect((await move('resume')).status).toBe(200);
    await shops.poll();
    await everywhere(32);
    await eventually(() => {
      expect(red()).toBe(8);
    });
    // Between two turns of the poll.
    await move('pause');
    await count(market.supplier, 25);
    await move('resume');
    await shops.poll();
    await everywhere(27);
    const own = await call<{ data: object[] }>(market.retailer, 'GET', `/v1/stock?sku=${partnersOnly}`);
    expect(own.json.data).toEqual([]);
  });

  it('of a partner that comes is in a shop whose products nobody has read, though it does not change', async () => {
    const { market } = shops;
    const sku = 'COUNTED-BEFORE';
    await move('pause');
    await count(market.supplier, 14, sku);
    shops.shopify.stock.set(sku, 0);
    await eventually(async () => {
      const stock = await market.seed.db.doc(paths.stock(market.supplier.companyId, sku)).get();
      expect(stock.get('told')).toBe(14);
    });
    expect(await stockDeliveries(sku)).toEqual([]);
    await move('resume');
    await shops.poll();
    await eventually(() => {
      expect(shops.shopify.stock.get(sku)).toBe(14);
    });
  });

  it('is not shown to a retailer with whom that was not agreed', async () => {
    const { market } = shops;
    const found = await market.seed.db
      .collection(paths.partners(market.supplier.companyId))
      .where('companyId', '==', market.retailer.companyId)
      .get();
    for (const doc of found.docs) {
      const { terms } = StoredPartner.parse(doc.data());
      const changed = { ...terms, shares: { stock: false } };
      await doc.ref.update({ terms: changed });
      await market.seed.db.doc(paths.partner(market.retailer.companyId, doc.id)).update({ terms: changed });
    }
    await count(market.supplier, 1);
    await count(market.retailer, 3);
    await everywhere(3);
  });
});
