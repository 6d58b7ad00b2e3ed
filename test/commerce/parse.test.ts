import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleOrder } from '../../local/shops/sample-order.ts';
import { shopifyHeaders } from '../../local/shops/shopify.ts';
import { ownContacts } from '../../shared/commerce/own-contacts.ts';
import { parseJson } from '../../shared/commerce/parse.ts';
import { platformOf } from '../../shared/commerce/platforms.ts';
import { AppError } from '../../shared/domain/errors.ts';

const bad = expect.objectContaining({
  code: 'BAD_REQUEST',
  fields: [expect.objectContaining({ path: 'body' })],
}) as unknown;

describe('JSON from outside', () => {
  it.each([
    ['nothing', ''],
    ['half an object', '{"a":'],
    ['text behind the value', '{} {}'],
    ['a comment', '{/**/}'],
    ['UTF-8 that is none', Buffer.from([0x22, 0xc3, 0x28, 0x22])],
    ['UTF-16', Buffer.from('{}', 'utf16le')],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0])],
    ['500 000 brackets', '['.repeat(500_000)],
    ['33 levels', '['.repeat(33) + ']'.repeat(33)],
    ['300 000 values', `[${'0,'.repeat(300_000)}0]`],
    ['brackets that are closed first', ']'.repeat(100)],
  ])('is refused when it is %s', (_what, body) => {
    expect(() => parseJson(Buffer.from(body))).toThrow(bad);
  });

  it('may hold brackets, commas, digits and quotes in its texts', () => {
    const value = { text: `${'[{,'.repeat(300_000)}\\"}]`, digits: '99999999999999999999', quote: '\\' };
    expect(parseJson(Buffer.from(JSON.stringify(value)))).toEqual(value);
  });

  it('keeps whole numbers that a double can not hold as text, and every other value as it is', () => {
    const text =
      '{"a":820982911946154508,"b":-9007199254740993,"c":9007199254740991,"d":1e300,"e":0.1234567890123456789,"f":"820982911946154508"}';
    expect(parseJson(Buffer.from(text))).toEqual({
      a: '820982911946154508',
      b: '-9007199254740993',
      c: 9007199254740991,
      d: 1e300,
      e: 0.1234567890123456789,
      f: '820982911946154508',
    });
  });

  it('can not reach a prototype', () => {
    const value = parseJson(
      Buffer.from('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
    );
    ownContacts(value);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('gives any value back as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!/\d{16}/.test(text));
        expect(parseJson(Buffer.from(text))).toEqual(JSON.parse(text.toWellFormed()));
      }),
    );
  });

  it('is answered with a value or BAD_REQUEST, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(codeOf(() => parseJson(Buffer.from(bytes)))).toBeOneOf([undefined, 'BAD_REQUEST']);
      }),
    );
  });
});

describe('a mutated order', () => {
  const strange = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(
      null,
      -1,
      1e308,
      2 ** 53,
      '',
      '0',
      'NaN',
      '\u0000',
      '\ud800',
      [],
      {},
      true,
      '__proto__',
      'x'.repeat(5000),
      '9'.repeat(400),
    ),
  );

  it('is read or refused with BAD_REQUEST, never anything else', () => {
    const paths = pathsOf(sampleOrder({ id: 1, number: 1, at: 0 }));
    const mutation = fc.tuple(fc.constantFrom(...paths), strange);
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        const order = structuredClone(sampleOrder({ id: 1, number: 1, at: 0 }));
        // Each a copy: one value in two places could be put into itself.
        for (const [path, value] of mutations) put(order, path, structuredClone(value));
        expect(
          codeOf(() => {
            readOrder(Buffer.from(JSON.stringify(order)));
          }),
        ).toBeOneOf([undefined, 'BAD_REQUEST']);
      }),
      { numRuns: 3000 },
    );
  });

  it('of changed bytes is read or refused with BAD_REQUEST', () => {
    const text = Buffer.from(JSON.stringify(sampleOrder({ id: 1, number: 1, at: 0 })));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(text.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 }),
        (changes) => {
          const body = Buffer.from(text);
          for (const [at, byte] of changes) body[at] = byte;
          expect(
            codeOf(() => {
              readOrder(body);
            }),
          ).toBeOneOf([undefined, 'BAD_REQUEST']);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

function readOrder(body: Buffer): void {
  const shopify = platformOf('shopify');
  const signature = shopifyHeaders({ secret: 's', shop: 'x', topic: 't', body })['X-Shopify-Hmac-SHA256'];
  const headers = { 'x-shopify-hmac-sha256': signature, 'x-shopify-topic': 'orders/updated' };
  shopify.read(
    shopify.verify({ headers, body }, { platform: 'shopify', secrets: ['s'], shop: 'x' }, () => 0),
  );
}

function codeOf(run: () => void): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
}

type Path = (string | number)[];

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const members = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [
    ...(path.length > 0 ? [path] : []),
    ...members.flatMap(([key, member]) => pathsOf(member, [...path, key])),
  ];
}

function put(root: unknown, path: Path, value: unknown): void {
  let target = root as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) {
    const next = target[key];
    if (typeof next !== 'object' || next === null) return;
    target = next as Record<string | number, unknown>;
  }
  target[path.at(-1) ?? ''] = value;
}
