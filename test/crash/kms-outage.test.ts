import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { seedCompany, seedConnection } from '../../local/seed.ts';
import { sendShopifyOrder } from '../../local/shops/shopify.ts';
import { eventually, type Market, startMarket } from '../support/market.ts';
import { idsOf, stateOf } from './order-state.ts';
import {
  archivedOrder,
  askErasure,
  erasureIs,
  orderBody,
  past,
  routed,
  routedOrder,
  taken,
} from './steps.ts';

const MINUTE = 60_000;

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterEach(() => {
  market.cloud.kms.fail(null);
});
afterAll(() => market.cloud.stop());

/** How often that was alarmed, of one function or of all. */
function bridged(name = ''): number {
  return market.cloud.lines.filter(
    (line) => line.includes('kms.bridged') && line.includes('ALERT') && line.includes(`"function":"${name}`),
  ).length;
}

/** A company with a shop of its own, of which no function has a key in memory. */
async function stranger() {
  const company = await seedCompany('Other retailer', 'other@demo.example', market.seed);
  const shop = { platform: 'shopify', secrets: ['other-secret'], shop: 'other.myshopify.com' } as const;
  const id = await seedConnection(company.companyId, { ...shop, secrets: [...shop.secrets] }, market.seed);
  const body = JSON.stringify(market.order());
  const url = `${market.cloud.baseUrl}/webhooks/${id}`;
  const merchant = market.merchant(company);
  const send = (): Promise<Response> =>
    sendShopifyOrder({ url, secret: 'other-secret', shop: shop.shop, topic: 'orders/create', body });
  return { merchant, send };
}

it('companies whose keys are in memory go on for ten minutes without KMS, and that is alarmed', async () => {
  const before = await routedOrder(market);
  const expected = await stateOf(market, before);
  const read = await market.supplier.call('GET', `/v1/orders/${before.supplyOrderId}`);
  market.cloud.kms.fail(status.UNAVAILABLE);

  for (const _fiveMinutes of [1, 2]) {
    await market.cloud.clock.advance(5 * MINUTE);
    const during = await routedOrder(market);
    expect(await stateOf(market, during)).toEqual(expected);
    const again = await market.supplier.call('GET', `/v1/orders/${before.supplyOrderId}`);
    expect(again.json).toEqual(read.json);
  }
  await eventually(() => {
    // Once for webhooks, for routing and for the API at least.
    expect(bridged()).toBeGreaterThanOrEqual(3);
  });
});

it('companies whose keys are not in memory are put off meanwhile, and lose nothing', async () => {
  const { merchant, send } = await stranger();
  market.cloud.kms.fail(status.UNAVAILABLE);
  const delivered = await send();
  expect([delivered.status, delivered.headers.get('retry-after')]).toEqual([503, '5']);
  const created = await merchant.call('POST', '/v1/orders', { body: orderBody() });
  expect([created.status, created.headers.get('retry-after')]).toEqual([503, '5']);
  expect(await merchant.call('GET', '/v1/orders')).toMatchObject({ json: { data: [] } });

  market.cloud.kms.fail(null);
  await taken(send);
  expect((await merchant.call('POST', '/v1/orders', { body: orderBody() })).status).toBe(201);
  expect(await merchant.call('GET', '/v1/orders')).toMatchObject({ json: { data: [{}, {}] } });
});

it('an erasure destroys without KMS, and is certified when KMS is back', async () => {
  const ids = await archivedOrder(market);
  // What the function knows of the signing key is forgotten by then.
  await market.cloud.clock.advance(6 * MINUTE);
  market.cloud.kms.fail(status.UNAVAILABLE);
  await askErasure(market, ids);
  await eventually(async () => {
    expect(await market.seed.keyring.recordKeyExists(ids.orderId)).toBe(false);
  });
  await erasureIs(market, ids, 'pending');
  market.cloud.kms.fail(null);
  await erasureIs(market, ids, 'destroyed');
});

it('KMS that denies is not bridged', async () => {
  await routedOrder(market);
  // Of who was denied: another function may have been at work when KMS could not be reached.
  const before = bridged('webhooks');
  expect(before).toBeGreaterThan(0);
  await market.cloud.clock.advance(6 * MINUTE);
  market.cloud.kms.fail(status.PERMISSION_DENIED);
  const payload = market.order();
  expect((await market.send(payload)).status).toBe(500);
  market.cloud.kms.fail(status.UNAVAILABLE);
  expect((await market.send(payload)).status).toBe(503);
  expect(bridged('webhooks')).toBe(before);
});

it('after an hour without KMS nothing is taken any more', async () => {
  const { orderId } = await routedOrder(market);
  market.cloud.kms.fail(status.UNAVAILABLE);
  await market.cloud.clock.advance(61 * MINUTE);
  const payload = market.order();
  expect((await market.send(payload)).status).toBe(503);
  expect((await market.retailer.call('GET', `/v1/orders/${orderId}`)).status).toBe(503);
  market.cloud.kms.fail(null);
  await taken(() => market.send(payload));
  await past(market, 2 * MINUTE, async () => {
    await routed(market, await idsOf(market, payload.id), 2000);
  });
});
