import fc from 'fast-check';
import { sampleOrder } from '../../local/shops/sample-order.ts';
import { shopifyHeaders } from '../../local/shops/shopify.ts';
import { standardHeaders } from '../../local/shops/standard.ts';
import type { Market } from '../support/market.ts';
import type { Attack } from './attack.ts';
import { orderBody } from './foreign-routes.ts';
import { oddHeaders } from './hostile-headers.ts';
import { nearJson, nearUtf8, nodesOf, VALUES, written } from './hostile-json.ts';

/** An order that is not paid goes no further than the store, so that thousands of them can be sent. */
function payload(id: number): Record<string, unknown> {
  return sampleOrder({ id, number: id % 100_000, at: Date.now(), change: { financial_status: 'pending' } });
}

let lastId = 2 ** 40;

/** Shopify's deliveries, correctly signed: every node of an order in turn, with some of the hostile values each. */
export function everyNode(market: Market, valuesEach: number): Attack[] {
  return Array.from({ length: nodesOf(payload(1)) }, (_, node) =>
    Array.from({ length: valuesEach }, (_each, turn) => {
      const text = VALUES[(node * 7 + turn * 13) % VALUES.length] ?? '';
      return shopify(market, Buffer.from(written(payload(lastId++), new Map([[node, () => text]]))));
    }),
  ).flat();
}

function shopify(
  market: Market,
  body: Buffer,
  more: Record<string, string> = {},
  topic = 'orders/create',
): Attack {
  const { id, secret, shop } = market.demo.connections.shopify;
  const headers = { ...shopifyHeaders({ secret, shop, topic, body }), ...more };
  return { to: market.cloud.baseUrl, request: { method: 'POST', path: `/webhooks/${id}`, headers, body } };
}

/** Nearly always another order: changes of one and the same wait for each other. */
const ids = fc.oneof(
  { weight: 30, arbitrary: fc.noBias(fc.integer({ min: 1, max: 2 ** 39 })) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 20 }) },
);

/** Shopify's deliveries with several changes, in every topic and with headers of all kinds. */
export function shopifyDeliveries(market: Market): fc.Arbitrary<Attack> {
  const topic = fc.constantFrom(
    'orders/create',
    'orders/updated',
    'orders/cancelled',
    'app/uninstalled',
    'x',
    '',
  );
  const body = ids.chain((id) => nearJson(payload(id)));
  return fc
    .tuple(
      body.chain(nearUtf8),
      topic,
      fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: oddHeaders }),
    )
    .map(([bytes, named, more]) => shopify(market, bytes, more, named));
}

/** Standard Webhooks' deliveries, signed with both kinds of key. */
export function standardDeliveries(market: Market): fc.Arbitrary<Attack> {
  const { id, secret, privateKey } = market.demo.connections.standard;
  const event = (externalId: string) => ({
    type: 'order.created',
    timestamp: new Date().toISOString(),
    data: { ...orderBody({ externalId }), updatedAt: new Date().toISOString() },
  });
  const body = fc.uuid().chain((externalId) => nearJson(event(externalId)).chain(nearUtf8));
  return fc.tuple(body, fc.boolean()).map(([bytes, byHmac]) => {
    const keys = byHmac ? { secrets: [secret] } : { privateKeys: [privateKey] };
    const headers = standardHeaders({ body: bytes, ...keys });
    return {
      to: market.cloud.baseUrl,
      request: { method: 'POST', path: `/webhooks/${id}`, headers, body: bytes },
    };
  });
}
