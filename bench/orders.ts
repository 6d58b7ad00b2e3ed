import { randomInt } from 'node:crypto';
import type { Cloud } from '../local/cloud.ts';
import type { DemoFile } from '../local/demo-file.ts';
import { seedConnection, seedDeps } from '../local/seed.ts';
import { sampleOrder } from '../local/shops/sample-order.ts';
import { sampleWooCommerceOrder } from '../local/shops/sample-woocommerce-order.ts';
import { shopifyHeaders } from '../local/shops/shopify.ts';
import { standardHeaders } from '../local/shops/standard.ts';
import { wooCommerceHeadersOf } from '../local/shops/woocommerce.ts';
import type { Shot } from './load.ts';

let lastId = randomInt(1e12, 1e13);

export type Sender = 'woocommerce' | 'bigcommerce' | 'standard';

/** A connection of each platform but Shopify, which the demo has, and what its events are signed with. */
export interface Senders {
  woocommerce: { id: string; secret: string };
  bigcommerce: { id: string; clientSecret: string };
  standard: DemoFile['connections']['standard'];
}

/** Connects a WooCommerce shop and a BigCommerce store, of which nothing but their webhooks is there. */
export async function seedSenders(cloud: Pick<Cloud, 'envOf'>, demo: DemoFile): Promise<Senders> {
  const { companyId } = demo.retailer;
  const deps = seedDeps(cloud);
  const [secret, clientSecret] = ['secret-of-the-webhooks', 'client-secret-of-the-store'];
  const keys = { consumerKey: 'ck', consumerSecret: 'cs', site: 'https://1.shops.example' };
  const store = { storeHash: 'abc123', token: 'token-of-the-store' };
  const woo = await seedConnection(companyId, { platform: 'woocommerce', secrets: [secret], ...keys }, deps);
  const big = await seedConnection(
    companyId,
    { platform: 'bigcommerce', secrets: [clientSecret], ...store },
    deps,
  );
  return {
    woocommerce: { id: woo, secret },
    bigcommerce: { id: big, clientSecret },
    standard: demo.connections.standard,
  };
}

/** A fresh event of another platform: whole orders, and BigCommerce's thin ones. */
export function signedEvent(sender: Sender, senders: Senders): Shot {
  lastId += 1;
  const now = Date.now();
  if (sender === 'woocommerce') {
    const { id, secret } = senders.woocommerce;
    const body = JSON.stringify(sampleWooCommerceOrder({ id: lastId, at: now }));
    const event = { id: 1, topic: 'order.created', resource: 'order', event: 'created' };
    return shot(id, body, wooCommerceHeadersOf({ ...event, secret, body, now }));
  }
  if (sender === 'bigcommerce') {
    const { id, clientSecret } = senders.bigcommerce;
    const data = { type: 'order', id: lastId };
    const body = JSON.stringify({
      scope: 'store/order/created',
      store_id: '1',
      data,
      hash: '0',
      created_at: 0,
    });
    const secrets = [`whsec_${Buffer.from(clientSecret).toString('base64')}`];
    return shot(id, body, standardHeaders({ body, at: now, secrets }));
  }
  const { id, secret } = senders.standard;
  const at = new Date(now).toISOString();
  const data = { ...standardOrder(String(lastId)), updatedAt: at };
  const body = JSON.stringify({ type: 'order.created', timestamp: at, data });
  return shot(id, body, standardHeaders({ body, at: now, secrets: [secret] }));
}

/** The same bytes for the limit, which knows one signature. */
export function bareOf({ body = Buffer.alloc(0) }: Shot, path: string, { connections }: DemoFile): Shot {
  const headers = shopifyHeaders({ ...connections.shopify, topic: 'orders/create', body });
  return { method: 'POST', path, headers, body };
}

function shot(connectionId: string, body: string, headers: Record<string, string>): Shot {
  return { method: 'POST', path: `/webhooks/${connectionId}`, headers, body: Buffer.from(body) };
}

function standardOrder(externalId: string) {
  const line = (colour: string) => ({
    sku: `IPOD2008${colour}`,
    title: 'Player',
    quantity: 1,
    unitPrice: 19_900,
  });
  return {
    ...{ externalId, code: `#${externalId.slice(-6)}`, currency: 'USD' },
    lines: ['GREEN', 'RED', 'BLACK'].map(line),
    totals: { items: 59_700, shipping: 1000, tax: 1194, discount: 2000, total: 59_894 },
    shipTo: {
      ...{ firstName: 'Test', lastName: 'Shopper', streetAddress: '12 Sample Street\nSampleton' },
      ...{ postalCode: '40003', region: 'Kentucky', country: 'US' },
    },
  };
}

/** A fresh order of three lines, signed as the demo retailer's shop signs. */
export function signedOrder({ connections: { shopify } }: DemoFile): Shot & { externalId: string } {
  lastId += 1;
  const order = sampleOrder({ id: lastId, number: lastId % 100_000, at: Date.now() });
  const body = Buffer.from(JSON.stringify(order));
  return {
    externalId: String(lastId),
    method: 'POST',
    path: `/webhooks/${shopify.id}`,
    headers: shopifyHeaders({ ...shopify, topic: 'orders/create', body }),
    body,
  };
}
