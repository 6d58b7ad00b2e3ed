import '@shopify/shopify-api/adapters/node';
import { ApiVersion, shopifyApi } from '@shopify/shopify-api';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type BigCommerceStandIn, startBigCommerce } from '../../local/shops/bigcommerce.ts';
import { startDemoShops } from '../../local/shops/demo-shops.ts';
import { sampleBigCommerceOrder } from '../../local/shops/sample-bigcommerce-order.ts';
import { sampleOrder } from '../../local/shops/sample-order.ts';
import { sampleWooCommerceOrder } from '../../local/shops/sample-woocommerce-order.ts';
import { type ShopifyStandIn, startShopify } from '../../local/shops/shopify-shop.ts';
import { shopifyHeaders } from '../../local/shops/shopify.ts';
import { startWooCommerce, type WooCommerceStandIn } from '../../local/shops/woocommerce.ts';
import { verifyCallback } from '../../shared/commerce/shopify-app.ts';

const SHOP = 'stand-in.myshopify.com';
const APP = { clientId: 'the-app', clientSecret: 'the-secret-of-the-app' };
const library = shopifyApi({
  apiKey: APP.clientId,
  apiSecretKey: APP.clientSecret,
  apiVersion: ApiVersion.January26,
  hostName: 'hub.example.com',
  isEmbeddedApp: false,
  logger: { level: 0 },
});

let shopify: ShopifyStandIn;
let woo: WooCommerceStandIn;
let big: BigCommerceStandIn;
beforeAll(async () => {
  const store = { storeHash: 'hash', token: 'token', clientSecret: 'secret' };
  big = await startBigCommerce({ ...store, now: Date.now });
  shopify = await startShopify({ shop: SHOP, app: () => APP, token: 'shpat_1', now: Date.now });
  woo = await startWooCommerce({ consumerKey: 'ck', consumerSecret: 'cs', now: Date.now });
});
afterAll(() => Promise.all([shopify.close(), woo.close(), big.close()]));

/** What is read here of the stand-in's answers. */
interface Said {
  data: {
    order: { fulfillmentOrders: { nodes: FulfilmentOrder[] } };
    orders: { nodes: unknown[] };
    made: { userErrors: unknown[] };
  };
  errors: { extensions: { code: string } }[];
  extensions: { cost: { requestedQueryCost: number; throttleStatus: { currentlyAvailable: number } } };
}
interface FulfilmentOrder {
  id: string;
  lineItems: { nodes: { id: string; remainingQuantity: number }[] };
}

async function graphql(query: string, variables: object = {}, token = 'shpat_1') {
  const answer = await fetch(`http://127.0.0.1:${shopify.port}/admin/api/2026-07/graphql.json`, {
    method: 'POST',
    headers: { 'X-Shopify-Access-Token': token },
    body: JSON.stringify({ query, variables }),
  });
  return { status: answer.status, json: (await answer.json()) as Said };
}

async function rest(method: string, path: string, body?: object, key = 'ck:cs') {
  const answer = await fetch(`http://127.0.0.1:${woo.port}/wp-json/wc/v3/${path}`, {
    method,
    headers: { Authorization: `Basic ${Buffer.from(key).toString('base64')}` },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
}

async function store(method: string, path: string, body?: object, token = 'token') {
  return fetch(`http://127.0.0.1:${big.port}/stores/hash/v2/${path}`, {
    method,
    headers: { 'X-Auth-Token': token },
    ...(body && { body: JSON.stringify(body) }),
  });
}

describe('what stands in for Shopify', () => {
  it('signs webhooks as Shopify’s own library verifies them', async () => {
    const body = JSON.stringify(sampleOrder({ id: 1, number: 1, at: 0 }));
    const headers = shopifyHeaders({ secret: APP.clientSecret, shop: SHOP, topic: 'orders/create', body });
    const checked = (rawBody: string) =>
      library.webhooks.validate({ rawBody, rawRequest: { url: '/', method: 'POST', headers } });
    expect(await checked(body)).toMatchObject({ valid: true, domain: SHOP });
    expect(await checked(`${body} `)).toMatchObject({ valid: false });
  });

  it('signs the way back from the consent as the library verifies it, and so do we', async () => {
    const query = shopify.consent(new URLSearchParams({ state: 'a-state', client_id: APP.clientId }));
    expect(await library.utils.validateHmac(Object.fromEntries(query))).toBe(true);
    verifyCallback(query, { clientId: APP.clientId, secrets: [APP.clientSecret] }, Date.now);
    query.set('code', 'another');
    expect(() => {
      verifyCallback(query, { clientId: APP.clientId, secrets: [APP.clientSecret] }, Date.now);
    }).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
  });

  it('ships what is left of an order once, and not more', async () => {
    const order = sampleOrder({ id: 77, number: 77, at: Date.now() });
    await shopify.place(order);
    const asked = { id: 'gid://shopify/Order/77' };
    const { json } = await graphql(
      'query ($id: ID!) { order(id: $id) { fulfillmentOrders { nodes { id } } } }',
      asked,
    );
    const [open] = json.data.order.fulfillmentOrders.nodes;
    const lines = open?.lineItems.nodes.map(({ id, remainingQuantity }) => ({
      id,
      quantity: remainingQuantity,
    }));
    const fulfillment = {
      lineItemsByFulfillmentOrder: [{ fulfillmentOrderId: open?.id, fulfillmentOrderLineItems: lines }],
      trackingInfo: { company: 'ups', numbers: ['1Z'], urls: [] },
    };
    const ship =
      'mutation ($fulfillment: FulfillmentInput!) { made: fulfillmentCreate(fulfillment: $fulfillment) { fulfillment { id } userErrors { field } } }';
    expect((await graphql(ship, { fulfillment })).json.data.made.userErrors).toEqual([]);
    expect((await graphql(ship, { fulfillment })).json.data.made.userErrors).toHaveLength(1);
    expect(shopify.orders.get('77')?.['fulfillments']).toMatchObject([{ tracking_numbers: ['1Z'] }]);
  });

  it('finds an order by the identifier of who made it, and answers in one version alone', async () => {
    const made = { currency: 'USD', lineItems: [{ sku: 'A', quantity: 1 }] };
    const create = 'mutation ($order: O!) { made: orderCreate(order: $order) { userErrors { field } } }';
    for (const sourceIdentifier of ['a-mark', 'another-mark'])
      await graphql(create, { order: { ...made, sourceIdentifier } });
    const find =
      'query ($query: String!) { orders(first: 5, query: $query) { nodes { id sourceIdentifier } } }';
    const { json } = await graphql(find, { query: 'source_identifier:"a-mark"' });
    expect(json.data.orders.nodes).toMatchObject([{ sourceIdentifier: 'a-mark' }]);
    const old = await fetch(`http://127.0.0.1:${shopify.port}/admin/api/2026-04/graphql.json`, {
      method: 'POST',
      headers: { 'X-Shopify-Access-Token': 'shpat_1' },
      body: '{"query":"{ shop { currencyCode } }"}',
    });
    expect(old.status).toBe(404);
  });

  it('refuses a wrong token, empties its bucket, and gives a webhook up after eight failures', async () => {
    expect((await graphql('{ shop { name } }', {}, 'wrong')).status).toBe(401);
    shopify.bucket = 0;
    const { status, json } = await graphql('{ locations(first: 1) { nodes { id } } }');
    expect([status, json.errors[0]?.extensions.code]).toEqual([200, 'THROTTLED']);
    shopify.bucket = 2000;
    const create =
      'mutation ($topic: T!, $webhook: W!) { webhookSubscriptionCreate(topic: $topic, webhookSubscription: $webhook) { userErrors { field } } }';
    await graphql(create, { topic: 'ORDERS_UPDATED', webhook: { uri: 'http://127.0.0.1:1/' } });
    for (let failure = 0; failure < 8; failure += 1) await shopify.tell('orders/updated', { id: 1 });
    expect(shopify.subscriptions.size).toBe(0);
  });
});

describe('what stands in for WooCommerce', () => {
  it('answers with the codes of its REST API', async () => {
    expect(await rest('GET', 'orders', undefined, 'ck:wrong')).toMatchObject({
      status: 401,
      json: { code: 'woocommerce_rest_cannot_view' },
    });
    expect(await rest('GET', 'orders/1')).toMatchObject({
      status: 404,
      json: { code: 'woocommerce_rest_shop_order_invalid_id' },
    });
    expect(
      await rest('POST', 'webhooks', { topic: 'order.created', delivery_url: 'http://127.0.0.1:1/' }),
    ).toMatchObject({ status: 400, json: { code: 'woocommerce_rest_invalid_webhook_delivery_url' } });
  });

  it('keeps what it is told, also beside what it had', async () => {
    await woo.place(sampleWooCommerceOrder({ id: 9, at: Date.now() }));
    const body = { status: 'completed', meta_data: [{ key: 'tracking', value: ['1Z'] }] };
    expect(await rest('PUT', 'orders/9', body)).toMatchObject({ status: 200 });
    const { json } = await rest('GET', 'orders/9');
    expect(json).toMatchObject({ status: 'completed', number: '9' });
    expect(json['meta_data']).toHaveLength(2);
  });

  it('lists what was made or changed after a time, in that order, and refuses a time of another form', async () => {
    for (const [id, at] of [
      [701, 3],
      [702, 1],
      [703, 2],
    ] as const)
      woo.orders.set(id, sampleWooCommerceOrder({ id, at: Date.UTC(2027, 0, at) }));
    const ids = async (query: string) => {
      const { json } = await rest('GET', `orders?dates_are_gmt=true&order=asc&${query}`);
      return (json as unknown as { id: number }[]).map(({ id }) => id);
    };
    expect(await ids('orderby=date&after=2027-01-01T00:00:00')).toEqual([703, 701]);
    expect(await ids('orderby=modified&modified_after=2026-12-31T23:59:59')).toEqual([702, 703, 701]);
    expect(await ids('orderby=date&after=2026-12-31T23:59:59&per_page=2&page=2')).toEqual([701]);
    for (const query of ['after=2027-01-01', 'modified_after=yesterday', 'per_page=101']) {
      const code = 'rest_invalid_param';
      expect(await rest('GET', `orders?${query}`)).toMatchObject({ status: 400, json: { code } });
    }
  });
});

describe('what stands in for BigCommerce', () => {
  it('refuses a wrong token, answers an empty list with 204, and finds an order by its external id', async () => {
    expect((await store('GET', 'orders', undefined, 'wrong')).status).toBe(401);
    expect((await store('GET', 'orders?external_order_id=a-mark')).status).toBe(204);
    for (const mark of ['a-mark', 'another-mark'])
      await store('POST', 'orders', { external_order_id: mark, products: [{ sku: 'A', quantity: 1 }] });
    const found = await store('GET', 'orders?external_order_id=a-mark');
    expect(await found.json()).toMatchObject([{ external_order_id: 'a-mark' }]);
  });

  it('ships what is left of an order once, and nothing of what asks for more', async () => {
    const sample = sampleBigCommerceOrder({ id: 9, at: Date.now() });
    await big.place(sample);
    const [one, two] = sample.products.map(({ id }) => ({ order_product_id: id, quantity: 1 }));
    const ship = async (...items: unknown[]) => (await store('POST', 'orders/9/shipments', { items })).status;
    expect(await ship(one, { ...two, quantity: 2 })).toBe(422);
    expect(await ship(one, two, two)).toBe(422);
    expect(await ship(one, { order_product_id: 1, quantity: 1 })).toBe(422);
    expect((await store('GET', 'orders/9/shipments')).status).toBe(204);
    expect(await ship(one, two)).toBe(201);
    expect(await ship(one)).toBe(422);
    expect(big.shipments.get(9)).toHaveLength(1);
  });
});

describe('what stands in for a platform', () => {
  it('asks whoever calls too often for a pause as the platform does, without any work', async () => {
    for (const shop of [woo, big, shopify]) shop.misbehave({ times: 1, does: { throttled: true } });
    const before = woo.orders.size;
    const url = `http://127.0.0.1:${woo.port}/wp-json/wc/v3/orders`;
    const ofSite = await fetch(url, { method: 'POST' });
    expect([ofSite.status, ofSite.headers.get('Retry-After'), woo.orders.size]).toEqual([429, '30', before]);
    const ofStore = await store('GET', 'orders');
    expect([ofStore.status, ofStore.headers.get('X-Rate-Limit-Time-Reset-Ms')]).toEqual([429, '30000']);
    const { status, json } = await graphql('{ shop { currencyCode } }');
    expect([status, json.errors[0]?.extensions.code, json.data]).toEqual([200, 'THROTTLED', undefined]);
    const { requestedQueryCost, throttleStatus } = json.extensions.cost;
    expect(throttleStatus.currentlyAvailable).toBeLessThan(requestedQueryCost);
  });
});

describe('the shops of npm start', () => {
  it('know from one run to the next what was sold in them and how much there is', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'strongroom-shops-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const keptIn = join(folder, 'shops-kept.json');
    const first = await startDemoShops({ keptIn });
    const placed: unknown[] = [];
    for (const { staff } of Object.values(first.file)) {
      expect((await fetch(`${staff}/orders`, { method: 'POST' })).status).toBe(201);
      const body = JSON.stringify({ sku: 'SAMPLE-MUG', available: 3 });
      expect((await fetch(`${staff}/stock`, { method: 'POST', body })).status).toBe(200);
      placed.push(await (await fetch(`${staff}/orders`)).json());
    }
    await first.close();
    const second = await startDemoShops({ keptIn });
    onTestFinished(() => second.close());
    const there = Object.values(second.file).map(async ({ staff }) =>
      (await fetch(`${staff}/orders`)).json(),
    );
    expect(await Promise.all(there)).toEqual(placed);
    // The addresses that a hub keeps lead to them still.
    const connects = (shops: typeof first) => Object.values(shops.file).map(({ connect }) => connect);
    expect(connects(second)).toEqual(connects(first));
  });
});
