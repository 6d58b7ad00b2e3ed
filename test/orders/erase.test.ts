import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { randomId } from '../../shared/domain/ids.ts';
import { orderHash } from '../../shared/orders/erasure.ts';
import { eventually, type Market, type Merchant, startMarket } from '../support/market.ts';
import {
  act,
  actions,
  call,
  done,
  failing,
  type ListedOrder,
  log,
  newMerchant,
  orderInput,
  peek,
  push,
  read,
  type SeenErasure,
  type SeenOrder,
  trade,
  writesOf,
} from './trading.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterEach(() => {
  for (const name of ['orders', 'erase'] as const) market.cloud.doors[name].setFault(null);
});
afterAll(() => market.cloud.stop());

const HOUR = 60 * 60_000;

/** A trade that has ended and is put away on both sides. */
async function archived(): Promise<{ own: SeenOrder; supply: SeenOrder }> {
  const { own, supply } = await trade(market);
  await act(market.supplier, supply.id, 'fulfilments');
  await act(market.retailer, own.id, 'cancel');
  expect((await act(market.retailer, own.id, 'archive')).status).toBe(200);
  expect((await act(market.supplier, supply.id, 'archive')).status).toBe(200);
  return { own, supply };
}

const erasure = async (who: Merchant, id: string): Promise<SeenErasure> =>
  (await call<SeenErasure>(who, 'GET', `/v1/erasures/${id}`)).json;

function until(who: Merchant, id: string, state: SeenErasure['state']): Promise<SeenErasure> {
  return eventually(async () => {
    const now = await erasure(who, id);
    expect(now.state).toBe(state);
    return now;
  });
}

async function statement(certificate: string | null): Promise<Record<string, unknown>> {
  const jwks = (await (await fetch(`${market.cloud.baseUrl}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
  const { payload } = await compactVerify(certificate ?? '', createLocalJWKSet(jwks));
  return JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>;
}

const remove = (who: Merchant, id: string) => call<SeenErasure>(who, 'DELETE', `/v1/orders/${id}`);

describe('deleting an order', () => {
  it('twice answers the same erasure, and afterwards there is no such order', async () => {
    const { own, supply } = await archived();
    failing(market.cloud.doors.orders, ({ topic }) => topic === 'erasures');
    const first = await remove(market.retailer, own.id);
    const second = await remove(market.retailer, own.id);
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(second.json).toEqual(first.json);
    expect(first.json).toMatchObject({ state: 'pending', orders: [own.id], views: [], certificate: null });
    expect([first.auditEntry, second.auditEntry]).toEqual([expect.stringMatching(/^aud_/), null]);
    market.cloud.doors.orders.setFault(null);

    expect((await remove(market.retailer, own.id)).status).toBe(202);
    await until(market.retailer, first.json.id, 'destroyed');
    expect((await remove(market.retailer, own.id)).status).toBe(404);
    expect((await call(market.retailer, 'GET', `/v1/orders/${own.id}`)).status).toBe(404);
    expect(await market.seed.keyring.recordKeyExists(own.id)).toBe(false);
    const left = await read(market.supplier, supply.id);
    expect(left).toMatchObject({ shipTo: null, code: '', state: 'fulfilled' });
    expect((await remove(market.supplier, supply.id)).code).toBe('ORDER_ERASED');
    expect(await actions(market.retailer, own.id)).toEqual(
      expect.arrayContaining(['order.archived', 'order.erasing', 'order.erased']),
    );
    expect((await actions(market.supplier, supply.id)).at(-1)).toBe('order.erased_by_owner');
  });

  it('keeps the first certificate when its message comes several times at once', async () => {
    const { own } = await archived();
    failing(market.cloud.doors.orders, ({ topic }) => topic === 'erasures');
    const { json } = await remove(market.retailer, own.id);
    const message = { companyId: market.retailer.companyId, erasureId: json.id };
    const path = `companies/${market.retailer.companyId}/erasures/${json.id}`;
    const writes = await writesOf(market, 'erase', async () => {
      const statuses = await Promise.all(Array.from({ length: 6 }, () => push(market, 'erase', message)));
      expect(new Set(statuses)).toEqual(new Set([204]));
    });
    expect(writes.filter((write) => write === `update ${path}`)).toHaveLength(1);
    const erased = (await log(market.retailer, own.id)).filter(({ action }) => action === 'order.erased');
    expect(erased).toHaveLength(1);
    expect(erased[0]?.facts).toEqual({ erasureId: json.id });
  });

  it('by a partner takes its wrap and its view, and the owner still opens the order', async () => {
    const { own, supply } = await archived();
    const { json } = await remove(market.supplier, supply.id);
    expect(json).toMatchObject({ orders: [], views: [supply.id] });
    const destroyed = await until(market.supplier, json.id, 'destroyed');
    expect(await statement(destroyed.certificate)).toMatchObject({
      orders: [],
      views: [orderHash(supply.id)],
    });

    const left = await read(market.supplier, supply.id);
    expect(left).toMatchObject({ shipTo: null, code: '', state: 'fulfilled' });
    expect(left.erasedAt).not.toBeNull();
    expect(left.lines.map((line) => [line.sku, line.fulfilledQuantity])).toEqual(
      supply.lines.map((line) => [line.sku, line.quantity]),
    );
    const owner = { companyId: market.retailer.companyId, orderId: own.id };
    const holder = { companyId: market.supplier.companyId, orderId: supply.id };
    await expect(market.seed.keyring.recordKey(owner, holder)).rejects.toMatchObject({ code: 'KEY_GONE' });
    expect((await read(market.retailer, own.id)).shipTo).toEqual(own.shipTo);
    expect(await actions(market.retailer, own.id)).not.toContain('order.erasing');
    // Asking again answers what was done.
    expect((await remove(market.supplier, supply.id)).json).toEqual(destroyed);
  });

  it('is refused for what is not archived, is not there, or is somebody else’s', async () => {
    const { own, supply } = await trade(market);
    expect((await remove(market.retailer, own.id)).code).toBe('ORDER_NOT_ARCHIVED');
    expect((await remove(market.supplier, supply.id)).code).toBe('ORDER_NOT_ARCHIVED');
    expect((await remove(market.supplier, own.id)).code).toBe('NOT_FOUND');
    expect((await remove(market.retailer, supply.id)).code).toBe('NOT_FOUND');
  });
});

describe('deleting all that is archived', () => {
  it('covers own orders and partners’ orders at once, and nothing else', async () => {
    const merchant = await newMerchant(market);
    const made = await Promise.all(
      Array.from({ length: 30 }, async () => {
        const { json } = await call(merchant, 'POST', '/v1/orders', orderInput('NOBODY'));
        await done(market, merchant, json.id);
        await act(merchant, json.id, 'cancel');
        return json.id;
      }),
    );
    const [kept = '', ...others] = made;
    expect((await call(merchant, 'POST', '/v1/orders/erase-archived')).status).toBe(204);
    for (const id of others) await act(merchant, id, 'archive');

    const both = await Promise.all(
      [1, 2].map(() => call<SeenErasure & { more: boolean }>(merchant, 'POST', '/v1/orders/erase-archived')),
    );
    const asked = both.filter(({ status }) => status === 202);
    // Of two at once each order is in one of them.
    expect(asked.flatMap(({ json }) => json.orders).sort()).toEqual(others.sort());
    expect(asked.every(({ json }) => !json.more)).toBe(true);
    for (const { json } of asked) {
      const destroyed = await until(merchant, json.id, 'destroyed');
      expect(await statement(destroyed.certificate)).toMatchObject({ orders: json.orders.map(orderHash) });
    }
    const { json } = await call<{ data: ListedOrder[] }>(merchant, 'GET', '/v1/orders?limit=100');
    expect(json.data.map((order) => order.id)).toEqual([kept]);
    expect((await call(merchant, 'POST', '/v1/orders/erase-archived')).status).toBe(204);
    const ids = asked.map(({ json: { id } }) => id);
    expect((await actions(merchant, ids[0] ?? ''))[0]).toBe('orders.erase_archived');
    const listed = await call<{ data: SeenErasure[] }>(merchant, 'GET', '/v1/erasures');
    expect(listed.json.data.map(({ id }) => id).sort()).toEqual(ids.sort());
  });

  it('takes five hundred at once and says that others are left', async () => {
    const merchant = await newMerchant(market);
    const batch = market.seed.db.batch();
    for (let count = 0; count < 501; count += 1) {
      const order = { partner: null, archived: true, erasing: null, erasedAt: null };
      batch.create(market.seed.db.doc(`companies/${merchant.companyId}/orders/${randomId('order')}`), order);
    }
    await batch.commit();
    failing(market.cloud.doors.orders, ({ topic }) => topic === 'erasures');
    type Asked = SeenErasure & { more: boolean };
    const first = await call<Asked>(merchant, 'POST', '/v1/orders/erase-archived');
    const second = await call<Asked>(merchant, 'POST', '/v1/orders/erase-archived');
    expect([first, second].map(({ json }) => [json.orders.length, json.more])).toEqual([
      [500, true],
      [1, false],
    ]);
    expect(first.json.orders).not.toContain(second.json.orders[0]);
  });

  it('tells own orders from views', async () => {
    const { own, supply } = await archived();
    const asked = await call<SeenErasure>(market.supplier, 'POST', '/v1/orders/erase-archived');
    expect(asked.json.orders).toEqual([]);
    expect(asked.json.views).toContain(supply.id);
    await until(market.supplier, asked.json.id, 'destroyed');
    expect((await read(market.retailer, own.id)).shipTo).toEqual(own.shipTo);
  });
});

describe('after the horizon', () => {
  it('an erasure is confirmed by a second certificate, also when that fails for long at first', async () => {
    const { own } = await archived();
    const { json } = await remove(market.retailer, own.id);
    const destroyed = await until(market.retailer, json.id, 'destroyed');
    const horizon = Date.parse(destroyed.horizon ?? '');
    expect(horizon - Date.parse(destroyed.destroyedAt ?? '')).toBe(HOUR);
    const first = await statement(destroyed.certificate);
    expect(first).toMatchObject({ state: 'destroyed', jti: json.id, horizon: destroyed.horizon });

    // Too early: nothing changes, whoever asks.
    const message = { companyId: market.retailer.companyId, erasureId: json.id };
    expect(await push(market, 'erase', message)).toBe(204);
    expect(await erasure(market.retailer, json.id)).toEqual(destroyed);

    failing(market.cloud.doors.erase, ({ method }) => method === 'AsymmetricSign');
    const path = `companies/${market.retailer.companyId}/erasures/${json.id}`;
    const slot = async () => (await market.seed.db.doc(path).get()).get('confirmDue') as string | undefined;
    const before = await slot();
    await market.cloud.clock.advance(2 * HOUR);
    await eventually(async () => {
      // Given up by Pub/Sub, it is due again in a later hour.
      expect(await slot()).not.toBe(before);
    }, 60_000);
    market.cloud.doors.erase.setFault(null);
    expect((await erasure(market.retailer, json.id)).state).toBe('destroyed');
    await market.cloud.clock.advance(HOUR);

    const confirmed = await until(market.retailer, json.id, 'confirmed');
    expect(confirmed.certificate).not.toBe(destroyed.certificate);
    const second = await statement(confirmed.certificate);
    expect(second).toMatchObject({ ...first, iat: second['iat'], state: 'confirmed' });
    expect(second['iat']).toBeGreaterThanOrEqual(Math.floor(horizon / 1000));
    expect(await slot()).toBeUndefined();
    expect(await actions(market.retailer, json.id)).toEqual(['erasure.confirmed']);
    expect(await peek(market, market.retailer, own.id)).toBeUndefined();
  });
});
