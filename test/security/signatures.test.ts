import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedConnection, standardKeys } from '../../local/seed.ts';
import { shopifyHeaders } from '../../local/shops/shopify.ts';
import { standardHeaders, type StandardSigning } from '../../local/shops/standard.ts';
import { storeConnection } from '../../shared/commerce/connections.ts';
import { randomId } from '../../shared/domain/ids.ts';
import { type Market, startMarket } from '../support/market.ts';
import { orderBody } from './foreign-routes.ts';
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
type Change = (headers: Headers) => Headers;

function post(connectionId: string, headers: Headers, body: string | Buffer): Promise<WireAnswer> {
  const path = `/webhooks/${connectionId}`;
  return wire.send(market.cloud.baseUrl, { method: 'POST', path, headers, body: Buffer.from(body) });
}

/** A fresh order of the Shopify shop, correctly signed, then changed. */
function shopify(change: Change = (headers) => headers, connectionId?: string): Promise<WireAnswer> {
  const { id, secret, shop } = market.demo.connections.shopify;
  const body = JSON.stringify(market.order());
  const headers = shopifyHeaders({ secret, shop, topic: 'orders/create', body });
  return post(connectionId ?? id, change(headers), body);
}

let count = 0;

/** A fresh Standard Webhooks event, as signed as it is asked for, then changed. */
function standard(
  signing: Omit<StandardSigning, 'body'>,
  change: Change = (headers) => headers,
  connectionId?: string,
): Promise<WireAnswer> {
  count += 1;
  const at = new Date(market.cloud.clock.now()).toISOString();
  const data = { ...orderBody({ externalId: `signed-${count}` }), updatedAt: at };
  const body = JSON.stringify({ type: 'order.created', timestamp: at, data });
  const headers = standardHeaders({ body, at: market.cloud.clock.now(), ...signing });
  return post(connectionId ?? market.demo.connections.standard.id, change(headers), body);
}

/** What a sender can see of an answer, but for what is new in each. */
function seen({ status, headers, body }: WireAnswer) {
  const { date: _date, 'request-id': _id, ...others } = headers;
  return { status, headers: others, body: body.replaceAll(/req_[0-9a-z]{26}/g, 'req_') };
}

const without =
  (name: string): Change =>
  (headers) =>
    Object.fromEntries(Object.entries(headers).filter(([each]) => each !== name));
const withHeaders =
  (more: Headers): Change =>
  (headers) => ({ ...headers, ...more });

describe('a refused signature', () => {
  const BAD = Buffer.alloc(32, 7).toString('base64');
  const mac = 'X-Shopify-Hmac-SHA256';
  const refused: [string, () => Promise<WireAnswer>][] = [
    ['a wrong one', () => shopify(withHeaders({ [mac]: BAD }))],
    ['none', () => shopify(without(mac))],
    ['an empty one', () => shopify(withHeaders({ [mac]: '' }))],
    [
      'one in hex',
      () => shopify((h) => ({ ...h, [mac]: Buffer.from(h[mac] ?? '', 'base64').toString('hex') })),
    ],
    ['one in base64url', () => shopify((h) => ({ ...h, [mac]: `${(h[mac] ?? '').slice(0, 42)}_=` }))],
    ['one and another', () => shopify((h) => ({ ...h, [mac]: `${h[mac] ?? ''}, ${BAD}` }))],
    ['one of another shop', () => shopify(withHeaders({ 'X-Shopify-Shop-Domain': 'other.myshopify.com' }))],
    ['a good one for an unknown connection', () => shopify(undefined, randomId('connection'))],
    ['a good one for a malformed id', () => shopify(undefined, 'con_x')],
    ['a good one for an id of another kind', () => shopify(undefined, market.retailer.companyId)],
    ['a good one for a name of a prototype', () => shopify(undefined, '__proto__')],
    ['a good one for the other connection', () => shopify(undefined, market.demo.connections.standard.id)],
    [
      'an API key instead',
      () => shopify((h) => ({ ...without(mac)(h), Authorization: `Bearer ${market.retailer.apiKey}` })),
    ],
    ['no Standard Webhooks signature', () => standard({})],
    ['a Standard Webhooks key of somebody else', () => standard({ secrets: [standardKeys().secret] })],
    ['an Ed25519 key of somebody else', () => standard({ privateKeys: [standardKeys().privateKey] })],
    ['no id', () => standard({ secrets: [market.demo.connections.standard.secret] }, without('webhook-id'))],
    [
      'no timestamp',
      () => standard({ secrets: [market.demo.connections.standard.secret] }, without('webhook-timestamp')),
    ],
    [
      'another id than was signed',
      () =>
        standard(
          { secrets: [market.demo.connections.standard.secret] },
          withHeaders({ 'webhook-id': 'msg_2' }),
        ),
    ],
    [
      'a v1 signature as v1a',
      () =>
        standard({ secrets: [market.demo.connections.standard.secret] }, (h) => ({
          ...h,
          'webhook-signature': (h['webhook-signature'] ?? '').replace('v1,', 'v1a,'),
        })),
    ],
    [
      'a good one for an unknown connection of Standard Webhooks',
      () =>
        standard({ secrets: [market.demo.connections.standard.secret] }, undefined, randomId('connection')),
    ],
  ];

  it.each(refused)('is answered like every other: %s', async (_what, send) => {
    const reference = seen(await shopify(withHeaders({ [mac]: BAD })));
    expect(reference).toMatchObject({ status: 401, headers: { 'cache-control': 'no-store' } });
    expect(seen(await send())).toEqual(reference);
  });

  it('is refused before anything of the body is read', async () => {
    const answer = await post(
      market.demo.connections.shopify.id,
      { 'Content-Type': 'application/json' },
      '{"id":"x"}',
    );
    expect(answer.status).toBe(401);
  });

  it.each([-330, -3600, 330, 3600])(
    'is what a good one becomes %i seconds away from now',
    async (seconds) => {
      const { secret, privateKey } = market.demo.connections.standard;
      const at = market.cloud.clock.now() + seconds * 1000;
      for (const keys of [{ secrets: [secret] }, { privateKeys: [privateKey] }]) {
        expect((await standard({ ...keys, at })).status).toBe(401);
      }
    },
  );
});

describe('a good signature', () => {
  it('of Shopify is taken, whatever the case of the shop, and without its name', async () => {
    const { shop } = market.demo.connections.shopify;
    expect((await shopify()).status).toBe(200);
    expect((await shopify(withHeaders({ 'X-Shopify-Shop-Domain': shop.toUpperCase() }))).status).toBe(200);
    expect((await shopify(without('X-Shopify-Shop-Domain'))).status).toBe(200);
  });

  it('of Standard Webhooks is taken as v1, as v1a, and beside others', async () => {
    const { secret, privateKey } = market.demo.connections.standard;
    const other = standardKeys();
    for (const keys of [
      { secrets: [secret] },
      { privateKeys: [privateKey] },
      { secrets: [other.secret, secret], privateKeys: [other.privateKey] },
      { secrets: [other.secret], privateKeys: [other.privateKey, privateKey] },
    ]) {
      expect((await standard(keys)).status).toBe(200);
    }
  });

  it.each([-270, 270])('is taken %i seconds away from now', async (seconds) => {
    const { secret } = market.demo.connections.standard;
    const at = market.cloud.clock.now() + seconds * 1000;
    expect((await standard({ secrets: [secret], at })).status).toBe(200);
  });

  it('is taken with the old secret and the new one while they are rotated, and then with the new one alone', async () => {
    const { seed, retailer } = market;
    const [old, fresh] = [standardKeys(), standardKeys()];
    const secrets = (keys: (typeof old)[]) => ({
      ...({
        platform: 'standard',
        secrets: keys.map((key) => key.secret),
        publicKeys: keys.map((key) => key.publicKey),
      } as const),
    });
    const id = await seedConnection(retailer.companyId, secrets([old, fresh]), seed);
    const statuses = async (): Promise<number[]> => {
      const signings = [old, fresh].flatMap((key) => [
        { secrets: [key.secret] },
        { privateKeys: [key.privateKey] },
      ]);
      const answers = await Promise.all(signings.map((signing) => standard(signing, undefined, id)));
      return answers.map(({ status }) => status);
    };
    expect(await statuses()).toEqual([200, 200, 200, 200]);
    await storeConnection({ id, companyId: retailer.companyId, secrets: secrets([fresh]) }, seed);
    await market.cloud.clock.advance(30_001);
    expect(await statuses()).toEqual([401, 401, 200, 200]);
  });

  it('of a Shopify app is taken with both of its secrets', async () => {
    const { seed, retailer } = market;
    const shop = 'rotating.myshopify.com';
    const connection = { platform: 'shopify', secrets: ['the old secret', 'the new secret'], shop } as const;
    const id = await seedConnection(
      retailer.companyId,
      { ...connection, secrets: [...connection.secrets] },
      seed,
    );
    for (const secret of connection.secrets) {
      const body = JSON.stringify(market.order());
      const headers = shopifyHeaders({ secret, shop, topic: 'orders/create', body });
      expect((await post(id, headers, body)).status).toBe(200);
    }
  });
});
