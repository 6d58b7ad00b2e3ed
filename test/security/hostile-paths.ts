import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { Market } from '../support/market.ts';
import { type Attack, JSON_TYPE } from './attack.ts';
import { orderBody } from './foreign-routes.ts';
import { oddHeaders } from './hostile-headers.ts';
import { NAME_MARK, nearJson, VALUE_MARK } from './hostile-json.ts';

const NO_BODY = Buffer.alloc(0);

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
    '/v1/members',
    '/v1/sessions',
    '/v1/approvals',
    '/v1/export',
    '/v1/staff',
    '/v1/support/requests',
    '/docs',
    '/app',
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
      fc.constantFrom(market.retailer.apiKey, market.supplier.apiKey),
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
