import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shopifyHeaders } from '../../local/shops/shopify.ts';
import { randomId } from '../../shared/domain/ids.ts';
import { type Market, startMarket } from '../support/market.ts';
import { openWire, type WireAnswer } from './wire.ts';

let market: Market;
const wire = openWire(8);
beforeAll(async () => {
  market = await startMarket();
});
afterAll(async () => {
  wire.close();
  await market.cloud.stop();
});

type Headers = Record<string, string>;

function post(connectionId: string, headers: Headers, body: string | Buffer): Promise<WireAnswer> {
  const path = `/webhooks/${connectionId}`;
  return wire.send(market.cloud.baseUrl, { method: 'POST', path, headers, body: Buffer.from(body) });
}

describe('what is signed well and is no delivery', () => {
  const signed = (body: string | Buffer, more: Headers = {}) => {
    const { id, secret, shop } = market.demo.connections.shopify;
    return post(id, { ...shopifyHeaders({ secret, shop, topic: 'orders/create', body }), ...more }, body);
  };
  const problem = ({ body }: WireAnswer): unknown => JSON.parse(body);

  it('is too large above 1 MB, also before it is signed', async () => {
    const body = JSON.stringify(market.order({ note: 'x'.repeat(1_000_000) }));
    expect(problem(await signed(body))).toMatchObject({ status: 413, code: 'PAYLOAD_TOO_LARGE' });
    const unsigned = await post(randomId('connection'), { 'Content-Type': 'application/json' }, body);
    expect(problem(unsigned)).toMatchObject({ status: 413, code: 'PAYLOAD_TOO_LARGE' });
  });

  it('is not read with a content encoding, nor as anything but JSON', async () => {
    const body = JSON.stringify(market.order());
    for (const more of [
      { 'Content-Encoding': 'gzip' },
      { 'Content-Encoding': 'identity' },
      { 'Content-Type': 'text/plain' },
    ]) {
      expect(problem(await signed(body, more))).toMatchObject({
        status: 415,
        code: 'UNSUPPORTED_MEDIA_TYPE',
      });
    }
  });

  it('is not read without a content type', async () => {
    const { id, secret, shop } = market.demo.connections.shopify;
    const body = JSON.stringify(market.order());
    const { 'Content-Type': _type, ...headers } = shopifyHeaders({
      secret,
      shop,
      topic: 'orders/create',
      body,
    });
    expect(problem(await post(id, headers, body))).toMatchObject({
      status: 415,
      code: 'UNSUPPORTED_MEDIA_TYPE',
    });
  });

  it('is told which of its fields are no order, and none of their values', async () => {
    const change = {
      id: 'canary-id',
      currency: 'canary',
      line_items: [{ id: 1, quantity: 'canary' }],
      updated_at: 'canary',
    };
    const answer = await signed(JSON.stringify({ ...market.order(), ...change }));
    const { status, errors } = problem(answer) as { status: number; errors: { path: string }[] };
    expect(status).toBe(400);
    expect(errors.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['id', 'currency', 'updated_at', 'line_items.0.quantity']),
    );
    expect(answer.body).not.toContain('canary');
  });

  it.each(['[]', '"text"', '1', 'null', 'true', '{}'])('is told that it is no order: %s', async (body) => {
    expect((await signed(body)).status).toBe(400);
  });

  it.each(['GET', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'])('is not taken by %s', async (method) => {
    const path = `/webhooks/${market.demo.connections.shopify.id}`;
    const answer = await wire.send(market.cloud.baseUrl, {
      method,
      path,
      headers: {},
      body: Buffer.alloc(0),
    });
    expect([answer.status, answer.headers['allow']]).toEqual([405, 'POST']);
  });

  it('is acknowledged when its topic is of no concern', async () => {
    expect((await signed('{"id":1}', { 'X-Shopify-Topic': 'products/update' })).status).toBe(200);
  });
});
