import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { shopifyHeaders } from '../../local/shops/shopify.ts';
import { standardHeaders } from '../../local/shops/standard.ts';
import { sampleOrder } from '../../local/shops/sample-order.ts';
import type { Market } from '../support/market.ts';
import { COMPANY_ROUTES, nobodysIds, orderBody, pathWith } from './foreign-routes.ts';
import { NAME_MARK, nearJson, nearUtf8, nodesOf, VALUE_MARK, VALUES, written } from './hostile-json.ts';
import type { WireRequest } from './wire.ts';

/** A request and where it goes. */
export interface Attack {
  to: string;
  request: WireRequest;
}

const NO_BODY = Buffer.alloc(0);
const JSON_TYPE = { 'Content-Type': 'application/json' };

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

/** Bodies of every route that takes one, for orders that the caller has and for some that it has not. */
export function apiBodies(market: Market, orders: string[]): fc.Arbitrary<Attack> {
  const routes = COMPANY_ROUTES.filter((route) => route.method !== 'GET');
  const order = fc.constantFrom(...orders, ...Array<string>(9).fill(''));
  return fc
    .tuple(fc.constantFrom(...routes), order, who(market), fc.uuid())
    .chain(([route, known, apiKey, externalId]) => {
      const ids = { ...nobodysIds(), ...(known !== '' && { order: known }) };
      const sample = route.template === '/v1/orders' ? orderBody({ externalId }) : (route.body?.(ids) ?? {});
      return nearJson(sample)
        .chain(nearUtf8)
        .map((body) => ({
          to: market.cloud.baseUrl,
          request: {
            method: route.method,
            path: pathWith(route.template, ids),
            headers: { Authorization: `Bearer ${apiKey}`, ...JSON_TYPE },
            body,
          },
        }));
    });
}

function who(market: Market): fc.Arbitrary<string> {
  return fc.constantFrom(market.retailer.apiKey, market.supplier.apiKey);
}

const ODD_VALUES = [
  '',
  '0',
  '-1',
  '\xff',
  'x'.repeat(3000),
  '"',
  '"a", W/"b", *',
  '__proto__',
  VALUE_MARK,
  ',,,',
  '*',
];

/** Headers that we read, or that something below us may. */
const oddHeaders: fc.Arbitrary<Record<string, string>> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(
        ...['If-Match', 'Idempotency-Key', 'X-Cloud-Trace-Context', 'traceparent', 'Function-Execution-Id'],
        ...['X-Forwarded-For', 'X-Forwarded-Proto', 'X-HTTP-Method-Override', 'Range', 'Accept', 'Cookie'],
        ...[
          'webhook-id',
          'webhook-timestamp',
          'webhook-signature',
          'X-Shopify-Topic',
          'X-Shopify-Shop-Domain',
        ],
        ...[
          'ce-id',
          'Accept-Encoding',
          '__proto__',
          'constructor',
          'X-Shopify-Hmac-SHA256',
          'Authorization',
          'Host',
        ],
      ),
      fc.constantFrom(...ODD_VALUES),
    )
    .map(([name, value]) => ({ [name]: value })),
  fc
    .constantFrom(
      ...[
        '',
        'text/plain',
        'application/xml',
        'application/json; charset=utf-16',
        'application/json;',
        'APPLICATION/JSON',
      ],
      ...[
        'application/json; charset=klingon',
        'application/json; charset="',
        'application/jsonx',
        'application/x+json',
      ],
      ...[
        'application/x-www-form-urlencoded',
        'multipart/form-data',
        'multipart/form-data; boundary=x',
        'a',
        '/',
        ';',
      ],
      ...[
        'application/cloudevents+json',
        'application/octet-stream',
        `application/json; charset=${VALUE_MARK}`,
      ],
    )
    .map((type) => ({ 'Content-Type': type })),
  fc
    .constantFrom('gzip', 'deflate', 'br', 'zstd', 'identity', 'gzip, gzip', 'x', '', VALUE_MARK)
    .map((coding) => ({ 'Content-Encoding': coding })),
);

const METHODS = [
  ...[
    'GET',
    'HEAD',
    'POST',
    'PUT',
    'PATCH',
    'DELETE',
    'OPTIONS',
    'TRACE',
    'PROPFIND',
    'SEARCH',
    'QUERY',
    'PURGE',
  ],
];

const SEGMENTS = [
  ...[
    '',
    '.',
    '..',
    '%2e%2e',
    '%2f',
    '%00',
    '%ff',
    '%',
    '%zz',
    '%E0%A4%A',
    '__proto__',
    'constructor',
    'toString',
  ],
  ...[
    'ord_',
    'ord_UPPER',
    'con_0',
    '*',
    '{id}',
    ':id',
    ';a=b',
    '~',
    '%F0%9F%92%A3',
    '%ud800',
    'x'.repeat(2000),
  ],
  ...[
    'a'.repeat(7000),
    '\\',
    '$',
    "'",
    '%0d%0aX-Injected:%201',
    '[',
    'preview',
    'erase-archived',
    VALUE_MARK,
  ],
];

const QUERIES = [
  ...[
    'limit=0',
    'limit=101',
    'limit=1e1',
    'limit=-1',
    'limit=%D9%A3',
    'limit=1&limit=2',
    'limit[]=1',
    'limit[__proto__]=1',
  ],
  ...[
    'after=x',
    'after=%ff',
    'after=',
    'after=W10',
    'state=x',
    'state=routed&state=received',
    'partner=ptn_',
    'code=',
  ],
  ...[
    'archived=1',
    'updatedAfter=now',
    'updatedAfter=0000-01-01T00:00:00%2B23:59',
    `code=${VALUE_MARK}`,
    'code=%00',
  ],
  ...[
    'updatedAfter=9999-12-31T23:59:59-23:59',
    '__proto__=1',
    'constructor=1',
    '__proto__[x]=1',
    `${NAME_MARK}=1`,
  ],
  ...[
    '%',
    '%ff=%ff',
    '=',
    '&&&',
    '?',
    '#',
    'from=x',
    'action=order.opened&action=x',
    `x=${'y'.repeat(6000)}`,
    '%00=%00',
  ],
];

/** Requests that are strange before a body comes into it: methods, paths, queries, headers. */
export function strangeRequests(market: Market): fc.Arbitrary<Attack> {
  const prefix = fc.constantFrom(
    '/v1/orders',
    '/v1/erasures',
    '/v1/audit',
    '/webhooks',
    '/docs',
    '/v1/openapi.json',
    '',
    '/v1',
  );
  const path = fc.tuple(
    prefix,
    fc.array(fc.constantFrom(...SEGMENTS, market.demo.connections.shopify.id), { maxLength: 3 }),
    fc.array(fc.constantFrom(...QUERIES), { maxLength: 3 }),
  );
  const body = fc.oneof(
    { weight: 3, arbitrary: fc.constant(NO_BODY) },
    { weight: 1, arbitrary: nearJson(orderBody()).map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: nearJson(orderBody()).map((text) => gzipSync(text)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  );
  return fc
    .tuple(
      fc.constantFrom(...METHODS),
      path,
      fc.array(oddHeaders, { maxLength: 3 }),
      body,
      who(market),
      fc.boolean(),
    )
    .map(([method, [base, segments, query], odd, bytes, apiKey, chunked]) => ({
      to: market.cloud.baseUrl,
      request: {
        method,
        path: `${[base, ...segments].join('/') || '/'}${query.length === 0 ? '' : `?${query.join('&')}`}`,
        headers: {
          Authorization: `Bearer ${apiKey}`,
          ...(bytes.length > 0 && JSON_TYPE),
          ...Object.assign({}, ...odd),
          ...(chunked && bytes.length > 0 && { 'Transfer-Encoding': 'chunked' }),
        } as Record<string, string>,
        body: bytes,
      },
    }));
}

/** Reads of lists with a query that is nearly one of theirs. */
export function strangeQueries(market: Market): fc.Arbitrary<Attack> {
  const list = fc.constantFrom('/v1/orders', '/v1/erasures', '/v1/audit');
  const query = fc.array(fc.constantFrom(...QUERIES), { minLength: 1, maxLength: 2 });
  const headers = fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: oddHeaders });
  const { apiKey } = market.supplier;
  return fc.tuple(list, query, headers).map(([path, asked, odd]) => ({
    to: market.cloud.baseUrl,
    request: {
      method: 'GET',
      path: `${path}?${asked.join('&')}`,
      headers: { Authorization: `Bearer ${apiKey}`, ...odd },
      body: NO_BODY,
    },
  }));
}

/** What Pub/Sub pushes to functions that the internet does not reach. */
export function pushes(market: Market): fc.Arbitrary<Attack> {
  const { hosts } = market.cloud;
  const { companyId } = market.retailer;
  const messages = [
    { companyId, orderId: nobodysIds().order },
    { companyId, erasureId: nobodysIds().erasure },
  ];
  const targets = [
    [hosts.url('route-order'), '/'],
    [hosts.url('erase'), '/'],
    [hosts.url('sweep'), '/dead-letters'],
  ] as const;
  const data = fc
    .constantFrom(...messages)
    .chain(nearJson)
    .chain(nearUtf8);
  const envelope = data.chain((bytes) =>
    nearJson({
      message: {
        data: bytes.toString('base64'),
        messageId: '1',
        attributes: {},
        publishTime: '2026-01-01T00:00:00Z',
      },
      subscription: 'projects/p/subscriptions/orders-route-order',
      deliveryAttempt: 1,
    }),
  );
  return fc.tuple(fc.constantFrom(...targets), envelope.chain(nearUtf8)).map(([[to, path], body]) => ({
    to,
    request: { method: 'POST', path, headers: { ...JSON_TYPE }, body },
  }));
}
