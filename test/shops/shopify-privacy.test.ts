import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shopifyAppOf } from '../../local/cloud.ts';
import { shopifyHeaders } from '../../local/shops/shopify.ts';
import { call, type SeenOrder } from '../orders/trading.ts';
import { eventually, type Market, startMarket } from '../support/market.ts';

const DAY = 24 * 60 * 60_000;
const CUSTOMER = { id: 191_167, email: 'someone@example.com', phone: '+1 202-555-0143' };

let market: Market;
let secret: string;
beforeAll(async () => {
  market = await startMarket();
  secret = shopifyAppOf(market.cloud.projectId).SHOPIFY_CLIENT_SECRETS;
}, 60_000);
afterAll(() => market.cloud.stop());

async function ask(topic: string, body: object, change: Record<string, string> = {}): Promise<number> {
  const { shop } = market.demo.connections.shopify;
  const text = JSON.stringify({ shop_id: 954_889, shop_domain: shop, ...body });
  const headers = { ...shopifyHeaders({ secret, shop, topic, body: text }), ...change };
  return (await fetch(`${market.cloud.baseUrl}/webhooks/shopify`, { method: 'POST', body: text, headers }))
    .status;
}

const read = (merchant: 'retailer' | 'supplier', id: string) =>
  call<SeenOrder>(market[merchant], 'GET', `/v1/orders/${id}`);

interface Request {
  kind: string;
  state: string;
  orders: string[];
}
const requests = (query = '') =>
  call<{ data: Request[] }>(market.retailer, 'GET', `/v1/privacy-requests${query}`);

async function shipped(): Promise<{ orderId: string; externalId: number; supplyOrderId: string }> {
  const { orderId, supplyOrderId } = await market.routed();
  for (const [merchant, id] of [
    [market.supplier, supplyOrderId],
    [market.retailer, orderId],
  ] as const) {
    expect((await merchant.call('POST', `/v1/orders/${id}/fulfilments`)).status).toBe(201);
  }
  const { json } = await read('retailer', orderId);
  return { orderId, supplyOrderId, externalId: Number(json.source?.externalId) };
}

async function externalIdOf(orderId: string): Promise<number> {
  return Number((await read('retailer', orderId)).json.source?.externalId);
}

async function gone(orderId: string): Promise<void> {
  await eventually(async () => {
    expect((await read('retailer', orderId)).status).toBe(404);
  });
}

describe('customers/redact', () => {
  it('erases at once what has nothing left to ship, without being archived', async () => {
    const { orderId, supplyOrderId, externalId } = await shipped();
    const body = { customer: CUSTOMER, orders_to_redact: [externalId, 1] };
    expect(await ask('customers/redact', body)).toBe(200);
    expect(await ask('customers/redact', body)).toBe(200);
    await market.cloud.clock.advance(60_000);
    await gone(orderId);
    expect((await read('supplier', supplyOrderId)).json.shipTo).toBeNull();
    const { json } = await requests();
    expect(json.data).toHaveLength(1);
    expect(json.data[0]).toMatchObject({ kind: 'customer_redact', state: 'done', waiting: 0 });
    expect(json.data[0]?.orders).toContain(orderId);
  });

  it('waits for what is on its way, and both sides see until when', async () => {
    const { orderId, supplyOrderId } = await market.routed();
    const externalId = await externalIdOf(orderId);
    await ask('customers/redact', { customer: CUSTOMER, orders_to_redact: [externalId] });
    await market.cloud.clock.advance(60_000);
    const [own, theirs] = await Promise.all([read('retailer', orderId), read('supplier', supplyOrderId)]);
    expect(own.json.eraseBy).toMatch(/^20/);
    expect(theirs.json.eraseBy).toBe(own.json.eraseBy);
    expect(Date.parse(own.json.eraseBy ?? '') - market.cloud.clock.now()).toBeLessThan(25 * DAY);
    await market.supplier.call('POST', `/v1/orders/${supplyOrderId}/fulfilments`);
    await market.retailer.call('POST', `/v1/orders/${orderId}/fulfilments`);
    await market.cloud.clock.advance(60_000);
    await gone(orderId);
  });

  it('cancels and erases what nobody has shipped in 25 days', async () => {
    const { orderId, supplyOrderId } = await market.routed();
    const externalId = await externalIdOf(orderId);
    await ask('customers/redact', { customer: CUSTOMER, orders_to_redact: [externalId] });
    await market.cloud.clock.advance(25 * DAY + 60_000);
    await gone(orderId);
    expect((await read('supplier', supplyOrderId)).json).toMatchObject({ state: 'cancelled', shipTo: null });
  });
});

describe('customers/data_request', () => {
  it('names the orders that the merchant holds of the consumer, and nothing of the consumer', async () => {
    const { orderId } = await market.routed();
    const externalId = await externalIdOf(orderId);
    const body = { customer: CUSTOMER, orders_requested: [externalId], data_request: { id: 9999 } };
    expect(await ask('customers/data_request', body)).toBe(200);
    const { json } = await requests('?limit=1');
    expect(json.data[0]).toMatchObject({ kind: 'data_request', state: 'done', orders: [orderId] });
    expect(JSON.stringify(json)).not.toContain('example.com');
  });
});

it('takes it of this shop alone that it let the app go, and of nothing else that the app’s secret has signed', async () => {
  const { id, shop } = market.demo.connections.shopify;
  const tell = async (body: string): Promise<number> => {
    const headers = shopifyHeaders({ secret, shop, topic: 'app/uninstalled', body });
    return (await fetch(`${market.cloud.baseUrl}/webhooks/${id}`, { method: 'POST', body, headers })).status;
  };
  // What every merchant's browser brings back is signed by the same secret, and seen by the merchant.
  expect(await tell('code=1&shop=other.myshopify.com&state=2&timestamp=3')).toBe(400);
  expect(await tell(JSON.stringify({ id: 1 }))).toBe(400);
  expect(await tell(JSON.stringify({ id: 1, myshopify_domain: 'other.myshopify.com' }))).toBe(401);
  const { json } = await call<{ state: string }>(market.retailer, 'GET', `/v1/connections/${id}`);
  expect(json.state).toBe('active');
});

describe('shop/redact', () => {
  it('is not what a request about one customer becomes by its header', async () => {
    const body = { customer: CUSTOMER, orders_to_redact: [] };
    expect(await ask('shop/redact', body)).toBe(400);
    expect(await ask('customers/redact', {})).toBe(400);
    expect(await ask('orders/create', {})).toBe(400);
  });

  it('is refused without a signature by the app, or for another shop than its header names', async () => {
    expect(await ask('shop/redact', {}, { 'X-Shopify-Hmac-SHA256': `${'A'.repeat(43)}=` })).toBe(401);
    expect(await ask('shop/redact', {}, { 'X-Shopify-Shop-Domain': 'other.myshopify.com' })).toBe(401);
  });

  it('about a shop that we do not have changes nothing', async () => {
    const other = { shop_domain: 'nobody.myshopify.com' };
    expect(await ask('shop/redact', other, { 'X-Shopify-Shop-Domain': 'nobody.myshopify.com' })).toBe(200);
  });

  it('erases every order of the shop, after it was disconnected too', async () => {
    const { orderId } = await shipped();
    const removed = await market.retailer.call(
      'DELETE',
      `/v1/connections/${market.demo.connections.shopify.id}`,
    );
    expect(removed.status).toBe(204);
    expect(await ask('shop/redact', {})).toBe(200);
    await market.cloud.clock.advance(60_000);
    await gone(orderId);
  });
});
