import { createSecretKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LookupKey } from '../../shared/crypto/lookup.ts';
import { randomId } from '../../shared/domain/ids.ts';
import { type Idempotency, idempotencyOf, idempotencyRecord, replay } from '../../shared/http/idempotency.ts';
import { openDatabase } from './database.ts';

let database: Awaited<ReturnType<typeof openDatabase>>;
beforeAll(async () => {
  database = await openDatabase();
});
afterAll(() => database.close());

const lookup = new LookupKey(createSecretKey(Buffer.alloc(32, 7)));
const caller = { companyId: randomId('company') };
const start = Date.UTC(2026, 10, 23);
const DAY = 24 * 60 * 60 * 1000;

function of(header: string, body = '{}', by = caller, route = 'POST /v1/orders'): Idempotency {
  return idempotencyOf(header, by, route, Buffer.from(body), lookup);
}

async function store(idempotency: Idempotency, resource: string): Promise<void> {
  const { path, data } = idempotencyRecord(idempotency, resource, () => start);
  await database.db.doc(path).create(data);
}

describe('an idempotency key', () => {
  it.each(['', ' ', 'é', 'tab\tbed', 'x'.repeat(256), ' x', 'x '])('%j is refused by name', (header) => {
    expect(() => of(header)).toThrow(
      expect.objectContaining({
        code: 'BAD_REQUEST',
        fields: [expect.objectContaining({ path: 'Idempotency-Key' })],
      }),
    );
  });

  it.each(['x', 'x'.repeat(255), '3f1c0b7e-0f4e-4b51-9c43-1c6f0f0d3b11', 'with a space'])(
    '%j is taken',
    (header) => {
      expect(of(header).docId).toMatch(/^[\w-]{43}$/);
    },
  );

  it('is another one for another company and another route', () => {
    const other = { companyId: randomId('company') };
    const ids = [of('k'), of('k', '{}', other), of('k', '{}', caller, 'POST /v1/other')].map(
      ({ docId }) => docId,
    );
    expect(new Set(ids).size).toBe(3);
  });

  it('hashes a body of any bytes', () => {
    const bytes = Buffer.from([0xff, 0xfe, 0x00, 0xed, 0xa0, 0x80]);
    expect(idempotencyOf('k', caller, 'r', bytes, lookup).bodyHash).toMatch(/^[\w-]{43}$/);
  });
});

describe('a repeat', () => {
  it('finds what the first request made', async () => {
    const orderId = randomId('order');
    await store(of('first'), orderId);
    expect(await replay(database.db, of('first'), () => start)).toEqual(orderId);
  });

  it('finds nothing before there is anything', async () => {
    expect(await replay(database.db, of('never'), () => start)).toBeUndefined();
  });

  it('with another body is a mismatch', async () => {
    await store(of('body', '{"a":1}'), randomId('order'));
    await expect(replay(database.db, of('body', '{"a":2}'), () => start)).rejects.toThrow(
      expect.objectContaining({ code: 'IDEMPOTENCY_MISMATCH' }),
    );
  });

  it('after a day is a new request, also while the old record is still there', async () => {
    const idempotency = of('old');
    await store(idempotency, randomId('order'));
    expect(await replay(database.db, idempotency, () => start + DAY - 1)).toBeDefined();
    expect(await replay(database.db, idempotency, () => start + DAY)).toBeUndefined();
    await store(idempotency, randomId('order'));
  });
});
