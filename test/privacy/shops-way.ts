import { expect } from 'vitest';
import { shopifyAppOf } from '../../local/cloud.ts';
import { seedConnection } from '../../local/seed.ts';
import { type BigCommerceStandIn, startBigCommerce } from '../../local/shops/bigcommerce.ts';
import { shopifyHeaders } from '../../local/shops/shopify.ts';
import { standardHeaders } from '../../local/shops/standard.ts';
import { wooCommerceHeadersOf } from '../../local/shops/woocommerce.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { eventually, type Market } from '../support/market.ts';
import type { Canaries } from './canary.ts';
import type { Planted } from './plant.ts';
import { bigCommerceOrder, wooCommerceOrder } from './plant-shops.ts';
import type { Wire } from './wire.ts';

const STORE = { storeHash: 'abc123', token: 'token-of-the-store' };
const CLIENT_SECRET = 'client-secret-of-the-store';

export function startStore(): Promise<BigCommerceStandIn> {
  return startBigCommerce({ ...STORE, clientSecret: CLIENT_SECRET, now: () => Date.now() });
}

/** The ways of the other platforms: an order of each, refused deliveries, and a store that fails in words of its own. */
export async function shopsWay(
  { market, store, wire, c }: { market: Market; store: BigCommerceStandIn; wire: Wire; c: Canaries },
  opensTo: (code: string, planted: Pick<Planted, 'shipTo' | 'titles'>) => Promise<{ supplyId: string }>,
): Promise<void> {
  const { cloud, seed, retailer } = market;
  const { companyId } = retailer;
  const wooSecret = 'secret-of-the-webhooks';
  const wooId = await seedConnection(
    companyId,
    {
      ...{ platform: 'woocommerce', secrets: [wooSecret], site: 'https://1.shops.example' },
      ...{ consumerKey: 'ck', consumerSecret: 'cs' },
    },
    seed,
  );
  const bigStore = { platform: 'bigcommerce', secrets: [CLIENT_SECRET], ...STORE } as const;
  const bigId = await seedConnection(companyId, { ...bigStore, secrets: [CLIENT_SECRET] }, seed);
  const now = (): number => cloud.clock.now();

  const woo = (name: string, topic: string, body: string, change: Record<string, string> = {}) => {
    const [resource = '', event = ''] = topic.split('.');
    const headers = wooCommerceHeadersOf({
      id: 1,
      topic,
      resource,
      event,
      secret: wooSecret,
      body,
      now: now(),
    });
    const url = `${cloud.baseUrl}/webhooks/${wooId}`;
    return wire.send(name, url, { method: 'POST', body, headers: { ...headers, ...change } });
  };
  const first = wooCommerceOrder(c, 'G', 7001, now());
  expect(await woo('WooCommerce order', 'order.created', JSON.stringify(first.payload))).toBe(200);
  await opensTo('#7001', first);
  const refused = JSON.stringify({ ...first.payload, total: c.email('G refused total') });
  expect(await woo('WooCommerce, refused', 'order.updated', refused)).toBe(400);
  const bad = { 'X-WC-Webhook-Signature': c.email('G signature') };
  expect(await woo('WooCommerce, a bad signature', 'order.updated', refused, bad)).toBe(401);
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
  expect(await woo('WooCommerce, a form', 'order.updated', `webhook_id=${c.email('G ping')}`, form)).toBe(
    415,
  );

  const big = (name: string, payload: object): Promise<number> => {
    const body = JSON.stringify(payload);
    const secrets = [`whsec_${Buffer.from(CLIENT_SECRET).toString('base64')}`];
    const headers = standardHeaders({ body, at: now(), secrets });
    return wire.send(name, `${cloud.baseUrl}/webhooks/${bigId}`, { method: 'POST', body, headers });
  };
  const { sample, ...second } = bigCommerceOrder(c, 'H', 7002, now());
  store.orders.set(7002, sample);
  store.misbehave({
    times: 1,
    does: { answer: { status: 422, body: { title: c.mixed('H an error'), email: c.email('H an error') } } },
  });
  const event = { scope: 'store/order/created', data: { type: 'order', id: 7002, note: c.mixed('H event') } };
  expect(await big('BigCommerce event', event)).toBe(200);
  await eventually(async () => {
    const waiting = await seed.db.collection(paths.pulls(companyId)).get();
    expect(waiting.docs[0]?.data()).toMatchObject({ attempts: 1 });
  });
  expect(await big('BigCommerce event again', { ...event, email: c.email('H again') })).toBe(200);
  const { supplyId } = await opensTo('#7002', second);
  await shipped(supplyId, { market, store, wire, c });
  const unreadable = bigCommerceOrder(c, 'H unreadable', 7003, now()).sample;
  unreadable.order['total_inc_tax'] = c.email('H total');
  store.orders.set(7003, unreadable);
  expect(await big('BigCommerce, unreadable', { ...event, data: { type: 'order', id: 7003 } })).toBe(200);

  const { shop } = market.demo.connections.shopify;
  const [secret] = [shopifyAppOf(cloud.projectId).SHOPIFY_CLIENT_SECRETS];
  for (const topic of ['customers/redact', 'customers/data_request', 'shop/redact']) {
    const customer = { id: c.id(topic), email: c.email(topic), phone: c.phone(topic) };
    const asked = { shop_id: 1, shop_domain: shop, customer, orders_to_redact: [1], orders_requested: [1] };
    const body = JSON.stringify(asked);
    const headers = shopifyHeaders({ secret, shop, topic, body });
    const url = `${cloud.baseUrl}/webhooks/shopify`;
    const status = await wire.send(`Shopify ${topic}`, url, { method: 'POST', body, headers });
    expect(status).toBe(topic === 'shop/redact' ? 400 : 200);
  }
}

/** A shipment goes out to the store, which refuses it in words of its own, and then takes it. */
async function shipped(
  supplyId: string,
  { market, store, wire, c }: { market: Market; store: BigCommerceStandIn; wire: Wire; c: Canaries },
): Promise<void> {
  const { retailer, supplier } = market;
  store.misbehave({
    times: 1,
    path: '/shipments',
    does: { answer: { status: 422, body: { title: c.mixed('H shipment'), email: c.email('H shipment') } } },
  });
  const tracking = { carrier: 'ups', trackingNumbers: ['1Z1234512345123456'] };
  const path = `/v1/orders/${supplyId}/fulfilments`;
  expect((await wire.call(supplier, 'POST', path, { body: tracking })).status).toBe(201);
  const told = (state: string) =>
    eventually(async () => {
      const { json } = await wire.call<{ data: { id: string; state: string }[] }>(
        retailer,
        'GET',
        `/v1/deliveries?state=${state}&limit=100`,
      );
      return json.data[0] ?? expect.fail(`no delivery is ${state}`);
    });
  const { id } = await told('dead');
  expect((await wire.call(retailer, 'POST', `/v1/deliveries/${id}/retry`)).status).toBe(200);
  await told('done');
}
