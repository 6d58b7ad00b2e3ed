import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectCompanies, seedCompany } from '../../local/seed.ts';
import { createOffers } from '../../shared/catalogue/offers.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { type Market, type Merchant, startMarket } from '../support/market.ts';
import { type CataloguePage, productBody, putList, putProducts, skus, walkCatalogue } from './shop-floor.ts';

let market: Market;
let seller: Merchant;
let buyer: Merchant;
let partnerId: string;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(() => market.cloud.stop());

/** Fresh companies, so that nothing of one test is in another. */
let made = 0;
beforeEach(async () => {
  const company = async (name: string) => {
    made += 1;
    return market.merchant(await seedCompany(name, `${name}${made}@demo.example`, market.seed));
  };
  [seller, buyer] = [await company('seller'), await company('buyer')];
  partnerId = await connectCompanies(buyer.companyId, seller.companyId, market.seed);
});

async function agree(change: Record<string, unknown>): Promise<void> {
  for (const who of [buyer, seller]) {
    await market.seed.db.doc(paths.partner(who.companyId, partnerId)).update(change);
  }
}

const byList = (priceListId: string | null) =>
  agree({ terms: { priceListId, bill: false, shares: { stock: true } } });
const prices = (rows: CataloguePage['data']) =>
  Object.fromEntries(
    rows.map((row) => [
      row.sku,
      row.removed ?? row.prices.map(({ minimumQuantity, unitPrice }) => [minimumQuantity, unitPrice]),
    ]),
  );
const put = (sku: string, change: Record<string, unknown> = {}) =>
  seller.call('PUT', `/v1/products/${sku}`, { body: productBody(change) });

describe('what a partner sells', () => {
  it('is at the prices of the list that the terms name, and what has none is not there', async () => {
    await put('plain');
    await put('euro', { currency: 'EUR' });
    await put('off', { active: false });
    await put('own');
    expect(prices((await walkCatalogue(buyer, partnerId)).rows)).toEqual({
      ...{ plain: [[1, 1000]], euro: [[1, 1000]], own: [[1, 1000]] },
    });
    await putList(seller, 'many', { minimumQuantity: 10, markup: { percent: '-10' } });
    await putList(seller, 'base', {
      ...{ markup: { percent: '25' }, rounding: { ending: '.99', direction: 'up' }, exceptions: ['many'] },
      items: [{ sku: 'own', price: 777, minimumQuantity: 2 }],
    });
    await byList('base');
    expect(prices((await walkCatalogue(buyer, partnerId)).rows)).toEqual({
      ...{ plain: [[1, 1299], [10, 900]], own: [[2, 777], [10, 900]] }, // prettier-ignore
    });
    await byList('nowhere');
    expect((await walkCatalogue(buyer, partnerId)).rows).toEqual([]);
  });

  it('is shown with what there is of it, where that is counted and shared', async () => {
    await put('counted');
    await put('uncounted');
    const stock = [{ sku: 'counted', onHand: 7 }];
    expect((await seller.call('PUT', '/v1/stock', { body: { stock } })).status).toBe(200);
    const shown = async (query = '?stock=true') => {
      const answer = await buyer.call('GET', `/v1/partners/${partnerId}/catalogue${query}`);
      return (answer.json as CataloguePage).data.map((row) => [row.sku, row.available]);
    };
    expect(await shown('')).toEqual([
      ['counted', undefined],
      ['uncounted', undefined],
    ]);
    expect(await shown()).toEqual([
      ['counted', 7],
      ['uncounted', null],
    ]);
    await agree({ terms: { priceListId: null, bill: false, shares: { stock: false } } });
    expect(await shown()).toEqual([
      ['counted', null],
      ['uncounted', null],
    ]);
  });

  it('is offered to an order at the same prices', async () => {
    await put('plain');
    await put('off', { active: false });
    await putList(seller, 'base', { currency: 'EUR', rates: { USD: '0.9' }, minimumQuantity: 2 });
    const shelf = createOffers({ db: market.seed.db, now: Date.now });
    const terms = { supplierCompanyId: seller.companyId, at: new Date().toISOString() };
    const wanted = ['plain', 'off', 'nowhere', 'plain'].map((sku) => ({ sku, quantity: 1 }));
    const offers = await shelf.offersOf({ ...terms, priceListId: 'base', currency: 'EUR' }, wanted);
    expect([...offers.values()]).toEqual([
      { sku: 'plain', title: 'A thing', unitPrice: 900, currency: 'EUR' },
    ]);
    expect(await shelf.offersOf({ ...terms, priceListId: 'base', currency: 'USD' }, wanted)).toEqual(
      new Map(),
    );
    expect(
      await shelf.offersOf({ ...terms, priceListId: 'base', currency: 'EUR' }, wanted.slice(0, 1)),
    ).toEqual(new Map());
    expect(await shelf.offersOf({ ...terms, priceListId: 'nowhere', currency: 'USD' }, wanted)).toEqual(
      new Map(),
    );
    expect(
      (await shelf.offersOf({ ...terms, priceListId: null, currency: 'USD' }, wanted)).get('plain')
        ?.unitPrice,
    ).toBe(1000);
    expect(await shelf.offersOf({ ...terms, priceListId: null, currency: 'USD' }, [])).toEqual(new Map());
  });

  it('is followed by what changed: made, changed, inactive, removed', async () => {
    await putProducts(
      seller,
      skus(5).map((sku) => ({ sku, ...productBody() })),
    );
    const whole = await walkCatalogue(buyer, partnerId, undefined, 2);
    expect(whole.rows.map(({ sku }) => sku).sort()).toEqual(skus(5));
    expect(whole.last.whole).toBe(true);
    const before = await walkCatalogue(buyer, partnerId, whole.last.changes);
    await put('SKU-00001', { price: 5 });
    await put('SKU-00002', { active: false });
    await put('new');
    await seller.call('DELETE', '/v1/products/SKU-00003');
    const changes = await walkCatalogue(buyer, partnerId, before.last.changes, 1);
    expect(changes.last.whole).toBe(false);
    expect(prices(changes.rows)).toEqual({
      ...{ 'SKU-00001': [[1, 5]], 'SKU-00002': true, new: [[1, 1000]], 'SKU-00003': true },
    });
    const again = await walkCatalogue(buyer, partnerId, changes.last.changes);
    expect(again).toMatchObject({ rows: [], last: { whole: false } });
    expect(again.last.changes).toBe(changes.last.changes);
  });

  it('that changes while it is walked through is seen by the walk or by the changes after it', async () => {
    await putProducts(
      seller,
      skus(6).map((sku) => ({ sku, ...productBody() })),
    );
    const query = `/v1/partners/${partnerId}/catalogue?limit=3`;
    const first = (await buyer.call('GET', query)).json as CataloguePage;
    const seen = new Map(first.data.map((row) => [row.sku, row]));
    const [gone, dearer] = first.data.map(({ sku }) => sku);
    await seller.call('DELETE', `/v1/products/${gone}`);
    await put(dearer ?? '', { price: 2000 });
    const rest = await walkCatalogue(buyer, partnerId, first.next ?? '');
    const after = await walkCatalogue(buyer, partnerId, rest.last.changes);
    for (const row of [...rest.rows, ...after.rows]) seen.set(row.sku, row);
    expect(seen.get(gone ?? '')?.removed).toBe(true);
    expect(seen.get(dearer ?? '')?.prices).toEqual([{ minimumQuantity: 1, unitPrice: 2000 }]);
    expect([...seen.keys()].sort()).toEqual(skus(6));
  });

  it('is walked through anew when the prices of all may be others', async () => {
    await put('a');
    await putList(seller, 'base');
    await byList('base');
    let { changes } = (await walkCatalogue(buyer, partnerId)).last;
    const anew = async (price: number) => {
      const { rows, last } = await walkCatalogue(buyer, partnerId, changes);
      expect({ rows: prices(rows), whole: last.whole }).toEqual({ rows: { a: [[1, price]] }, whole: true });
      ({ changes } = last);
      expect((await walkCatalogue(buyer, partnerId, changes)).last.whole).toBe(false);
    };
    await putList(seller, 'base', { markup: { percent: '10' } });
    await anew(1100);
    await putList(seller, 'sale', { markup: { percent: '-50' } });
    await putList(seller, 'base', { markup: { percent: '10' }, exceptions: ['sale'] });
    await anew(500);
    await putList(seller, 'sale', { markup: { percent: '-50' }, endsAt: '2026-01-01T00:00:00Z' });
    await anew(1100);
    await byList(null);
    await anew(1000);
    // A rule of one SKU changes that SKU alone.
    await byList('base');
    await anew(1100);
    await putList(seller, 'base', {
      markup: { percent: '10' },
      exceptions: ['sale'],
      items: [{ sku: 'a', price: 3 }],
    });
    const one = await walkCatalogue(buyer, partnerId, changes);
    expect({ rows: prices(one.rows), whole: one.last.whole }).toEqual({
      rows: { a: [[1, 3]] },
      whole: false,
    });
  });

  it.each(['paused', 'closing', 'ended'])('is nothing while the connection is %s', async (state) => {
    await put('a');
    const { last } = await walkCatalogue(buyer, partnerId);
    await agree({ state });
    const { rows, last: now } = await walkCatalogue(buyer, partnerId, last.changes);
    expect({ rows, whole: now.whole }).toEqual({ rows: [], whole: true });
    // Nor does a place in it name what the supplier has by now.
    await put('b');
    const page = await buyer.call('GET', `/v1/partners/${partnerId}/catalogue?limit=1`);
    expect(page.json).toMatchObject({ data: [], next: null });
    await agree({ state: 'active' });
    expect((await walkCatalogue(buyer, partnerId, now.changes)).rows).toHaveLength(2);
  });

  it('is not the supplier’s to ask for, nor anybody else’s', async () => {
    expect(await seller.call('GET', `/v1/partners/${partnerId}/catalogue`)).toMatchObject({ status: 409 });
    expect(await market.retailer.call('GET', `/v1/partners/${partnerId}/catalogue`)).toMatchObject({
      status: 404,
    });
  });

  it.each(['x', 'WyJhIl0', Buffer.from('["wQmRvHn6Kb4sqSjt",null,"1.1","a/b"]').toString('base64url')])(
    'is not read from %s on',
    async (after) => {
      const refused = await buyer.call('GET', `/v1/partners/${partnerId}/catalogue?after=${after}`);
      expect(refused).toMatchObject({ status: 400, json: { errors: [{ path: 'after' }] } });
    },
  );
});
