import '@shopify/shopify-api/adapters/node';
import { ApiVersion, shopifyApi } from '@shopify/shopify-api';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startDemoShops } from '../../local/shops/demo-shops.ts';
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
beforeAll(async () => {
  shopify = await startShopify({ shop: SHOP, app: () => APP, token: 'shpat_1', now: Date.now });
  woo = await startWooCommerce({ consumerKey: 'ck', consumerSecret: 'cs', now: Date.now });
});
afterAll(() => Promise.all([shopify.close(), woo.close()]));

/** What is read here of the stand-in's answers. */
interface Said {
  data: {
    order: { fulfillmentOrders: { nodes: FulfilmentOrder[] } };
    made: { userErrors: unknown[] };
  };
  errors: { extensions: { code: string } }[];
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
    const query = shopify.consent('a-state', APP.clientId);
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

  it('does as it was told to, for as long as it was told to', async () => {
    woo.misbehave({
      times: 1,
      does: { answer: { status: 429, body: {}, headers: { 'Retry-After': '60' } } },
    });
    woo.misbehave({ times: 1, does: { cut: true } });
    expect((await rest('GET', 'orders')).status).toBe(429);
    await expect(rest('GET', 'orders')).rejects.toThrow();
    expect((await rest('GET', 'orders')).status).toBe(200);
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
