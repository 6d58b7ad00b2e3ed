import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomId } from '../../shared/domain/ids.ts';
import { cursorOf } from '../../shared/http/paging.ts';
import type { Answer, Merchant } from '../support/market.ts';
import { nobodysIds, orderBody } from './foreign-routes.ts';
import { addKey, revokeKey, startTrade, type Trade } from './trade.ts';

let trade: Trade;
let thirdsOrder: string;
beforeAll(async () => {
  trade = await startTrade();
  const made = await trade.third.call('POST', '/v1/orders', { body: orderBody() });
  thirdsOrder = (made.json as { id: string }).id;
});
afterAll(() => trade.market.cloud.stop());

const LISTS = ['/v1/orders', '/v1/erasures', '/v1/audit'];

/** Everything in a merchant's lists that names something: ids, and the shop's own numbers. */
async function namesIn(who: Merchant): Promise<Set<string>> {
  const pages = await Promise.all(LISTS.map((path) => who.call('GET', `${path}?limit=100`)));
  const text = pages.map((page) => page.text).join();
  return new Set(text.match(/\b(?:ord|ln|ful|aud|era|con|key|cmp)_[0-9a-z]{26}\b|"externalId":"\d+"/g));
}

/** An answer without the id of its request, and without the ids that the request itself named. */
function without({ status, text }: Answer, ...named: string[]) {
  const body = named.reduce((rest, id) => rest.replaceAll(id, '…'), text);
  return { status, body: body.replaceAll(/req_[0-9a-z]{26}/g, 'req_') };
}

describe('lists', () => {
  it('show to each company what is its own, and nothing of any other', async () => {
    const { retailer, supplier } = trade.market;
    const [mine, partners, thirds, lives] = await Promise.all(
      [retailer, supplier, trade.third, trade.live].map(namesIn),
    );
    expect(mine?.size).toBeGreaterThan(20);
    expect(partners?.size).toBeGreaterThan(5);
    expect(thirds).toContain(thirdsOrder);
    expect(lives).toEqual(new Set());
    const shared = (a?: Set<string>, b?: Set<string>) => [...(a ?? [])].filter((name) => b?.has(name));
    expect(shared(thirds, mine)).toEqual([]);
    expect(shared(thirds, partners)).toEqual([]);
    // Partners know one another's shipments and the ids of the orders between them; not a line, a shop or a key.
    const between = shared(mine, partners);
    expect(between.filter((name) => !/^(?:ord|ful)_/.test(name))).toEqual([]);
    expect(between).not.toContain(trade.own.order);
  });

  it('never show a supplier the id, the price or the shop of the order that it serves', async () => {
    const { retailer, supplier } = trade.market;
    const [supply] = trade.everyIdOf.supplier;
    const { text } = await supplier.call('GET', `/v1/orders/${supply?.order ?? ''}`);
    const json: unknown = (await retailer.call('GET', `/v1/orders/${trade.own.order}`)).json;
    const { id, source, totals, lines } = json as {
      id: string;
      source: { externalId: string; connectionId: string };
      totals: { total: number };
      lines: { id: string; unitPrice: number }[];
    };
    const hidden = [id, source.externalId, source.connectionId, totals.total, retailer.companyId];
    for (const value of [...hidden, ...lines.flatMap((line) => [line.id, line.unitPrice])]) {
      expect(text).not.toContain(String(value));
    }
  });

  it.each([
    ['/v1/orders', 'partner', (t: Trade) => t.market.demo.partnerId],
    ['/v1/audit', 'record', (t: Trade) => t.own.order],
    ['/v1/audit', 'record', (t: Trade) => t.market.retailer.companyId],
    ['/v1/audit', 'actor', (t: Trade) => t.market.demo.connections.shopify.id],
  ])('%s is empty when %s names something of another company', async (path, name, idOf) => {
    const answer = await trade.third.call('GET', `${path}?${name}=${idOf(trade)}`);
    expect(answer.json).toEqual({ data: [], next: null });
  });

  it.each(LISTS)('take a place in the list of another company as one in the own: %s', async (path) => {
    const json: unknown = (await trade.market.retailer.call('GET', `${path}?limit=1`)).json;
    const [row] = (json as { data: Record<'id' | 'createdAt' | 'requestedAt' | 'at', string>[] }).data;
    const after = cursorOf([row?.createdAt ?? row?.requestedAt ?? row?.at ?? '', row?.id ?? '']);
    const page = await trade.third.call('GET', `${path}?after=${after}`);
    expect(page.status).toBe(200);
    const own = await namesIn(trade.third);
    for (const { id } of (page.json as { data: { id: string }[] }).data) expect(own).toContain(id);
  });

  it('answer an existing and a made-up place alike', async () => {
    const json: unknown = (await trade.market.retailer.call('GET', '/v1/orders?limit=1')).json;
    const { next } = json as { next: string };
    const [time] = JSON.parse(Buffer.from(next, 'base64url').toString()) as [string, string];
    const madeUp = cursorOf([time, randomId('order')]);
    const [real, guessed] = await Promise.all(
      [next, madeUp].map((after) => trade.third.call('GET', `/v1/orders?after=${after}`)),
    );
    expect(real?.json).toEqual(guessed?.json);
  });

  it('refuse a cursor that was tampered with, by name', async () => {
    const id = trade.own.order;
    const at = '2026-01-01T00:00:00.000Z';
    const coded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const good = coded([at, id]);
    for (const after of [
      ...[
        '',
        'x',
        '%00',
        good.slice(0, -1),
        `${good}=`,
        `${good}A`,
        `${good}%20`,
        `%20${good}`,
        'a'.repeat(301),
      ],
      Buffer.from(JSON.stringify([at, id]))
        .toString('base64')
        .replaceAll('+', '%2B'),
      ...[[], [at], [id, at], [at, id, id], { 0: at, 1: id }, [at, `../${id}`], [at, null], [0, id]].map(
        coded,
      ),
      ...[
        ['2026-01-01', id],
        [`${at}\n`, id],
        [at, 'cmp_1/orders/ord_1'],
        [at, randomId('company')],
      ].map(coded),
      Buffer.from(`["${at}", "${id}"]`).toString('base64url'),
    ]) {
      const answer = await trade.market.retailer.call('GET', `/v1/orders?after=${after}`);
      expect(
        [answer.status, (answer.json as { errors?: { path: string }[] }).errors?.[0]?.path],
        after,
      ).toEqual([400, 'after']);
    }
  });
});

describe('ids within a body', () => {
  const quantities = (lineId: string) => ({ lines: [{ lineId, quantity: 1 }] });
  const ACTIONS = [
    ['fulfilments', quantities],
    ['cancel', quantities],
    ['decline', (lineId: string) => ({ lines: [{ lineId }] })],
    ['returns', quantities],
  ] as const;

  it.each(ACTIONS)('of others are no lines of the own order: %s', async (action, bodyOf) => {
    const [supply] = trade.everyIdOf.supplier;
    const callers: [Merchant, string, string | undefined][] = [
      [trade.third, thirdsOrder, trade.own.line],
      [trade.market.supplier, supply?.order ?? '', trade.own.line],
      [trade.market.retailer, trade.own.order, supply?.line],
    ];
    for (const [who, order, foreign = ''] of callers) {
      const at = `/v1/orders/${order}/${action}`;
      const nobodys = randomId('line');
      const unknown = without(await who.call('POST', at, { body: bodyOf(nobodys) }), nobodys);
      expect([400, 409]).toContain(unknown.status);
      expect(without(await who.call('POST', at, { body: bodyOf(foreign) }), foreign)).toEqual(unknown);
    }
  });

  it("of a partner's shipment are not the caller's to correct", async () => {
    const [supply] = trade.everyIdOf.supplier;
    const at = (fulfilment: string) => `/v1/orders/${trade.own.order}/fulfilments/${fulfilment}`;
    const body = { trackingNumbers: ['1Z1'] };
    const { retailer } = trade.market;
    const shipped = await retailer.call('PATCH', at(supply?.fulfilment ?? ''), { body });
    const unknown = await retailer.call('PATCH', at(nobodysIds().fulfilment), { body });
    expect(shipped.status).toBe(404);
    expect(without(shipped)).toEqual(without(unknown));
  });

  it('of another company are no way to say who is calling', async () => {
    const { companyId } = trade.market.retailer;
    const answer = await trade.third.call('POST', '/v1/orders', { body: orderBody({ companyId }) });
    expect(answer.json).toMatchObject({ status: 400, errors: [{ path: 'companyId' }] });
    const query = await trade.third.call('GET', `/v1/orders?companyId=${companyId}`);
    expect(query.json).toMatchObject({ status: 400, errors: [{ path: 'companyId' }] });
  });

  it('make one order for each company that uses the same external id and idempotency key', async () => {
    const { retailer, supplier } = trade.market;
    const call = { body: orderBody({ externalId: 'same' }), headers: { 'Idempotency-Key': 'same' } };
    const made = await Promise.all(
      [retailer, supplier, trade.live].map((who) => who.call('POST', '/v1/orders', call)),
    );
    expect(made.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(new Set(made.map(({ json }) => (json as { id: string }).id)).size).toBe(3);
  });

  it('show a company no supplier and no price but those of its own partners', async () => {
    const body = { currency: 'USD', lines: [{ sku: 'IPOD2008GREEN', quantity: 1 }] };
    const preview = async (who: Merchant) =>
      (await who.call('POST', '/v1/orders/preview', { body })).json as unknown;
    const { partnerId } = trade.market.demo;
    expect(await preview(trade.market.retailer)).toMatchObject({
      lines: [{ supplier: partnerId }],
      total: 15_000,
    });
    for (const who of [trade.third, trade.live, trade.market.supplier]) {
      expect(await preview(who)).toMatchObject({ lines: [{ supplier: null, unitPrice: null }], total: 0 });
    }
  });
});

describe('a key that was in use', () => {
  it('is refused half a minute after it was revoked', async () => {
    const { cloud, retailer, seed } = trade.market;
    const { apiKey } = await addKey(seed, retailer.companyId, {});
    expect((await retailer.call('GET', '/v1/orders', { apiKey })).status).toBe(200);
    await revokeKey(seed, apiKey);
    await cloud.clock.advance(30_001);
    expect((await retailer.call('GET', '/v1/orders', { apiKey })).status).toBe(401);
  });

  it('is refused from the moment on at which it expires', async () => {
    const { cloud, retailer, seed } = trade.market;
    const expiresAt = new Date(cloud.clock.now() + 20_000).toISOString();
    const { apiKey } = await addKey(seed, retailer.companyId, { expiresAt });
    expect((await retailer.call('GET', '/v1/orders', { apiKey })).status).toBe(200);
    await cloud.clock.advance(20_001);
    expect((await retailer.call('GET', '/v1/orders', { apiKey })).status).toBe(401);
  });
});
