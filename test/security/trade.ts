import { expect } from 'vitest';
import { seedCompany } from '../../local/seed.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { apiKeyHash, type Mode, type Scope, SCOPES } from '../../shared/domain/api-key.ts';
import { randomId } from '../../shared/domain/ids.ts';
import { timestamp } from '../../shared/domain/time.ts';
import { storeApiKey } from '../../shared/http/authenticate.ts';
import { eventually, type Market, type Merchant, startMarket } from '../support/market.ts';
import { type Ids, nobodysIds } from './foreign-routes.ts';

/** Two merchants in the middle of their trade, and everybody who is not to see it. */
export interface Trade {
  market: Market;
  /** A test company that is connected to nobody. */
  third: Merchant;
  /** A company in live mode, whose key is a live one. */
  live: Merchant;
  /** The retailer's ids: of an order that is under way, with a shipment, and of an erasure. */
  own: Ids;
  /** Orders in every state that an order can be in: under way, held, archived, erased. */
  everyIdOf: Record<'retailer' | 'supplier' | 'both', Ids[]>;
  /** The retailer's keys that do not work, and for each scope one that has all the others. */
  keys: { expired: string; revoked: string; without: Record<Scope, string> };
  /** Everything that lists show to both merchants. */
  stateOfAll(): Promise<unknown>;
  /** The same before any test ran. */
  before: unknown;
}

/** The caller stops `market.cloud`. */
export async function startTrade(): Promise<Trade> {
  const market = await startMarket();
  const { retailer, supplier, seed } = market;
  const third = market.merchant(await seedCompany('Third', 'third@demo.example', seed));
  const live = await liveMerchant(market);

  const [active, held, archived, erased] = await Promise.all([
    underWay(market),
    heldOrder(market),
    archivedOrder(market),
    archivedOrder(market),
  ]);
  const erasure = await erase(retailer, erased);
  const finished = await shippedBySupplier(market);
  const view = await erase(supplier, finished);

  const own: Ids = {
    ...active.retailer,
    erasure,
    partner: await invited(retailer, 'invited-1@demo.example'),
    entry: await newestEntry(retailer),
  };
  const partner = await invited(supplier, 'invited-2@demo.example');
  const entry = await newestEntry(supplier);
  const supplierIds: Ids = { ...active.supplier, erasure: view, partner, entry };
  const connected: Ids = { ...own, partner: market.demo.partnerId };
  const of = (order: string): Ids => ({ ...own, order });
  const ids = {
    retailer: [own, of(held), of(archived), of(erased)],
    supplier: [supplierIds, { ...supplierIds, order: finished }],
  };
  const stateOfAll = async (): Promise<unknown> => {
    const lists = ['/v1/orders?limit=100', '/v1/erasures', '/v1/audit?limit=100', '/v1/partners'];
    const calls = [retailer, supplier].flatMap((who) => lists.map((path) => who.call('GET', path)));
    // But for what the log says of the attempts themselves.
    return (await Promise.all(calls)).map(({ text }) => {
      const { data } = JSON.parse(text) as { data: { action?: string }[] };
      return data.filter(({ action }) => action !== 'access.refused');
    });
  };
  return {
    ...{ market, third, live, own, stateOfAll },
    everyIdOf: { ...ids, both: [...ids.retailer, ...ids.supplier, connected] },
    keys: await refusedKeys(market),
    before: await stateOfAll(),
  };
}

async function liveMerchant(market: Market): Promise<Merchant> {
  const { seed } = market;
  const companyId = randomId('company');
  await seed.keyring.createCompanyKey(companyId);
  const company = { name: 'Live', mode: 'live', createdAt: timestamp(seed.now) };
  await seed.db.doc(paths.company(companyId)).create(company);
  const { apiKey } = await addKey(seed, companyId, { mode: 'live' });
  return market.merchant({ companyId, apiKey });
}

/** An endpoint of a merchant, and the newest delivery of those that it has. */
async function outgoing(who: Merchant): Promise<Partial<Ids>> {
  const body = { url: 'https://9.localhost/hook', events: ['order.cancelled'] };
  const endpoint = await who.call('POST', '/v1/endpoints', { body });
  expect(endpoint.status).toBe(201);
  const listed = await who.call('GET', '/v1/deliveries');
  const [delivery] = (listed.json as { data: { id: string }[] }).data;
  return { endpoint: (endpoint.json as { id: string }).id, ...(delivery && { delivery: delivery.id }) };
}

/** An order whose lines were shipped in part by the supplier and in part by the retailer. */
async function underWay(market: Market): Promise<Record<'retailer' | 'supplier', Ids>> {
  const { retailer, supplier } = market;
  const { orderId, supplyOrderId } = await market.routed({ name: '#ACTIVE' });
  const shipped = async (who: Merchant, order: string, place: number): Promise<Ids> => {
    const json: unknown = (await who.call('GET', `/v1/orders/${order}`)).json;
    const line = (json as { lines: { id: string }[] }).lines[place]?.id ?? '';
    const body = { lines: [{ lineId: line, quantity: 1 }] };
    const made = await who.call('POST', `/v1/orders/${order}/fulfilments`, { body });
    expect(made.status).toBe(201);
    const fulfilment = (made.json as { id: string }).id;
    return { ...nobodysIds(), ...(await outgoing(who)), order, line, fulfilment };
  };
  return {
    supplier: await shipped(supplier, supplyOrderId, 0),
    retailer: await shipped(retailer, orderId, 2),
  };
}

/** A connection that only one side knows yet. */
async function invited(who: Merchant, email: string): Promise<string> {
  const made = await who.call('POST', '/v1/partners', { body: { email, role: 'supplier' } });
  expect(made.status).toBe(201);
  return (made.json as { id: string }).id;
}

async function heldOrder(market: Market): Promise<string> {
  const payload = market.order({ name: '#HELD', shipping_address: null });
  await market.deliver(payload);
  return market.idOf(payload.id);
}

async function archivedOrder(market: Market): Promise<string> {
  const { retailer } = market;
  const payload = market.order({ financial_status: 'pending' });
  await market.deliver(payload);
  const id = await market.idOf(payload.id);
  expect((await retailer.call('POST', `/v1/orders/${id}/cancel`)).status).toBe(200);
  expect((await retailer.call('POST', `/v1/orders/${id}/archive`)).status).toBe(200);
  return id;
}

async function shippedBySupplier(market: Market): Promise<string> {
  const { supplier } = market;
  const { supplyOrderId } = await market.routed();
  const at = `/v1/orders/${supplyOrderId}`;
  expect((await supplier.call('POST', `${at}/fulfilments`)).status).toBe(201);
  expect((await supplier.call('POST', `${at}/archive`)).status).toBe(200);
  return supplyOrderId;
}

async function erase(who: Merchant, order: string): Promise<string> {
  const deleted = await who.call('DELETE', `/v1/orders/${order}`);
  expect(deleted.status).toBe(202);
  const { id } = deleted.json as { id: string };
  await eventually(async () => {
    expect((await who.call('GET', `/v1/erasures/${id}`)).json).toMatchObject({ state: 'destroyed' });
  });
  return id;
}

async function refusedKeys({ seed, retailer: { companyId } }: Market): Promise<Trade['keys']> {
  const expired = await addKey(seed, companyId, { expiresAt: '2026-01-01T00:00:00.000Z' });
  const revoked = await addKey(seed, companyId, {});
  await revokeKey(seed, revoked.apiKey);
  const without = async (scope: Scope) => {
    const { apiKey } = await addKey(seed, companyId, { scopes: SCOPES.filter((each) => each !== scope) });
    return [scope, apiKey] as const;
  };
  return {
    expired: expired.apiKey,
    revoked: revoked.apiKey,
    without: Object.fromEntries(await Promise.all(SCOPES.map(without))) as Record<Scope, string>,
  };
}

/** A test key with every scope and no end, but for what is given. */
export function addKey(
  { db, now }: Market['seed'],
  companyId: string,
  key: { mode?: Mode; scopes?: readonly Scope[]; expiresAt?: string },
): Promise<{ keyId: string; apiKey: string }> {
  const given = { mode: 'test', scopes: SCOPES, expiresAt: null, ...key } as const;
  return storeApiKey(db, { companyId, name: 'another', ...given }, now);
}

export async function revokeKey({ db, now }: Market['seed'], apiKey: string): Promise<void> {
  await db.doc(`apiKeyRefs/${apiKeyHash(apiKey)}`).update({ revokedAt: timestamp(now) });
}

async function newestEntry(of: Merchant): Promise<string> {
  const newest = (await of.call('GET', '/v1/audit?limit=1')).json as { data: { id: string }[] };
  return newest.data[0]?.id ?? '';
}
