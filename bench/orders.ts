import { randomInt } from 'node:crypto';
import type { DemoFile } from '../local/demo-file.ts';
import { sampleOrder } from '../local/shops/sample-order.ts';
import { shopifyHeaders } from '../local/shops/shopify.ts';
import type { Shot } from './load.ts';

let lastId = randomInt(1e12, 1e13);

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
