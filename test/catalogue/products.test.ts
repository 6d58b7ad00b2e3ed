import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedCompany } from '../../local/seed.ts';
import { type Market, type Merchant, startMarket } from '../support/market.ts';
import { productBody, putList, putProducts, skus } from './shop-floor.ts';

let market: Market;
let seller: Merchant;
beforeAll(async () => {
  market = await startMarket();
  seller = market.merchant(await seedCompany('Seller', 'seller@demo.example', market.seed));
});
afterAll(() => market.cloud.stop());

const at = (sku: string): string => `/v1/products/${encodeURIComponent(sku)}`;

describe('a product', () => {
  it('is made, read, replaced and removed, under any SKU', async () => {
    for (const sku of ['A-1', 'a/b c', 'ü?#%', '1'.repeat(120), '__x__', '%2F', "'=1"]) {
      const made = await seller.call('PUT', at(sku), { body: productBody({ group: 'g', barcode: '123' }) });
      expect(made.status, made.text).toBe(201);
      expect(made.headers.get('Audit-Entry')).toMatch(/^aud_/);
      const replaced = await seller.call('PUT', at(sku), { body: productBody({ price: 5 }) });
      expect(replaced).toMatchObject({ status: 200, json: { sku, price: 5, group: null, barcode: null } });
      expect((await seller.call('GET', at(sku))).json).toEqual(replaced.json);
      expect((await seller.call('DELETE', at(sku))).status).toBe(204);
      expect((await seller.call('GET', at(sku))).status).toBe(404);
      expect((await seller.call('DELETE', at(sku))).status).toBe(404);
    }
  });

  it('comes back after it was removed, without what it was', async () => {
    await seller.call('PUT', at('back'), { body: productBody({ barcode: '1' }) });
    await putList(seller, 'back-list', { items: [{ sku: 'back', price: 1 }] });
    await seller.call('DELETE', at('back'));
    const again = await seller.call('PUT', at('back'), { body: productBody() });
    expect(again).toMatchObject({ status: 201, json: { barcode: null, priceRules: {} } });
  });

  it('is cleaned', async () => {
    const description = '<p onclick="x()">Plays<script>alert(1)</script></p>';
    const made = await seller.call('PUT', at('clean'), {
      body: productBody({ description, title: ' a\u0000\nb ' }),
    });
    expect(made.json).toMatchObject({ description: '<p>Plays</p>', title: 'a b' });
  });

  it('that stays as it is is not written, and leaves no entry', async () => {
    const body = productBody({ options: [{ name: 'Size', value: 'M' }], description: '<p>a</p>' });
    const made = await seller.call('PUT', at('same'), { body });
    const again = await seller.call('PUT', at('same'), { body });
    expect(again.json).toEqual(made.json);
    expect(again.headers.get('ETag')).toBe(made.headers.get('ETag'));
    expect(again.headers.get('Audit-Entry')).toBeNull();
  });

  it('is changed in the version that was read, or not at all', async () => {
    const made = await seller.call('PUT', at('version'), { body: productBody() });
    const first = { 'If-Match': made.headers.get('ETag') ?? '' };
    expect(
      (await seller.call('PUT', at('version'), { body: productBody({ price: 1 }), headers: first })).status,
    ).toBe(200);
    const late = await seller.call('PUT', at('version'), { body: productBody({ price: 2 }), headers: first });
    expect(late).toMatchObject({ status: 412, json: { code: 'PRECONDITION_FAILED' } });
    expect((await seller.call('DELETE', at('version'), { headers: first })).status).toBe(412);
    const none = await seller.call('PUT', at('nothing-here'), { body: productBody(), headers: first });
    expect(none.status).toBe(412);
    expect((await seller.call('GET', at('version'))).json).toMatchObject({ price: 1 });
  });

  it('is in the log under an id of its own, and its SKU is not', async () => {
    const made = await seller.call('PUT', at('logged-sku'), { body: productBody() });
    await seller.call('DELETE', at('logged-sku'));
    const { logId } = made.json as { logId: string };
    const log = await seller.call('GET', `/v1/audit?record=${logId}`);
    expect((log.json as { data: { action: string }[] }).data.map(({ action }) => action)).toEqual([
      'product.removed',
      'product.changed',
    ]);
    expect(log.text).not.toContain('logged-sku');
  });

  it.each([
    ['no title', { title: ' ' }, 'title'],
    ['a price below zero', { price: -1 }, 'price'],
    ['half a cent', { price: 0.5 }, 'price'],
    ['no currency', { currency: undefined }, 'currency'],
    ['money that nobody pays with', { currency: 'XAU' }, 'currency'],
    ['a picture over http', { images: ['https://a.example/1', 'http://a.example/2'] }, 'images.1'],
    ['a picture in a page', { images: ['data:image/png;base64,AA'] }, 'images.0'],
    ['four options', { options: Array.from({ length: 4 }, () => ({ name: 'a', value: 'b' })) }, 'options'],
    ['a long description', { description: 'x'.repeat(20_001) }, 'description'],
    ['a description that is long once it is clean', { description: '&'.repeat(19_000) }, 'description'],
    ['a field that nobody knows', { colour: 'green' }, 'colour'],
  ])('with %s is refused by the field’s name', async (_what, change, path) => {
    const refused = await seller.call('PUT', at('refused'), { body: productBody(change) });
    expect(refused).toMatchObject({ status: 400, json: { code: 'BAD_REQUEST', errors: [{ path }] } });
    expect((await seller.call('GET', at('refused'))).status).toBe(404);
  });
});

describe('a name that no product can have', () => {
  it.each(['x'.repeat(121), ' x', 'a\tb'])('is refused as such when it is put: %j', async (sku) => {
    const refused = await seller.call('PUT', at(sku), { body: productBody() });
    expect(refused).toMatchObject({ status: 400, json: { errors: [{ path: 'sku' }] } });
    for (const method of ['GET', 'DELETE'] as const) {
      expect((await seller.call(method, at(sku))).status).toBe(404);
    }
  });
});

describe('many products', () => {
  it('are written together, and what became of each is told', async () => {
    const products = ['m1', 'm2', 'm3'].map((sku) => ({ sku, ...productBody() }));
    await putProducts(seller, products.slice(0, 2));
    const changed = [products[0], { ...products[1], price: 7 }, products[2]];
    const answer = await seller.call('PUT', '/v1/products', { body: { products: changed } });
    expect(answer.json).toEqual({
      data: [
        { sku: 'm1', result: 'unchanged' },
        { sku: 'm2', result: 'changed' },
        { sku: 'm3', result: 'created' },
      ],
    });
  });

  it.each([
    [
      'one is not valid',
      [
        { sku: 'n1', ...productBody() },
        { sku: 'n2', ...productBody({ price: -1 }) },
      ],
      'products.1.price',
    ],
    [
      'one is there twice',
      [
        { sku: 'n1', ...productBody() },
        { sku: 'n1', ...productBody() },
      ],
      'products.1.sku',
    ],
    ['there are 101', skus(101).map((sku) => ({ sku, ...productBody() })), 'products'],
    ['there are none', [], 'products'],
  ])('are all refused when %s', async (_what, products, path) => {
    const refused = await seller.call('PUT', '/v1/products', { body: { products } });
    expect(refused).toMatchObject({ status: 400, json: { errors: [{ path }] } });
    expect((await seller.call('GET', at('n1'))).status).toBe(404);
  });

  it('are listed by SKU, page by page, and found by group, state and list', async () => {
    const many = market.merchant(await seedCompany('Many', 'many@demo.example', market.seed));
    const names = skus(25);
    await putProducts(
      many,
      names.map((sku, place) => ({
        sku,
        ...productBody({ active: place % 2 === 0, group: place < 5 ? 'g' : null }),
      })),
    );
    await putList(many, 'few', { covers: 'listed', items: [{ sku: names[3], price: 1 }] });
    await many.call('DELETE', at(names[24] ?? ''));
    const found: string[] = [];
    for (let next: string | null = ''; next !== null;) {
      const page = (await many.call('GET', `/v1/products?limit=7${next && `&after=${next}`}`)).json as {
        data: { sku: string }[];
        next: string | null;
      };
      found.push(...page.data.map(({ sku }) => sku));
      next = page.next;
    }
    expect(found).toEqual(names.slice(0, 24));
    const list = async (query: string) =>
      ((await many.call('GET', `/v1/products?${query}`)).json as { data: { sku: string }[] }).data.map(
        ({ sku }) => sku,
      );
    expect(await list('active=false&group=g')).toEqual([names[1], names[3]]);
    expect(await list('priceList=few')).toEqual([names[3]]);
    expect((await many.call('GET', '/v1/products?after=WzFd')).json).toMatchObject({
      errors: [{ path: 'after' }],
    });
  });
});

describe('a price list', () => {
  it('is made, read and replaced, and its rules of single SKUs stay until they are taken back', async () => {
    await putProducts(
      seller,
      ['p1', 'p2'].map((sku) => ({ sku, ...productBody() })),
    );
    const body = {
      name: 'Sale',
      currency: 'EUR',
      rates: { USD: '0.9' },
      startsAt: '2026-11-24T01:00:00+01:00',
    };
    const items = [
      { sku: 'p1', markup: { percent: '5' } },
      { sku: 'p2', price: 900, minimumQuantity: 2 },
    ];
    const made = await seller.call('PUT', '/v1/price-lists/sale', { body: { ...body, items } });
    expect(made).toMatchObject({ status: 201, json: { id: 'sale', startsAt: '2026-11-24T00:00:00.000Z' } });
    const again = await seller.call('PUT', '/v1/price-lists/sale', {
      body: { ...body, items: [{ sku: 'p1', remove: true }] },
    });
    expect(again).toMatchObject({ status: 200, json: made.json as object });
    expect((await seller.call('GET', at('p1'))).json).toMatchObject({ priceRules: {} });
    expect((await seller.call('GET', at('p2'))).json).toMatchObject({
      priceRules: { sale: { price: 900, minimumQuantity: 2 } },
    });
    const listed = (await seller.call('GET', '/v1/price-lists?limit=100')).json as { data: { id: string }[] };
    expect(listed.data.map(({ id }) => id)).toContain('sale');
  });

  it.each([
    [
      'an ending of another currency',
      { currency: 'JPY', rounding: { ending: '.99', direction: 'up' } },
      'rounding.ending',
    ],
    ['an ending of too few decimals', { rounding: { ending: '.9', direction: 'up' } }, 'rounding.ending'],
    ['no ending at all', { rounding: { ending: '', direction: 'up' } }, 'rounding.ending'],
    [
      'an end before its start',
      { startsAt: '2026-11-25T00:00:00Z', endsAt: '2026-11-24T00:00:00Z' },
      'endsAt',
    ],
    ['an end at its start', { startsAt: '2026-11-25T00:00:00Z', endsAt: '2026-11-25T00:00:00Z' }, 'endsAt'],
    ['a rate of nothing', { rates: { EUR: '0' } }, 'rates.EUR'],
    ['a rate below zero', { rates: { EUR: '-1' } }, 'rates.EUR'],
    ['a rate as a number', { rates: { EUR: 0.9 } }, 'rates.EUR'],
    ['a rate of what is no money', { rates: { XAU: '1' } }, 'rates'],
    ['a rate of its own currency', { rates: { USD: '1' } }, 'rates.USD'],
    ['percent and fixed', { markup: { percent: '1', fixed: 1 } }, 'markup'],
    ['neither percent nor fixed', { markup: {} }, 'markup'],
    ['a discount of everything', { markup: { percent: '-100' } }, 'markup.percent'],
    ['a minimum of none', { minimumQuantity: 0 }, 'minimumQuantity'],
    ['an exception that is not there', { exceptions: ['nowhere'] }, 'exceptions.0'],
    ['an exception in another currency', { exceptions: ['yen'] }, 'exceptions.0'],
    ['an exception twice', { exceptions: ['yen', 'yen'] }, 'exceptions'],
    ['a rule of a product that is not there', { items: [{ sku: 'nowhere', price: 1 }] }, 'items.0.sku'],
    ['a price and a markup', { items: [{ sku: 'q', price: 1, markup: { fixed: 1 } }] }, 'items.0'],
    ['a rule that says nothing', { items: [{ sku: 'q' }] }, 'items.0'],
    [
      'two rules of one SKU',
      {
        items: [
          { sku: 'q', price: 1 },
          { sku: 'q', price: 2 },
        ],
      },
      'items',
    ],
  ])('with %s is refused by the field’s name', async (_what, change, path) => {
    await putList(seller, 'yen', { currency: 'JPY' });
    const body = { name: 'Refused', currency: 'USD', ...change };
    const refused = await seller.call('PUT', '/v1/price-lists/refused', { body });
    expect(refused).toMatchObject({ status: 400, json: { errors: [{ path }] } });
    expect((await seller.call('GET', '/v1/price-lists/refused')).status).toBe(404);
  });

  it('has no name that every object has, since every product would seem to be on it', async () => {
    const body = { name: 'Listed', currency: 'USD', covers: 'listed' };
    for (const id of ['constructor', 'toString', 'valueOf']) {
      const refused = await seller.call('PUT', `/v1/price-lists/${id}`, { body });
      expect(refused).toMatchObject({ status: 400, json: { errors: [{ path: 'id' }] } });
    }
  });

  it('keeps its currency, and the version that was read', async () => {
    const body = { name: 'Fixed', currency: 'USD' };
    const made = await seller.call('PUT', '/v1/price-lists/fixed', { body });
    const other = await seller.call('PUT', '/v1/price-lists/fixed', { body: { ...body, currency: 'EUR' } });
    expect(other).toMatchObject({ status: 409, json: { code: 'CONFLICT' } });
    const headers = { 'If-Match': made.headers.get('ETag') ?? '' };
    expect(
      (await seller.call('PUT', '/v1/price-lists/fixed', { body: { ...body, minimumQuantity: 2 }, headers }))
        .status,
    ).toBe(200);
    expect((await seller.call('PUT', '/v1/price-lists/fixed', { body, headers })).status).toBe(412);
  });
});
