import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectCompanies, seedStock } from '../../local/seed.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import type { StoredOrder } from '../../shared/domain/order.ts';
import { act, actions, call, newMerchant, orderInput, read } from '../orders/trading.ts';
import { eventually, type Market, type Merchant, startMarket } from '../support/market.ts';
import { ordered, settled } from './stock-fixture.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(() => market.cloud.stop());

interface Partner {
  merchant: Merchant;
  id: string;
}

/** A retailer and its suppliers in the order of age, each with a price for `S` and what else they are set to. */
async function chain(
  ...suppliers: { price: number; preference?: number; onHand?: number; skus?: string[]; shows?: boolean }[]
): Promise<{ retailer: Merchant; partners: Partner[] }> {
  const retailer = await newMerchant(market);
  const partners: Partner[] = [];
  for (const { price, preference, onHand, skus = ['S'], shows } of suppliers) {
    const merchant = await newMerchant(
      market,
      skus.map((sku) => ({ sku, price })),
    );
    if (onHand !== undefined) await seedStock(merchant.companyId, { S: onHand }, market.seed);
    const id = await connectCompanies(retailer.companyId, merchant.companyId, market.seed);
    const terms = { priceListId: null, bill: false, shares: { stock: shows ?? true } };
    await market.seed.db
      .doc(paths.partner(retailer.companyId, id))
      .update({ ...(preference !== undefined && { preference }), terms });
    partners.push({ merchant, id });
  }
  return { retailer, partners };
}

interface Preview {
  lines: { supplier: string | null; unitPrice: number | null; stock: string | null }[];
  total: number;
}
const preview = async (who: Merchant, ...lines: { sku: string; quantity: number }[]): Promise<Preview> =>
  (await call<Preview>(who, 'POST', '/v1/orders/preview', { currency: 'USD', lines })).json;
const prefer = (who: Merchant, ...order: string[]) => call(who, 'PUT', '/v1/routing', { order });

describe('which partner gets a line', () => {
  it('is the preferred one, then the cheapest, then one that has it, then the oldest', async () => {
    const { retailer, partners } = await chain(
      { price: 500, preference: 2 },
      { price: 700, preference: 1, onHand: 0 },
      { price: 600, preference: 1, onHand: 0 },
      { price: 600, preference: 1, onHand: 9 },
      { price: 600, preference: 1, onHand: 9 },
    );
    const shown = await preview(retailer, { sku: 'S', quantity: 2 });
    expect(shown.lines[0]).toMatchObject({ supplier: partners[3]?.id, unitPrice: 600, stock: 'granted' });
    expect(shown.total).toBe(1200);
    const own = await settled(market, retailer, await ordered(retailer, 2));
    expect(own.lines[0]).toMatchObject({ supplier: partners[3]?.id, stock: 'granted' });
  });

  it('is as the retailer sets it', async () => {
    const { retailer, partners } = await chain(
      { price: 700, preference: 1, onHand: 0 },
      { price: 500, preference: 2, onHand: 1 },
      { price: 600, preference: 3, onHand: 5 },
    );
    const first = async () => (await preview(retailer, { sku: 'S', quantity: 3 })).lines[0];
    expect((await call(retailer, 'GET', '/v1/routing')).json).toEqual({
      order: ['preference', 'price', 'stock'],
    });
    expect(await first()).toMatchObject({ supplier: partners[0]?.id, stock: 'backordered' });
    const set = await prefer(retailer, 'price');
    expect([set.status, set.auditEntry === null]).toEqual([200, false]);
    expect(await first()).toMatchObject({ supplier: partners[1]?.id, stock: 'backordered' });
    await prefer(retailer, 'stock', 'price');
    expect(await first()).toMatchObject({ supplier: partners[2]?.id, stock: 'granted' });
    expect((await prefer(retailer, 'price', 'price')).code).toBe('BAD_REQUEST');
    expect((await prefer(retailer, 'age')).code).toBe('BAD_REQUEST');
  });

  it('does not depend on a stock that its partner does not share, nor is that shown', async () => {
    const { retailer, partners } = await chain(
      { price: 600, onHand: 0, shows: false },
      { price: 600, onHand: 5 },
    );
    await prefer(retailer, 'stock');
    const shown = await preview(retailer, { sku: 'S', quantity: 1 });
    expect(shown.lines[0]).toMatchObject({ supplier: partners[0]?.id, stock: null });
  });

  it('is promised no piece twice by lines of one SKU', async () => {
    const { retailer, partners } = await chain({ price: 500, onHand: 4 }, { price: 600, onHand: 9 });
    const lines = [3, 3].map((quantity) => ({ sku: 'S', quantity }));
    const [first, second] = partners.map(({ id }) => id);
    const shown = await preview(retailer, ...lines);
    expect(shown.lines.map(({ stock }) => stock)).toEqual(['granted', 'backordered']);
    await prefer(retailer, 'stock', 'price');
    const spread = await preview(retailer, ...lines);
    expect(spread.lines.map(({ supplier, stock }) => [supplier, stock])).toEqual([
      [first, 'granted'],
      [second, 'granted'],
    ]);
    const input = orderInput('S', 'S');
    const { json } = await call(retailer, 'POST', '/v1/orders', {
      ...input,
      lines: input.lines.map((line) => ({ ...line, quantity: 3 })),
    });
    const own = await settled(market, retailer, json.id);
    expect(own.lines.map(({ supplier, stock }) => [supplier, stock])).toEqual([
      [first, 'granted'],
      [second, 'granted'],
    ]);
  });

  it('asks each for the price of what it gets, or one for all where none sells that few', async () => {
    const { retailer, partners } = await chain({ price: 500, onHand: 3 }, { price: 600, onHand: 3 });
    await prefer(retailer, 'stock', 'price');
    const cheaper = { price: 100, minimumQuantity: 6 };
    const base = { name: 'All', currency: 'USD', exceptions: ['many'] };
    for (const { merchant, id } of partners) {
      const many = { name: 'Many', currency: 'USD', covers: 'listed', items: [{ sku: 'S', ...cheaper }] };
      expect((await call(merchant, 'PUT', '/v1/price-lists/many', many)).status).toBe(201);
      expect((await call(merchant, 'PUT', '/v1/price-lists/all', base)).status).toBe(201);
      await market.seed.db.doc(paths.partner(retailer.companyId, id)).update({ 'terms.priceListId': 'all' });
    }
    const [first, second] = partners.map(({ id }) => id);
    const lines = [3, 3].map((quantity) => ({ sku: 'S', quantity }));
    const shown = async () =>
      (await preview(retailer, ...lines)).lines.map(({ supplier, unitPrice }) => [supplier, unitPrice]);
    expect(await shown()).toEqual([
      [first, 500],
      [second, 600],
    ]);
    for (const { merchant } of partners) {
      await call(merchant, 'PUT', '/v1/price-lists/all', { ...base, covers: 'listed' });
    }
    expect(await shown()).toEqual([
      [first, 100],
      [first, 100],
    ]);
  });

  it('is previewed of what an order would be taken as', async () => {
    const { retailer, partners } = await chain({ price: 500 });
    const shown = await preview(retailer, { sku: ' S\n', quantity: 1 });
    expect(shown.lines).toMatchObject([{ sku: 'S', supplier: partners[0]?.id, unitPrice: 500 }]);
    const body = { currency: 'XXX', lines: [{ sku: 'S', quantity: 1 }] };
    const refused = await retailer.call('POST', '/v1/orders/preview', { body });
    expect(refused).toMatchObject({ status: 400, json: { errors: [{ path: 'currency' }] } });
  });

  it('can be another for each line, and what nobody sells stays', async () => {
    const { retailer, partners } = await chain(
      { price: 100, skus: ['A'] },
      { price: 200, skus: ['A', 'B'] },
      { price: 300, skus: ['A', 'B', 'C'] },
    );
    const skus = ['A', 'B', 'C', 'D'];
    const ids = [...partners.map(({ id }) => id), null];
    const shown = await preview(retailer, ...skus.map((sku) => ({ sku, quantity: 1 })));
    expect(shown.lines.map((line) => line.supplier)).toEqual(ids);
    const { json } = await call(retailer, 'POST', '/v1/orders', orderInput(...skus));
    const own = await settled(market, retailer, json.id);
    expect(own.lines.map((line) => line.supplier)).toEqual(ids);
    expect(own.supplyOrders).toHaveLength(3);
  });

  it('keeps the price that it had when the order was placed', async () => {
    const { retailer, partners } = await chain({ price: 100 });
    const own = await settled(market, retailer, await ordered(retailer));
    const supplier = partners[0]?.merchant ?? retailer;
    await market.seed.db.doc(paths.product(supplier.companyId, 'S')).update({ price: 900 });
    const supply = await read(supplier, own.supplyOrders[0]?.id ?? '');
    expect([supply.lines[0]?.unitPrice, supply.totals.total]).toEqual([100, 100]);
  });
});

describe('a line that its supplier declines', () => {
  it('goes to the next partner, never back, and at last to the retailer', async () => {
    const { retailer, partners } = await chain({ price: 100, onHand: 5 }, { price: 200, onHand: 5 });
    const own = await settled(market, retailer, await ordered(retailer, 2));
    const [first, second] = partners;
    if (first === undefined || second === undefined) throw new Error('there are two');
    const supplyOf = (order: Pick<StoredOrder, 'supplyOrders'>, { id }: Partner): string =>
      order.supplyOrders.find((each) => each.partner === id)?.id ?? '';
    expect(own.lines[0]?.supplier).toBe(first.id);

    expect((await act(first.merchant, supplyOf(own, first), 'decline')).status).toBe(200);
    const next = await eventually(async () => {
      const order = await settled(market, retailer, own.id);
      expect(order.lines[0]?.supplier).toBe(second.id);
      return order;
    });
    expect(next.lines[0]?.stock).toBe('granted');
    const supply = await read(second.merchant, supplyOf(next, second));
    expect(supply.lines[0]).toMatchObject({ quantity: 2, unitPrice: 200, stock: 'granted' });
    const stock = await call<{ data: object[] }>(first.merchant, 'GET', '/v1/stock');
    await eventually(() => {
      expect(stock.json.data[0]).toMatchObject({ onHand: 5, reserved: 0 });
    });

    expect((await act(second.merchant, supplyOf(next, second), 'decline')).status).toBe(200);
    const back = await eventually(async () => {
      const order = await settled(market, retailer, own.id);
      expect(order.lines[0]?.supplier).toBeNull();
      return order;
    });
    expect(back.lines[0]?.stock).toBeNull();
    expect((await act(retailer, own.id, 'fulfilments')).status).toBe(201);
    const log = (await actions(retailer, own.id)).filter((action) => !action.startsWith('order.stock'));
    expect(log.slice(0, 4)).toEqual(['order.created', 'order.routed', 'order.declined', 'order.routed']);
  });

  it('goes on to the next one though a partner that was asked before has been deleted', async () => {
    const { retailer, partners } = await chain({ price: 100 }, { price: 200 }, { price: 300 });
    const own = await settled(market, retailer, await ordered(retailer));
    const declined = async ({ merchant, id }: Partner, next: Partner): Promise<string> => {
      const { supplyOrders } = await read(retailer, own.id);
      const supply = supplyOrders.find((each) => each.partner === id)?.id ?? '';
      expect((await act(merchant, supply, 'decline')).status).toBe(200);
      await eventually(async () => {
        const { lines } = await settled(market, retailer, own.id);
        expect(lines[0]?.supplier).toBe(next.id);
      });
      return supply;
    };
    const [first, second, third] = partners;
    if (first === undefined || second === undefined || third === undefined)
      throw new Error('there are three');
    const supply = await declined(first, second);
    await market.seed.db.doc(paths.order(first.merchant.companyId, supply)).delete();
    await market.seed.db.doc(paths.partner(retailer.companyId, first.id)).update({ state: 'ended' });
    await declined(second, third);
  });

  it('that it shipped a part of comes back to whoever shipped it, each piece once', async () => {
    const { retailer, partners } = await chain({ price: 100 }, { price: 200 });
    const own = await settled(market, retailer, await ordered(retailer, 4));
    const [first, second] = partners.map(({ merchant }) => merchant);
    if (first === undefined || second === undefined) throw new Error('there are two');
    const theirs = own.supplyOrders[0]?.id ?? '';
    const lineId = (await read(first, theirs)).lines[0]?.id ?? '';
    await act(first, theirs, 'fulfilments', { lines: [{ lineId, quantity: 2 }] });
    expect((await act(first, theirs, 'decline')).status).toBe(200);
    const next = await eventually(async () => {
      const order = await settled(market, retailer, own.id);
      expect(order.supplyOrders).toHaveLength(2);
      return order;
    });
    const others = next.supplyOrders.find(({ id }) => id !== theirs)?.id ?? '';
    expect((await act(second, others, 'fulfilments')).status).toBe(201);

    const back = async (quantity: number): Promise<(number | undefined)[]> => {
      const lines = [{ lineId: own.lines[0]?.id ?? '', quantity }];
      expect((await act(retailer, own.id, 'returns', { lines })).status).toBe(200);
      const sides = [await read(retailer, own.id), await read(first, theirs), await read(second, others)];
      return sides.map((side) => side.lines[0]?.returnedQuantity);
    };
    expect(await back(1)).toEqual([1, 0, 1]);
    expect(await back(2)).toEqual([3, 1, 2]);
    expect(await back(1)).toEqual([4, 2, 2]);
  });
});
