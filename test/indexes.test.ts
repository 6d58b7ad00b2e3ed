import { type CollectionReference, type Firestore, Timestamp } from '@google-cloud/firestore';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Identity } from '../local/roles.ts';
import type { SeenQuery } from '../local/door/queries.ts';
import { newRecovery } from '../shared/accounts/recovery-store.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore, paths } from '../shared/cloud/firestore.ts';
import { ACTIONS } from '../shared/audit/actions.ts';
import { EXPORT_KINDS } from '../shared/ownership/export-kinds.ts';
import { DAY, HOUR, PASSWORD, type People, startPeople } from './accounts/people.ts';
import { everyQuery } from './catalogue/every-query.ts';
import { noticed } from './deliveries/shops.ts';
import { act, call, trade } from './orders/trading.ts';
import { ordered, quiet, settled, supplying } from './stock/stock-fixture.ts';
import { browserKey, type DeskFixture, openDesk } from './support-desk/desk-fixture.ts';
import { everyBillingQuery } from './stripe/every-query.ts';
import { declaredIndexes, type IndexFile, isDeclared } from './support/declared-indexes.ts';
import { testCloud } from './support/cloud.ts';
import { eventually, type Market, startMarket } from './support/market.ts';

const declared = declaredIndexes();
const empty: IndexFile = { indexes: [], fieldOverrides: [] };
const fileOf = (database: string): IndexFile => declared.get(database) ?? empty;

let market: Market;
let people: People;
let desk: DeskFixture;
const seen = new Map<string, SeenQuery>();
beforeAll(async () => {
  market = await startMarket(await testCloud({ asleep: [] }));
  people = await startPeople(market.cloud);
  desk = await openDesk(market);
  for (const door of Object.values(market.cloud.doors)) {
    door.observeQueries((query) => {
      const about: { identity: Identity } & SeenQuery = { identity: door.identity, ...query };
      seen.set(JSON.stringify(about), query);
    });
  }
});
afterAll(() => desk.stop());

/** Everything that accounts are asked, by members of one company. What is deleted in the end is another one. */
async function accounts(): Promise<void> {
  const owner = await people.owner();
  const { token, companyId } = owner;
  const member = await people.member(owner, 'member');
  const ask = async (method: string, path: string, body?: unknown): Promise<string> => {
    const answer = await people.ask(method, path, { token, ...(body !== undefined && { body }) });
    expect([path, answer.status < 300], answer.text).toEqual([path, true]);
    return (answer.json as { id?: string } | undefined)?.id ?? '';
  };
  await people.signIn(owner.email);
  await people.ask('POST', '/v1/password-resets', { body: { email: owner.email } });
  const pending = { name: 'Another', email: people.address().email, password: PASSWORD, mode: 'test' };
  expect((await people.ask('POST', '/v1/companies', { body: pending })).status).toBe(202);
  const withdrawn = await ask('POST', '/v1/members', { email: people.address().email, role: 'member' });
  await ask('POST', '/v1/members', { email: people.address().email, role: 'member' });
  await people.ask('POST', '/v1/recoveries', { body: { email: owner.email } });
  const recovery = newRecovery(companyId, people.seed.now);
  await people.seed.db.doc(paths.recovery(member.memberId)).create(recovery);
  await ask('POST', '/v1/connections', { platform: 'shopify', shop: 'one-of-theirs.myshopify.com' });
  const lists = ['sessions', 'members', 'recoveries', 'approvals', 'export', 'connections'];
  for (const path of lists) await ask('GET', `/v1/${path}`);
  await ask('DELETE', `/v1/members/${withdrawn}`);
  await ask('PATCH', `/v1/members/${member.memberId}`, { role: 'read_only' });
  for (const name of ['one', 'two']) await ask('POST', '/v1/api-keys', { name, scopes: ['orders:read'] });
  const keys = await people.ask('GET', '/v1/api-keys?limit=1', { token });
  const { data, next } = keys.json as { data: { id: string }[]; next: string };
  await ask('GET', `/v1/api-keys?limit=1&after=${encodeURIComponent(next)}`);
  await ask('DELETE', `/v1/api-keys/${data[0]?.id ?? ''}`);
  await ask('POST', '/v1/second-factors/totp');
  await ask('POST', '/v1/second-factors/passkeys/options');
  for (const kind of Object.keys(EXPORT_KINDS)) {
    const headers = { Authorization: `Bearer ${token}` };
    const part = await fetch(`${market.cloud.baseUrl}/v1/export/${kind}`, { headers });
    expect([kind, part.status]).toEqual([kind, 200]);
    await part.arrayBuffer();
  }
  const other = await people.owner();
  const closing = await people.ask('DELETE', '/v1/company', { token: other.token });
  expect(closing.status).toBe(202);
  const { receipt } = closing.json as { receipt: string };
  await people.ask('POST', '/v1/companies/certificate', { body: { token: receipt } });
  expect((await people.log(companyId)).length).toBeGreaterThan(5);
}

/** Everything that staff ask, and what a merchant answers. */
async function support(): Promise<void> {
  const supporter = await desk.person('support');
  const reviewer = await desk.person('reviewer');
  const key = await browserKey();
  const [token, signing] = [await supporter.signIn(), await reviewer.signIn()];
  await desk.call(null, 'POST', '/v1/staff/sessions/options');
  const wrong = { name: supporter.name, password: PASSWORD, code: '000000' };
  expect((await desk.call(null, 'POST', '/v1/staff/sessions', wrong)).status).toBe(401);
  await desk.approved(token, { kinds: ['orders', 'audit'] }, key);
  const { id } = await desk.ask(token, { kinds: ['orders'] }, key);
  const page = await desk.call(token, 'GET', '/v1/support/requests?limit=1');
  await desk.call(token, 'GET', `/v1/support/requests?limit=1&after=${page.json.next ?? ''}`);
  const member = await desk.member();
  const approvals = await desk.call(member, 'GET', '/v1/approvals?limit=1');
  await desk.call(member, 'GET', `/v1/approvals?limit=1&after=${approvals.json.next ?? ''}`);
  for (const kind of ['orders', 'audit']) {
    await desk.call(token, 'POST', `/v1/support/requests/${id}/open`, { kind });
  }
  const list = (await desk.call(signing, 'GET', '/v1/staff')).json as unknown as {
    digest: string;
    signing: Parameters<typeof reviewer.device.get>[0];
  };
  const signed = { digest: list.digest, passkey: reviewer.device.get(list.signing) };
  expect((await desk.call(signing, 'POST', '/v1/staff/attestations', signed)).status).toBe(201);
}

/** Everything that is asked about stock: counted, promised, told, taken back and given on. */
async function stock(): Promise<void> {
  const { supplier, one } = await supplying(market, 1);
  await settled(market, one, await ordered(one));
  await settled(market, one, await ordered(one));
  for (const onHand of [0, 2]) {
    const counted = [{ sku: 'S', onHand }, ...(onHand === 0 ? [{ sku: 'T', onHand: 1 }] : [])];
    const set = await supplier.call('PUT', '/v1/stock', { body: { stock: counted } });
    expect(set.status).toBe(200);
    await quiet(market, supplier);
  }
  const page = await supplier.call('GET', '/v1/stock?limit=1');
  const { next } = page.json as { next: string };
  expect((await supplier.call('GET', `/v1/stock?limit=1&after=${next}`)).status).toBe(200);
}

/** Every way of leaving some of these out. */
function subsets(parameters: string[]): string[] {
  return parameters.reduce<string[]>((all, each) => [...all, ...all.map((some) => `${some}&${each}`)], ['']);
}

describe('every query that the hub makes', { timeout: 300_000 }, () => {
  it('has its index declared, since the emulator asks for none', async () => {
    const { retailer, supplier } = market;
    // Told of what follows, whether anybody answers there or not.
    const told = { url: 'https://erp.merchant.com/hook' };
    expect((await call(retailer, 'POST', '/v1/endpoints', told)).status).toBe(201);
    await noticed(market);
    // One stays as it is, so that there is something of everything.
    await trade(market);
    const { own, supply } = await trade(market);
    const headers = { 'Idempotency-Key': 'once' };
    const shipped = await supplier.call('POST', `/v1/orders/${supply.id}/fulfilments`, { body: {}, headers });
    expect(shipped.status).toBe(201);
    await act(retailer, own.id, 'cancel');
    await act(retailer, own.id, 'archive');
    await eventually(async () => {
      const { json } = await call<{ data: { attempts: number }[] }>(retailer, 'GET', '/v1/deliveries');
      expect(json.data.some(({ attempts }) => attempts > 0)).toBe(true);
    });

    const at = encodeURIComponent('2020-01-01T00:00:00.000Z');
    const byOrder = subsets([
      'state=routed',
      `partner=${market.demo.partnerId}`,
      'archived=true',
      'code=%231',
    ]);
    const orders = byOrder.flatMap((some) => [some, `${some}&updatedAfter=${at}`]);
    const entries = subsets([
      `action=${ACTIONS[0]}`,
      `actor=${market.demo.connections.shopify.id}`,
      `record=${own.id}`,
      `from=${at}`,
      `to=${encodeURIComponent('2999-01-01T00:00:00.000Z')}`,
    ]);
    const invited = { email: 'invited@demo.example', role: 'supplier', terms: { bill: true } };
    for (const _twice of [1, 2]) {
      expect((await call(retailer, 'POST', '/v1/partners', invited)).status).toBe(201);
    }
    const connected = `/v1/partners/${market.demo.partnerId}`;
    expect((await call(supplier, 'PATCH', connected, { terms: { bill: true } })).status).toBe(200);
    const partners = subsets(['state=active', 'role=supplier']);
    const lists = [
      ...partners.map((some) => `/v1/partners?limit=1${some}`),
      ...orders.map((some) => `/v1/orders?limit=1${some}`),
      ...entries.map((some) => `/v1/audit?limit=1${some}`),
      '/v1/erasures?limit=1',
      '/v1/endpoints',
      ...subsets(['state=dead', `orderId=${own.id}`]).map((some) => `/v1/deliveries?limit=1${some}`),
    ];
    for (const path of lists) {
      const page = await call<{ next: string | null }>(retailer, 'GET', path);
      expect(page.status, path).toBe(200);
      if (page.json.next !== null) {
        const next = await call(retailer, 'GET', `${path}&after=${encodeURIComponent(page.json.next)}`);
        expect(next.status, path).toBe(200);
      }
    }
    await call(retailer, 'POST', '/v1/orders/erase-archived');
    await everyQuery(market);
    await everyBillingQuery(market);
    await accounts();
    await support();
    await stock();
    // Until the deleted company is gone, and the last backup of its key.
    for (const time of [2 * HOUR, 7 * DAY, 2 * HOUR]) await market.cloud.clock.advance(time);
    // What a sign-out asks for, when all that is stored has been looked at.
    const { token } = await people.owner();
    expect((await people.ask('DELETE', '/v1/sessions', { token })).status).toBe(204);

    expect(await market.cloud.clock.tick('checkpoint')).toBe(204);
    for (const path of [
      'bundle',
      'export',
      'checkpoints',
      'checkpoints?after=1',
      'checkpoints/0/consistency',
    ]) {
      expect((await retailer.call('GET', `/v1/audit/${path}`)).status, path).toBe(200);
    }

    const queries = [...seen.values()];
    const collections = new Set(
      queries.map(({ database, collection, group }) => `${database} ${collection} ${group}`),
    );
    expect([...collections].sort()).toEqual([
      '(default) apiKeys false',
      '(default) audit false',
      '(default) audit true',
      '(default) auditArchive false',
      '(default) auditHeads false',
      '(default) auditTree false',
      '(default) auditTree true',
      '(default) backups false',
      '(default) billing false',
      '(default) cards false',
      '(default) charges false',
      '(default) charges true',
      '(default) closings false',
      '(default) companies false',
      '(default) connections false',
      '(default) connections true',
      '(default) deliveries false',
      '(default) deliveries true',
      '(default) endpoints false',
      '(default) erasures false',
      '(default) erasures true',
      '(default) imports false',
      '(default) imports true',
      '(default) invitations false',
      '(default) members false',
      '(default) orders false',
      '(default) orders true',
      '(default) partnerInvitations false',
      '(default) partners false',
      '(default) partners true',
      '(default) priceLists false',
      '(default) privacyRequests false',
      '(default) privacyRequests true',
      '(default) products false',
      '(default) pulls false',
      '(default) pulls true',
      '(default) recoveries false',
      '(default) recoveryLinks false',
      '(default) reservations false',
      '(default) reservations true',
      '(default) resets false',
      '(default) sessions false',
      '(default) shopRefs false',
      '(default) shopifyStates false',
      '(default) stock false',
      '(default) stock true',
      '(default) stripeAccounts false',
      '(default) supportRequests false',
      'keyring recordKeys false',
      'staff staff false',
      'staff staffSessions false',
    ]);
    expect(queries.filter((query) => !isDeclared(query, fileOf(query.database)))).toEqual([]);
    // No index is kept, and paid for with every write, that no query needs.
    const file = fileOf('(default)');
    const needless = file.indexes.filter((index) => {
      const others = { ...file, indexes: file.indexes.filter((each) => each !== index) };
      return queries.every(
        ({ database, ...query }) => database !== '(default)' || isDeclared({ database, ...query }, others),
      );
    });
    expect(needless).toEqual([]);
  });

  it('and all that is stored keeps large, sealed and growing fields out of the indexes', async () => {
    const problems: string[] = [];
    const expiring = new Set<string>();
    const policies = new Set<string>();
    for (const id of ['(default)', 'keyring', 'staff'] as const) {
      for (const each of fileOf(id).fieldOverrides.filter(({ ttl }) => ttl === true)) {
        expect(each.fieldPath).toBe('expireAt');
        policies.add(`${id} ${each.collectionGroup}`);
      }
      const db = openFirestore(readConfig(market.cloud.envOf('seed')), id);
      for await (const { collection, depth, field, value } of fieldsOf(db)) {
        const file = fileOf(id);
        const override = file.fieldOverrides.find(
          (each) => each.collectionGroup === collection && each.fieldPath === field,
        );
        // A part of a field may have indexes of its own, apart from those of the whole.
        const apart = file.fieldOverrides.filter((each) => each.collectionGroup === collection);
        const asked = [...seen.values()].some((query) =>
          [...query.filters, ...query.orders].some(
            (each) =>
              query.collection === collection &&
              each.field.split('.')[0] === field &&
              (each.field === field || !apart.some(({ fieldPath }) => fieldPath === each.field)),
          ),
        );
        const exempt = override?.indexes.length === 0;
        if (mustBeExempt(value, depth) && !exempt && !asked) problems.push(`${id} ${collection}.${field}`);
        if (exempt && asked) problems.push(`${id} ${collection}.${field} is asked for`);
        if (field === 'expireAt') expiring.add(`${id} ${collection}`);
      }
      await db.terminate();
    }
    expect([...new Set(problems)]).toEqual([]);

    // What says when it expires is removed by a policy of its collection, and nothing else is.
    expect(policies).toEqual(expiring);
  });
});

const TIME = /^\d{4}-\d\d-\d\dT/;

/** Bytes, lists of maps and maps anywhere; in a collection of all companies also times, which grow. */
function mustBeExempt(value: unknown, depth: number): boolean {
  if (value instanceof Timestamp || (typeof value === 'string' && TIME.test(value))) return depth === 1;
  if (Array.isArray(value)) return value.some((each) => typeof each === 'object');
  if (typeof value === 'string') return value.length > 200;
  return typeof value === 'object' && value !== null;
}

/** Every field of every document, with how many collections deep it lies. */
async function* fieldsOf(
  db: Firestore,
): AsyncGenerator<{ collection: string; depth: number; field: string; value: unknown }> {
  const open: { collection: CollectionReference; depth: number }[] = [];
  for (const collection of await db.listCollections()) open.push({ collection, depth: 1 });
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { collection, depth } = next;
    for (const ref of await collection.listDocuments()) {
      const data = (await ref.get()).data() ?? {};
      for (const [field, value] of Object.entries(data)) {
        yield { collection: collection.id, depth, field, value: value as unknown };
      }
      for (const child of await ref.listCollections()) open.push({ collection: child, depth: depth + 1 });
    }
  }
}

describe('a query', () => {
  const query = (change: Partial<SeenQuery>): SeenQuery => ({
    database: '(default)',
    collection: 'things',
    group: false,
    filters: [],
    orders: [],
    ...change,
  });
  const equal = (...fields: string[]): SeenQuery['filters'] =>
    fields.map((field) => ({ field, op: 'EQUAL' }));
  const index = (...fields: IndexFile['indexes'][number]['fields']): IndexFile['indexes'][number] => ({
    collectionGroup: 'things',
    queryScope: 'COLLECTION',
    fields,
  });
  const up = (fieldPath: string) => ({ fieldPath, order: 'ASCENDING' as const });
  const down = (fieldPath: string) => ({ fieldPath, order: 'DESCENDING' as const });
  const newest: SeenQuery['orders'] = [{ field: 'at', direction: 'DESCENDING' }];
  const merged = { ...empty, indexes: [index(up('a'), down('at')), index(up('b'), down('at'))] };

  it.each<[string, SeenQuery, IndexFile, boolean]>([
    ['for everything needs no index', query({}), empty, true],
    [
      'with equalities alone is merged of what each field has',
      query({ filters: equal('a', 'b') }),
      empty,
      true,
    ],
    ['sorted by one field is served by that field', query({ orders: newest }), empty, true],
    [
      'with an equality and an order needs both in one index',
      query({ filters: equal('a'), orders: newest }),
      empty,
      false,
    ],
    [
      'is served by an index that ends in its order',
      query({ filters: equal('a'), orders: newest }),
      merged,
      true,
    ],
    ['is merged of several such indexes', query({ filters: equal('a', 'b'), orders: newest }), merged, true],
    [
      'is not served where one equality is in none',
      query({ filters: equal('a', 'c'), orders: newest }),
      merged,
      false,
    ],
    [
      'is not served by an index of the other direction',
      query({ filters: equal('a'), orders: [{ field: 'at', direction: 'ASCENDING' }] }),
      merged,
      false,
    ],
    [
      'is not served where its names go the other way',
      query({ filters: equal('a'), orders: [...newest, { field: '__name__', direction: 'ASCENDING' }] }),
      merged,
      false,
    ],
    [
      'for a range on another field than its order is not served',
      query({ filters: [{ field: 'a', op: 'GREATER_THAN' }], orders: newest }),
      merged,
      false,
    ],
    [
      'for a member of a list needs an index for lists',
      query({ filters: [{ field: 'a', op: 'ARRAY_CONTAINS' }], orders: newest }),
      merged,
      false,
    ],
    [
      'over all collections of a name needs an index for them',
      query({ group: true, filters: equal('a') }),
      empty,
      false,
    ],
    [
      'over all collections of a name is served by one',
      query({ group: true, filters: [{ field: 'a', op: 'IN' }] }),
      {
        ...empty,
        fieldOverrides: [
          {
            collectionGroup: 'things',
            fieldPath: 'a',
            indexes: [{ queryScope: 'COLLECTION_GROUP', order: 'ASCENDING' }],
          },
        ],
      },
      true,
    ],
    [
      'by an exempt field, or one inside it, is not served',
      query({ filters: equal('a.b') }),
      { ...empty, fieldOverrides: [{ collectionGroup: 'things', fieldPath: 'a', indexes: [] }] },
      false,
    ],
    [
      'by a field of an exempt one that is declared by itself is served',
      query({ filters: equal('a.b') }),
      {
        ...empty,
        fieldOverrides: [
          { collectionGroup: 'things', fieldPath: 'a', indexes: [] },
          {
            ...{ collectionGroup: 'things', fieldPath: 'a.b' },
            indexes: [{ queryScope: 'COLLECTION', order: 'ASCENDING' }],
          },
        ],
      },
      true,
    ],
    [
      'with a filter that is not known here is not served',
      query({ filters: [{ field: 'a', op: 'OR' }] }),
      empty,
      false,
    ],
  ])('%s', (_what, asked, file, answer) => {
    expect(isDeclared(asked, file)).toBe(answer);
  });
});
