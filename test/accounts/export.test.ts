import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ExportSource, fetchExport } from '../../infra/export-folder.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { randomId } from '../../shared/domain/ids.ts';
import { connectedSide } from '../../shared/domain/partner.ts';
import { eventually, type Market, startMarket } from '../support/market.ts';

let market: Market;
let folder: string;
let orderId: string;
const PARTNERS = 45;
beforeAll(async () => {
  market = await startMarket();
  folder = await mkdtemp(join(tmpdir(), 'strongroom-export-'));
  ({ orderId } = await market.routed());
  const { db } = market.seed;
  const batch = db.batch();
  for (let each = 1; each < PARTNERS; each += 1) {
    const partner = connectedSide(randomId('company'), 'retailer', '2026-11-23T09:00:00.000Z');
    batch.create(db.doc(paths.partner(market.retailer.companyId, randomId('partner'))), partner);
  }
  const { companyId } = market.retailer;
  const { shopify } = market.demo.connections;
  const at = '2026-11-23T09:00:00.000Z';
  batch.create(db.doc(paths.pull(companyId, randomId('pull'))), {
    ...{ companyId, connectionId: shopify.id, externalId: '4711', requestedAt: at, attempts: 0 },
    ...{ notBefore: '2100-01-01T00:00:00.000Z', due: 1 },
  });
  batch.create(db.doc(paths.privacyRequest(companyId, randomId('privacy'))), {
    ...{ companyId, connectionId: shopify.id, kind: 'shop_redact', orders: [], requestedAt: at, until: at },
    ...{ state: 'done', cursor: '', waiting: 0 },
  });
  await batch.commit();
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await market.cloud.stop();
});

const source = (change: Partial<ExportSource> = {}): ExportSource => ({
  baseUrl: market.cloud.baseUrl,
  apiKey: market.demo.retailer.apiKey,
  fetch,
  wait: () => Promise.resolve(),
  ...change,
});
const linesOf = async (file: string): Promise<Record<string, unknown>[]> =>
  (await readFile(join(folder, file), 'utf8'))
    .trim()
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const get = (path: string, key = market.demo.retailer.apiKey) =>
  fetch(market.cloud.baseUrl + path, { headers: { Authorization: `Bearer ${key}` } });

describe('an export', () => {
  it('holds everything of the company, opened, and nothing that opens anything', async () => {
    const totals = await fetchExport(folder, source());
    expect(totals).toMatchObject({ orders: 1, members: 1, apiKeys: 1, connections: 2, partners: PARTNERS });
    expect(totals).toMatchObject({ pulls: 1, privacyRequests: 1, endpoints: 0, deliveries: 0 });
    expect(await linesOf('pulls-00001.ndjson')).toMatchObject([{ externalId: '4711', attempts: 0 }]);
    expect(await linesOf('privacyRequests-00001.ndjson')).toMatchObject([{ kind: 'shop_redact' }]);
    const [connection] = await linesOf('connections-00001.ndjson');
    expect(Object.keys(connection ?? {})).toEqual([
      ...[
        'id',
        'platform',
        'name',
        'shop',
        'state',
        'scopes',
        'overlapUntil',
        'health',
        'catalogue',
        'createdAt',
      ],
    ]);
    const [order] = await linesOf('orders-00001.ndjson');
    expect(order).toMatchObject({ id: orderId, opened: true, shipTo: { country: 'US' } });
    const single = await market.retailer.call('GET', `/v1/orders/${orderId}`);
    expect(order).toEqual({ ...(single.json as object), opened: true });
    expect(await linesOf('members-00001.ndjson')).toMatchObject([{ email: 'retailer@demo.example' }]);
    const { shopify, standard } = market.demo.connections;
    const files = (await readdir(folder)).filter((name) => name.endsWith('.ndjson'));
    const all = (await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')))).join('');
    for (const secret of [
      shopify.secret,
      standard.secret,
      '$argon2',
      market.demo.retailer.apiKey.slice(12),
    ]) {
      expect(all).not.toContain(secret);
    }
    expect(all).not.toContain(market.supplier.companyId);
    const manifest = decodeJwt(await readFile(join(folder, 'manifest.jws'), 'utf8'));
    expect(manifest).toMatchObject({ sub: market.retailer.companyId, company: { mode: 'test' } });
    const audit = await linesOf('audit-00001.ndjson');
    expect(audit.map(({ action }) => action)).toEqual(expect.arrayContaining(['order.received']));
  });

  it('leaves one entry for a part that opens records', async () => {
    const before = (await entries()).length;
    const part = await get('/v1/export/orders');
    expect(part.headers.get('audit-entry')).toMatch(/^aud_/);
    expect((await entries()).length).toBe(before + 1);
    expect((await entries())[0]).toMatchObject({ facts: { orders: 1 }, actor: { type: 'api_key' } });
    expect((await get('/v1/export/connections')).headers.get('audit-entry')).toBeNull();
    expect((await entries()).length).toBe(before + 1);
  });

  it('tells in the log what a part opens before it is opened, so also when the part never comes', async () => {
    const { db } = market.seed;
    const { companyId } = market.retailer;
    const damaged = db.doc(`${paths.orders(companyId)}/${orderId}`);
    const whole = (await damaged.get()).data() ?? {};
    const member = (await db.collection(paths.members(companyId)).get()).docs[0]?.ref ?? expect.fail();
    const wholeMember = (await member.get()).data() ?? {};
    await damaged.update({ totals: null, lines: null });
    await member.update({ role: 'nobody' });
    try {
      const before = (await entries()).length;
      expect((await get('/v1/export/orders')).status).toBe(500);
      expect((await get('/v1/export/members')).status).toBe(500);
      expect((await entries()).length).toBe(before + 2);
      expect((await entries()).slice(0, 2)).toMatchObject([
        { facts: { quantity: 1 } },
        { facts: { orders: 1 } },
      ]);
    } finally {
      await damaged.set(whole);
      await member.set(wholeMember);
    }
  });

  it('is fetched in parts that follow each other, wherever one begins', async () => {
    const { db } = market.seed;
    const ids = (await db.collection(paths.partners(market.retailer.companyId)).get()).docs.map(
      ({ id }) => id,
    );
    const after = ids[ids.length - 3] ?? '';
    const text = await (await get(`/v1/export/partners.${after}`)).text();
    const lines = text.trim().split('\n');
    expect(lines.slice(0, -1).map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(ids.slice(-2));
    const { part } = JSON.parse(lines.at(-1) ?? '') as { part: string };
    expect(decodeProtectedHeader(part)).toMatchObject({ typ: 'strongroom-export-part+jwt', alg: 'ES256' });
    expect(decodeJwt(part)).toMatchObject({ part: `partners.${after}`, records: 2, next: null });
  });

  it('ends a part at five hundred records and names the next', async () => {
    const { db } = market.seed;
    const { companyId } = market.supplier;
    for (let page = 0; page < 2; page += 1) {
      const batch = db.batch();
      for (let each = 0; each < 255; each += 1) {
        const sku = `SKU-${page}-${each}`;
        const product = { sku, title: sku, price: 100, currency: 'USD', active: true };
        batch.create(db.doc(paths.product(companyId, sku)), product);
      }
      await batch.commit();
    }
    const out = join(folder, 'supplier');
    const parts: string[] = [];
    const totals = await fetchExport(out, source({ apiKey: market.demo.supplier.apiKey }), (so) => {
      if (so.kind === 'products') parts.push(`${so.part}: ${so.records}`);
    });
    expect(totals['products']).toBe(512);
    expect(parts).toEqual(['1: 500', '2: 512']);
  });

  it('is not for keys without the scope, nor for parts that are none', async () => {
    for (const name of [
      'secrets',
      'orders.',
      'orders.ptn_x',
      `orders.${market.demo.partnerId}`,
      'products.__x__',
    ]) {
      expect([name, (await get(`/v1/export/${name}`)).status]).toEqual([name, 404]);
    }
    expect((await get('/v1/export', 'nothing')).status).toBe(401);
  });

  it('says of an order that was erased that it can not be opened', async () => {
    const erased = await market.routed();
    await market.retailer.call('POST', `/v1/orders/${erased.orderId}/cancel`, { body: {} });
    await market.retailer.call('POST', `/v1/orders/${erased.orderId}/archive`);
    await market.retailer.call('DELETE', `/v1/orders/${erased.orderId}`);
    await eventually(async () => {
      const text = await (await get('/v1/export/orders', market.demo.supplier.apiKey)).text();
      const lines = text.split('\n').filter((line) => line.includes(erased.supplyOrderId));
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({ opened: false });
    });
  });
});

describe('fetching an export', () => {
  it('goes on where it stopped, and fetches again what was touched', async () => {
    const out = join(folder, 'again');
    let asked = 0;
    const breaking: typeof fetch = async (...call) => {
      asked += 1;
      if (asked > 6) throw new Error('the line is cut');
      return fetch(...call);
    };
    await expect(fetchExport(out, source({ fetch: breaking }))).rejects.toThrow('answered nothing');
    const orders = join(out, 'members-00001.ndjson');
    await writeFile(orders, (await readFile(orders, 'utf8')).replace('retailer@', 'somebody@'));
    const kept: string[] = [];
    const fetched: string[] = [];
    await fetchExport(out, source(), (so) => (so.kept ? kept : fetched).push(so.kind));
    expect(kept).toEqual(['invitations', 'apiKeys', 'partners']);
    expect(fetched).toContain('members');
  });

  it('repeats what may pass, and takes no part for another', async () => {
    let failures = 2;
    const busy: typeof fetch = async (...call) =>
      failures-- > 0 ? new Response(null, { status: 503 }) : fetch(...call);
    await expect(fetchExport(join(folder, 'busy'), source({ fetch: busy }))).resolves.toBeDefined();
    const mixed: typeof fetch = (url, init) =>
      fetch(typeof url === 'string' ? url.replace('/partners', '/connections') : url, init);
    const failing = fetchExport(join(folder, 'mixed'), source({ fetch: mixed }));
    await expect(failing).rejects.toThrow('is not what its signature says');
  });
});

describe('what is fetched', () => {
  it('takes no statement that another key, algorithm or type signed', async () => {
    const answer = await get('/v1/export');
    const { manifest } = (await answer.json()) as { manifest: string };
    const header = decodeProtectedHeader(manifest) as { kid: string };
    const claims = decodeJwt(manifest);
    const { privateKey } = await generateKeyPair('ES256');
    const signed = (alg: string, typ: string, key: Parameters<SignJWT['sign']>[0]) =>
      new SignJWT(claims).setProtectedHeader({ alg, typ, kid: header.kid }).sign(key);
    const coded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const partOf = async (): Promise<string> => {
      const lines = (await (await get('/v1/export/partners')).text()).trim().split('\n');
      return (JSON.parse(lines.at(-1) ?? '') as { part: string }).part;
    };
    const forged = {
      'another key': await signed('ES256', 'strongroom-export+jwt', privateKey),
      'a MAC with the public key': await signed(
        ...(['HS256', 'strongroom-export+jwt', Buffer.from(JSON.stringify(header).padEnd(32))] as const),
      ),
      'no signature': `${coded({ ...header, alg: 'none' })}.${coded(claims)}.`,
      'changed claims': manifest.replace(/\.[^.]+\./, `.${coded({ ...claims, sub: randomId('company') })}.`),
      'a statement of another type': await partOf(),
    };
    for (const [what, jws] of Object.entries(forged)) {
      const lying: typeof fetch = (url, init) =>
        typeof url === 'string' && url.endsWith('/v1/export')
          ? Promise.resolve(Response.json({ manifest: jws }))
          : fetch(url, init);
      const fetching = fetchExport(join(folder, what.replaceAll(' ', '-')), source({ fetch: lying }));
      await expect(fetching, what).rejects.toThrow();
    }
  });
});

async function entries(): Promise<object[]> {
  const answer = await market.retailer.call('GET', '/v1/audit?action=export.opened');
  return (answer.json as { data: object[] }).data;
}
