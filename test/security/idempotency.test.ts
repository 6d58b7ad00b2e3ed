import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, eventually, type Market, startMarket } from '../support/market.ts';
import { orderBody } from './foreign-routes.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(() => market.cloud.stop());

let count = 0;

/** A body that makes an order of its own. */
function fresh(change: Record<string, unknown> = {}): Record<string, unknown> {
  count += 1;
  return orderBody({ externalId: `idempotent-${count}`, ...change });
}

function create(body: unknown, key?: string): Promise<Answer> {
  const headers = key === undefined ? {} : { 'Idempotency-Key': key };
  return market.retailer.call('POST', '/v1/orders', { body, headers });
}

const idOf = ({ json }: Answer): string => (json as { id: string }).id;
/** The code of an error; an order has a `code` of its own. */
const codeOf = ({ status, json }: Answer): unknown => [
  status,
  status < 400 ? undefined : (json as { code?: string }).code,
];

interface Shown {
  id: string;
  lines: { id: string; fulfilledQuantity: number }[];
  fulfilments: unknown[];
}

async function opened(id: string): Promise<Shown> {
  return (await market.retailer.call('GET', `/v1/orders/${id}`)).json as Shown;
}

describe('an Idempotency-Key', () => {
  it('makes one order of twenty requests at once, and answers it to all of them', async () => {
    const body = fresh();
    const answers = await Promise.all(Array.from({ length: 20 }, () => create(body, 'twenty')));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
    const [id = ''] = new Set(answers.map(idOf));
    expect(new Set(answers.map(idOf)).size).toBe(1);
    expect(new Set(answers.map(({ headers }) => headers.get('location')))).toEqual(
      new Set([`/v1/orders/${id}`]),
    );
    // Only one of them did something, and only that one is in the log.
    expect(answers.filter(({ headers }) => headers.has('audit-entry'))).toHaveLength(1);
    const log = await market.retailer.call('GET', `/v1/audit?record=${id}&action=order.created`);
    expect((log.json as { data: unknown[] }).data).toHaveLength(1);
  });

  it('makes one shipment of five requests at once', async () => {
    const id = idOf(
      await create(fresh({ lines: [{ sku: 'OWN', title: 'A thing', quantity: 50, unitPrice: 1 }] })),
    );
    const [line] = (await opened(id)).lines;
    const call = {
      body: { lines: [{ lineId: line?.id, quantity: 2 }] },
      headers: { 'Idempotency-Key': 'five' },
    };
    const ship = () => market.retailer.call('POST', `/v1/orders/${id}/fulfilments`, call);
    const answers = await Promise.all(Array.from({ length: 5 }, ship));
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(201));
    expect(new Set(answers.map(idOf)).size).toBe(1);
    const order = await opened(id);
    expect([order.fulfilments.length, order.lines[0]?.fulfilledQuantity]).toEqual([1, 2]);
  });

  it('answers the resource as it is now', async () => {
    const body = fresh();
    const id = idOf(await create(body, 'as it is now'));
    expect((await market.retailer.call('POST', `/v1/orders/${id}/cancel`)).status).toBe(200);
    expect((await create(body, 'as it is now')).json).toMatchObject({ id, state: 'cancelled' });
  });

  it('is refused with another body, were it only by a space', async () => {
    const body = fresh();
    const id = idOf(await create(body, 'mismatch'));
    expect(codeOf(await create(fresh(), 'mismatch'))).toEqual([422, 'IDEMPOTENCY_MISMATCH']);
    expect(codeOf(await create(`${JSON.stringify(body)} `, 'mismatch'))).toEqual([
      422,
      'IDEMPOTENCY_MISMATCH',
    ]);
    expect(idOf(await create(body, 'mismatch'))).toBe(id);
  });

  it('lets one of two bodies through that come at once, and refuses the other', async () => {
    const bodies = [fresh(), fresh()];
    const answers = await Promise.all(bodies.map((body) => create(body, 'two bodies')));
    expect(answers.map(codeOf).sort()).toEqual(
      [
        [201, undefined],
        [422, 'IDEMPOTENCY_MISMATCH'],
      ].sort(),
    );
  });

  it('of one route means nothing on another', async () => {
    const body = fresh();
    const first = idOf(await create(body, 'routes'));
    const shipped = (id: string) =>
      market.retailer.call('POST', `/v1/orders/${id}/fulfilments`, {
        body: {},
        headers: { 'Idempotency-Key': 'routes' },
      });
    const second = idOf(
      await create(fresh({ lines: [{ sku: 'OWN', title: 'A thing', quantity: 1, unitPrice: 1 }] })),
    );
    expect((await shipped(second)).status).toBe(201);
    expect(idOf(await create(body, 'routes'))).toBe(first);
  });

  it('is forgotten after 24 hours, and the external id still makes one order', async () => {
    const body = fresh();
    await create(body, 'a day');
    await market.cloud.clock.advance(24 * 60 * 60 * 1000 - 60_000);
    expect((await create(body, 'a day')).status).toBe(201);
    await market.cloud.clock.advance(60_001);
    expect(codeOf(await create(body, 'a day'))).toEqual([409, 'ORDER_EXISTS']);
    expect((await create(fresh(), 'a day')).status).toBe(201);
  });

  it.each(['x'.repeat(256), '', '\xe9'])('that is none is refused by name: %j', async (key) => {
    const answer = await create(fresh(), key);
    expect(answer.json).toMatchObject({ status: 400, errors: [{ path: 'Idempotency-Key' }] });
  });

  it('is not spent on a request that was refused', async () => {
    expect((await create({ ...fresh(), currency: 'x' }, 'not spent')).status).toBe(400);
    expect((await create(fresh(), 'not spent')).status).toBe(201);
  });
});

describe('without a key', () => {
  it('an external id that is taken is refused, by name', async () => {
    const body = fresh();
    await create(body);
    expect((await create(body)).json).toMatchObject({
      status: 409,
      code: 'ORDER_EXISTS',
      errors: [{ path: 'externalId' }],
    });
  });
});

describe('If-Match', () => {
  async function readVersion(): Promise<{ id: string; etag: string }> {
    const id = idOf(
      await create(fresh({ lines: [{ sku: 'OWN', title: 'A thing', quantity: 9, unitPrice: 1 }] })),
    );
    // Routing is a write too.
    const etag = await eventually(async () => {
      const read = await market.retailer.call('GET', `/v1/orders/${id}`);
      expect(read.json).toMatchObject({ routing: 'done' });
      return read.headers.get('etag') ?? '';
    });
    expect(etag).toMatch(/^"[\w-]+"$/);
    return { id, etag };
  }

  const ACTIONS: [method: string, path: string, body: unknown][] = [
    ['PATCH', '', { shipTo: orderBody()['shipTo'] }],
    ['POST', '/fulfilments', {}],
    ['POST', '/cancel', {}],
    ['POST', '/archive', undefined],
    ['DELETE', '', undefined],
  ];

  it.each(ACTIONS)('of an older version stops %s %s, and nothing changes', async (method, path, body) => {
    const { id } = await readVersion();
    const call = { ...(body !== undefined && { body }), headers: { 'If-Match': '"older-1"' } };
    const answer = await market.retailer.call(method, `/v1/orders/${id}${path}`, call);
    expect(codeOf(answer)).toEqual([412, 'PRECONDITION_FAILED']);
    expect(await opened(id)).toMatchObject({ fulfilments: [], archivedAt: null });
  });

  it('lets through the version that was read, once', async () => {
    const { id, etag } = await readVersion();
    const [line] = (await opened(id)).lines;
    const ship = (ifMatch: string) =>
      market.retailer.call('POST', `/v1/orders/${id}/fulfilments`, {
        body: { lines: [{ lineId: line?.id, quantity: 1 }] },
        headers: { 'If-Match': ifMatch },
      });
    expect((await ship(etag)).status).toBe(201);
    expect(codeOf(await ship(etag))).toEqual([412, 'PRECONDITION_FAILED']);
    expect((await ship('*')).status).toBe(201);
    const { headers } = await market.retailer.call('GET', `/v1/orders/${id}`);
    expect((await ship(`"x-1", ${headers.get('etag') ?? ''}`)).status).toBe(201);
  });

  it('lets one of many through that all read the same version', async () => {
    const { id, etag } = await readVersion();
    const cancel = () =>
      market.retailer.call('POST', `/v1/orders/${id}/cancel`, { headers: { 'If-Match': etag } });
    const statuses = (await Promise.all(Array.from({ length: 3 }, cancel))).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, 412, 412]);
  });
});
