import { Webhook } from 'standardwebhooks';
import type { z } from 'zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleOrder } from '../../local/shops/sample-order.ts';
import { sampleBigCommerceOrder } from '../../local/shops/sample-bigcommerce-order.ts';
import { sampleWooCommerceOrder } from '../../local/shops/sample-woocommerce-order.ts';
import { call as ask, listAll, read } from '../orders/trading.ts';
import type { MadeConnection } from '../../shared/http/connections/schemas.ts';
import { SHOPIFY_SCOPES } from '../../shared/commerce/shopify-app.ts';
import { orderBody } from '../security/foreign-routes.ts';
import { addKey } from '../security/trade.ts';
import { eventually, type Market } from '../support/market.ts';
import { BIG, SHOP, type ShopMarket, startShopMarket, WOO } from './shop-market.ts';
import { freshId } from './shops.ts';

let shops: ShopMarket;
let market: Market;
let woo: ShopMarket['woo'];
let big: ShopMarket['big'];
let shopify: ShopMarket['shopify'];

beforeAll(async () => {
  shops = await startShopMarket();
  ({ market, woo, big, shopify } = shops);
}, 90_000);
afterAll(() => shops.stop());

type Shown = z.infer<typeof MadeConnection>;
/** Whatever a call of `/v1/connections` answers: one, a list, or a problem. */
type Seen = Shown & { data: Shown[]; code: string; errors: { path: string }[] };

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
  apiKey?: string | null,
): Promise<{ status: number; headers: Headers; json: Seen }> {
  const answer = await market.retailer.call(method, path, {
    ...(body !== undefined && { body }),
    ...(headers && { headers }),
    ...(apiKey !== undefined && { apiKey }),
  });
  return { ...answer, json: answer.json as Seen };
}
const actionsOf = (id: string) =>
  ask<{ data: { action: string }[] }>(market.retailer, 'GET', `/v1/audit?record=${id}`);
const wooBody = (change: object = {}): object => ({
  ...{ platform: 'woocommerce', name: 'Woo', site: woo.site, ...WOO },
  ...change,
});

describe('a WooCommerce shop', () => {
  it('is asked first, connected, given webhooks, and sends its orders', async () => {
    const made = await call('POST', '/v1/connections', wooBody());
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({
      ...{ platform: 'woocommerce', name: 'Woo', shop: woo.site, state: 'active', secret: null },
      health: { subscription: 'present', lastFailure: null },
    });
    expect(made.headers.get('audit-entry')).toMatch(/^aud_/);
    expect(made.headers.get('location')).toBe(`/v1/connections/${made.json.id}`);
    expect([...woo.webhooks.values()].every(({ delivery_url: url }) => url === made.json.url)).toBe(true);
    const id = freshId();
    expect(await woo.place(sampleWooCommerceOrder({ id, at: Date.now() }))).toEqual([200]);
    await market.idOf(id);
    await eventually(async () => {
      const { json } = await call('GET', `/v1/connections/${made.json.id}`);
      expect(json.health.lastEventAt).not.toBeNull();
    });
  });

  it('gets another secret, and both count for a day', async () => {
    const { json } = await call('GET', '/v1/connections');
    const [{ id } = { id: '' }] = json.data;
    const old = [...woo.webhooks.values()].map(({ secret }) => secret);
    const rotated = await call('POST', `/v1/connections/${id}/rotate`);
    expect(rotated.status).toBe(200);
    expect(rotated.json.secretOverlapUntil).not.toBeNull();
    const fresh = [...woo.webhooks.values()].map(({ secret }) => secret);
    expect(new Set([...old, ...fresh]).size).toBe(2);
    // A second, in which no signature makes us read again.
    await market.cloud.clock.advance(1000);
    expect(await woo.place(sampleWooCommerceOrder({ id: freshId(), at: Date.now() }))).toEqual([200]);
    for (const webhook of woo.webhooks.values()) webhook.secret = old[0] ?? '';
    await market.cloud.clock.advance(60_000);
    expect(await woo.place(sampleWooCommerceOrder({ id: freshId(), at: Date.now() }))).toEqual([200]);
    for (const webhook of woo.webhooks.values()) webhook.secret = fresh[0] ?? '';
  });

  it.each([
    ['wrong credentials', { consumerSecret: 'cs_2' }, 422, 'SHOP_REFUSED', undefined],
    ['a plain address', { site: 'http://shop.example.com' }, 400, 'BAD_REQUEST', 'site'],
    ['an address inside', { site: 'https://127.0.0.1' }, 400, 'BAD_REQUEST', 'site'],
    ['the metadata server', { site: 'https://169.254.169.254/' }, 400, 'BAD_REQUEST', 'site'],
    ['a name inside', { site: 'https://metadata.google.internal' }, 400, 'BAD_REQUEST', 'site'],
    ['an address with a query', { site: 'https://shop.example.org/?a=b' }, 400, 'BAD_REQUEST', 'site'],
    ['a key that is none', { consumerKey: 'a b' }, 400, 'BAD_REQUEST', 'consumerKey'],
    ['an unknown field', { email: 'x' }, 400, 'BAD_REQUEST', 'email'],
  ])('is not connected with %s', async (_what, change, status, code, path) => {
    const before = (await call('GET', '/v1/connections')).json.data.length;
    const made = await call('POST', '/v1/connections', wooBody(change));
    expect(made.json).toMatchObject({ status, code });
    if (path !== undefined) expect(made.json.errors[0]?.path).toBe(path);
    expect((await call('GET', '/v1/connections')).json.data).toHaveLength(before);
  });

  it('that is connected already is not connected once more, however its address is written', async () => {
    const { data } = (await call('GET', '/v1/connections')).json;
    const there = data.find(({ shop }) => shop === woo.site);
    for (const address of [woo.site, `${woo.site.toUpperCase().replace('HTTPS', 'https')}/`]) {
      const made = await call('POST', '/v1/connections', wooBody({ site: address }));
      expect([address, made.status, made.json.code]).toEqual([address, 409, 'CONFLICT']);
      expect((made.json as unknown as { detail: string }).detail).toContain(there?.id);
    }
    expect((await call('GET', '/v1/connections')).json.data).toHaveLength(data.length);
  });

  it('that answers nothing usable is not connected', async () => {
    woo.misbehave({ times: 1, does: { answer: { status: 200, body: { not: 'a list' } } } });
    expect((await call('POST', '/v1/connections', wooBody())).json.code).toBe('SHOP_UNAVAILABLE');
    woo.misbehave({
      times: 1,
      does: { answer: { status: 301, headers: { Location: 'https://x.example' } } },
    });
    expect((await call('POST', '/v1/connections', wooBody())).json.code).toBe('SHOP_UNAVAILABLE');
  });
});

describe('a BigCommerce store', () => {
  const { token: accessToken, ...store } = BIG;
  const body = { platform: 'bigcommerce', accessToken, ...store };

  it('is connected, and another client secret is taken beside the old one', async () => {
    const made = await call('POST', '/v1/connections', body);
    expect(made.status).toBe(201);
    expect(big.hooks.size).toBe(4);
    const changed = await call('PATCH', `/v1/connections/${made.json.id}`, {
      clientSecret: 'next',
      name: 'B',
    });
    expect(changed.json).toMatchObject({ name: 'B', state: 'active' });
    expect(changed.json.secretOverlapUntil).not.toBeNull();
    const id = freshId();
    expect(await big.place(sampleBigCommerceOrder({ id, at: Date.now() }))).toEqual([200]);
    await market.idOf(id);
    expect((await call('POST', `/v1/connections/${made.json.id}/rotate`)).json.code).toBe('CONFLICT');
    expect(
      (await call('PATCH', `/v1/connections/${made.json.id}`, { consumerKey: 'ck' })).json,
    ).toMatchObject({
      code: 'BAD_REQUEST',
      errors: [{ path: 'consumerKey' }],
    });
    const gone = await call('DELETE', `/v1/connections/${made.json.id}`);
    expect(gone.status).toBe(204);
    expect(big.hooks.size).toBe(0);
    expect((await call('GET', `/v1/connections/${made.json.id}`)).status).toBe(404);
  });

  it('that comes back brings nothing again, and of two who connect it at once one does', async () => {
    const known = await listAll(market.retailer);
    const both = await Promise.all([
      call('POST', '/v1/connections', body),
      call('POST', '/v1/connections', body),
    ]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([201, 409]);
    const [order] = known.filter(({ source }) => source?.platform === 'bigcommerce');
    expect(both.find(({ status }) => status === 201)?.json.id).toBe(order?.source?.connectionId);
    expect(await big.repeat(Number(order?.source?.externalId))).toEqual([200]);
    const fresh = freshId();
    await big.place(sampleBigCommerceOrder({ id: fresh, at: Date.now() }));
    await market.idOf(fresh);
    const ids = (await listAll(market.retailer)).map(({ id }) => id);
    expect(ids.toSorted()).toEqual([await market.idOf(fresh), ...known.map(({ id }) => id)].toSorted());
  });

  it('lets us go, is connected again, and then tells late of what was before', async () => {
    const listed = (await call('GET', '/v1/connections')).json.data;
    const { id } = listed.find((each) => each.shop === BIG.storeHash) ?? {};
    const letGo = () => big.repeat(1, 'store/app/uninstalled');
    expect(await letGo()).toEqual([200]);
    expect((await call('GET', `/v1/connections/${id}`)).json).toMatchObject({ state: 'uninstalled' });
    big.outbox.mode = 'later';
    await letGo();
    big.outbox.mode = 'well';
    await market.cloud.clock.advance(60_000);
    expect((await call('POST', '/v1/connections', body)).json).toMatchObject({ id, state: 'active' });
    expect(await big.outbox.flush()).toEqual([200]);
    expect((await call('GET', `/v1/connections/${id}`)).json).toMatchObject({ state: 'active' });
    expect(await letGo()).toEqual([200]);
    expect((await call('GET', `/v1/connections/${id}`)).json).toMatchObject({ state: 'uninstalled' });
    expect((await call('POST', '/v1/connections', body)).json).toMatchObject({ id, state: 'active' });
  });
});

describe('a Standard Webhooks sender', () => {
  it('is shown its secret once, signs with it, and with the next one after a rotation', async () => {
    const key = { 'Idempotency-Key': 'connect-once' };
    const made = await call('POST', '/v1/connections', { platform: 'standard', name: 'ERP' }, key);
    const again = await call('POST', '/v1/connections', { platform: 'standard', name: 'ERP' }, key);
    expect(again.json).toEqual({ ...made.json, secret: null });
    const rotated = await call('POST', `/v1/connections/${made.json.id}/rotate`);
    expect(rotated.json.secret).not.toBe(made.json.secret);
    for (const secret of [made.json.secret ?? '', rotated.json.secret ?? '']) {
      const at = new Date(market.cloud.clock.now());
      const data = { ...orderBody({ externalId: secret.slice(-9) }), updatedAt: at.toISOString() };
      const text = JSON.stringify({ type: 'order.created', timestamp: at.toISOString(), data });
      const headers = {
        'Content-Type': 'application/json',
        'webhook-id': 'msg_1',
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': new Webhook(secret).sign('msg_1', at, text),
      };
      expect((await fetch(made.json.url, { method: 'POST', body: text, headers })).status).toBe(200);
    }
  });
});

describe('a Shopify shop', () => {
  const back = (query: URLSearchParams): string => `/v1/connections/shopify/callback?${query.toString()}`;
  const callback = (query: URLSearchParams) => call('GET', back(query));
  /** Who did not begin it: nobody, the partner, and another key of the same company. */
  const others = async (): Promise<[who: string, apiKey: string | null][]> => [
    ['nobody', null],
    ['the partner', market.supplier.apiKey],
    ['a colleague', (await addKey(market.seed, market.retailer.companyId, {})).apiKey],
  ];

  it('is installed by its owner, and only by who comes back with what Shopify signed', async () => {
    const made = await call('POST', '/v1/connections', { platform: 'shopify', shop: SHOP.shop });
    expect(made.json).toMatchObject({ state: 'pending', scopes: [] });
    const asked = new URL(made.json.authorizeUrl ?? '');
    expect(asked.origin).toBe(`https://${SHOP.shop}`);
    const good = shopify.consent(asked.searchParams);

    const other = new URLSearchParams(good);
    other.set('shop', 'other.myshopify.com');
    const agreed = (change: object) =>
      shopify.consent(new URLSearchParams({ ...Object.fromEntries(asked.searchParams), ...change }));
    const wrong = [other, agreed({ state: '0'.repeat(64) }), agreed({ client_id: 'another app' })];
    for (const query of wrong) expect((await callback(query)).json.code).toBe('BAD_REQUEST');

    for (const [who, apiKey] of await others()) {
      const answer = await call('GET', back(good), undefined, undefined, apiKey);
      expect([who, answer.json.code]).toEqual([who, apiKey === null ? 'UNAUTHENTICATED' : 'FORBIDDEN']);
    }
    const done = await callback(good);
    expect(done.json).toMatchObject({ state: 'active', health: { subscription: 'present' } });
    // What may be written may be read, and Shopify tells of the one alone.
    const written = SHOPIFY_SCOPES.filter((scope) => scope.startsWith('write_'));
    expect(done.json.scopes.toSorted()).toEqual(['read_products', ...written].toSorted());
    expect((await callback(good)).json.code).toBe('BAD_REQUEST');
    const topics = [...shopify.subscriptions.values()].map(({ topic }) => topic);
    expect(topics).toContain('ORDERS_CREATE');
    expect(topics).toContain('APP_UNINSTALLED');

    const order = sampleOrder({ id: freshId(), number: 7, at: Date.now() });
    expect(await shopify.place(order)).toEqual([200]);
    await market.idOf(order['id'] as number);
  });

  it('tells of a fulfilment or refund by its order, which is read there', async () => {
    const id = freshId();
    shopify.orders.set(String(id), sampleOrder({ id, number: 8, at: Date.now() }));
    expect(await shopify.tell('refunds/create', { id: 1, order_id: id, note: 'x' })).toEqual([200]);
    const found = await read(market.retailer, await market.idOf(id));
    expect(found.totals).toEqual({ items: 59_700, shipping: 1000, tax: 1194, discount: 2000, total: 59_894 });
    expect(found.shipTo?.streetAddress).toBe('12 Sample Street\nApt 3\nSampleton');
  });

  it('takes the app away: its token is gone, and what was signed before is still taken', async () => {
    expect(await shopify.tell('app/uninstalled', { id: 1, myshopify_domain: SHOP.shop })).toEqual([200]);
    const listed = await call('GET', '/v1/connections');
    const found = listed.json.data.find((each) => each.shop === SHOP.shop);
    expect(found).toMatchObject({ state: 'uninstalled', scopes: [], health: { subscription: 'missing' } });
    const order = sampleOrder({ id: freshId(), number: 9, at: Date.now() });
    expect(await shopify.place(order)).toEqual([200]);
    const { json } = await actionsOf(found?.id ?? '');
    expect(json.data.map(({ action }) => action)).toContain('connection.uninstalled');
  });

  it('that comes back goes on where it was, and its merchant can agree anew to an app that is there', async () => {
    const known = await listAll(market.retailer);
    const { data } = (await call('GET', '/v1/connections')).json;
    const { id } = data.find(({ shop }) => shop === SHOP.shop) ?? {};
    for (const before of ['uninstalled', 'active']) {
      const made = await call('POST', '/v1/connections', { platform: 'shopify', shop: SHOP.shop });
      expect(made.json).toMatchObject({ id, state: before });
      const asked = new URL(made.json.authorizeUrl ?? '').searchParams;
      const good = shopify.consent(asked);
      expect((await callback(good)).json).toMatchObject({ id, state: 'active' });
    }
    // Told once more, of before that: it is what nobody answered for hours, or an answer that was lost.
    const before = market.cloud.clock.now() - 60_000;
    expect(await shopify.tell('app/uninstalled', { id: 1, myshopify_domain: SHOP.shop }, before)).toEqual([
      200,
    ]);
    expect((await call('GET', `/v1/connections/${id}`)).json).toMatchObject({ state: 'active' });
    for (const order of shopify.orders.values())
      expect(await shopify.tell('orders/updated', order)).toEqual([200]);
    expect((await call('GET', '/v1/connections')).json.data).toHaveLength(data.length);
    expect(await listAll(market.retailer)).toHaveLength(known.length);
  });
});
