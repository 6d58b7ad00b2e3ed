import fc from 'fast-check';
import { VALUE_MARK } from './hostile-json.ts';

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
export const oddHeaders: fc.Arbitrary<Record<string, string>> = fc.oneof(
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
