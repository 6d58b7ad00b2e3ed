import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedCompany } from '../../local/seed.ts';
import { eventually, type Market, type Merchant, startMarket } from '../support/market.ts';
import { orderBody } from './foreign-routes.ts';

let market: Market;
/** Has many orders, and no partner. */
let busy: Merchant;
const made: string[] = [];
/** The retailer's, one for each filter, and the supplier's. */
let orders: { routed: string; supply: string; archived: string; held: string };
beforeAll(async () => {
  market = await startMarket();
  orders = await tradeOrders();
  busy = market.merchant(await seedCompany('Busy', 'busy@demo.example', market.seed));
  for (let batch = 0; batch < 6; batch += 1) await add(20);
});
afterAll(() => market.cloud.stop());

interface Row {
  id: string;
  code: string;
  createdAt: string;
  updatedAt: string;
  state: string;
  routing: string;
}

interface Page {
  data: Row[];
  next: string | null;
}

async function tradeOrders(): Promise<typeof orders> {
  const { retailer } = market;
  const { orderId, supplyOrderId } = await market.routed({ name: '#ROUTED' });
  const unpaid = market.order({ financial_status: 'pending', name: '#ARCHIVED' });
  const held = market.order({ shipping_address: null, name: '#HELD' });
  await Promise.all([market.send(unpaid), market.send(held)]);
  const archived = await market.idOf(unpaid.id);
  await retailer.call('POST', `/v1/orders/${archived}/cancel`);
  await retailer.call('POST', `/v1/orders/${archived}/archive`);
  return { routed: orderId, supply: supplyOrderId, archived, held: await market.idOf(held.id) };
}

async function add(count: number): Promise<string[]> {
  const from = made.length;
  const answers = await Promise.all(
    Array.from({ length: count }, (_, place) => {
      const code = `B-${from + place}`;
      return busy.call('POST', '/v1/orders', { body: orderBody({ externalId: code, code }) });
    }),
  );
  const ids = answers.map(({ json }) => (json as Row).id);
  made.push(...ids);
  return ids;
}

async function list(who: Merchant, query: Record<string, string> = {}): Promise<Page> {
  const answer = await who.call('GET', `/v1/orders?${new URLSearchParams(query).toString()}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.json as Page;
}

/** All rows from the first page to the last; `between` runs after each page. */
async function walk(query: Record<string, string>, between?: () => Promise<unknown>): Promise<Row[]> {
  const rows: Row[] = [];
  let after: string | null = null;
  do {
    const page: Page = await list(busy, { ...query, ...(after !== null && { after }) });
    rows.push(...page.data);
    after = page.next;
    await between?.();
  } while (after !== null);
  return rows;
}

const idsOf = (rows: Row[]): string[] => rows.map(({ id }) => id);

describe('a walk through 120 orders', () => {
  it.each(['1', '7', '50', '100'])(
    'meets each of them once, the newest first, by pages of %s',
    async (limit) => {
      if (limit === '1') {
        const [first, second] = [await list(busy, { limit }), await list(busy, { limit: '2' })];
        expect(idsOf(first.data)).toEqual(idsOf(second.data).slice(0, 1));
        return;
      }
      const rows = await walk({ limit });
      expect(rows).toHaveLength(made.length);
      expect(new Set(idsOf(rows))).toEqual(new Set(made));
      expect(rows).toEqual(
        rows.toSorted((a, b) =>
          a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.id < b.id) ? 1 : -1,
        ),
      );
    },
  );

  it('meets each of them once while new ones arrive, and none of those', async () => {
    const before = [...made];
    const rows = await walk({ limit: '40' }, () => add(3));
    expect(rows).toHaveLength(before.length);
    expect(new Set(idsOf(rows))).toEqual(new Set(before));
  });

  it('by their changes misses none that changes meanwhile', async () => {
    const [first = '', second = ''] = made;
    const changes = [first, second, first];
    const rows = await walk({ limit: '50', updatedAfter: '2026-01-01T00:00:00Z' }, async () => {
      const id = changes.pop();
      if (id !== undefined)
        await busy.call('PATCH', `/v1/orders/${id}`, { body: { shipTo: orderBody()['shipTo'] } });
    });
    expect(new Set(idsOf(rows))).toEqual(new Set(made));
    expect(rows.map((row) => row.updatedAt)).toEqual(rows.map((row) => row.updatedAt).toSorted());
    // What changed behind the walk, by routing too, comes again with its change; nothing else does.
    for (const row of rows) {
      const changes = rows.filter(({ id }) => id === row.id).map(({ updatedAt }) => updatedAt);
      expect(new Set(changes).size).toBe(changes.length);
    }
    for (const id of [first, second]) expect(idsOf(rows).lastIndexOf(id)).toBeGreaterThan(made.length / 2);
  });
});

describe('a list', () => {
  it('has 50 orders when no limit is named, and says where it goes on', async () => {
    const { data, next } = await list(busy);
    expect(data).toHaveLength(50);
    expect(next).not.toBeNull();
  });

  it('ends with the last order, also when that fills the page', async () => {
    const some = market.merchant(await seedCompany('Two', 'two@demo.example', market.seed));
    for (const code of ['T-1', 'T-2']) {
      await some.call('POST', '/v1/orders', { body: orderBody({ externalId: code, code }) });
    }
    expect((await list(some, { limit: '2' })).next).toBeNull();
    expect((await list(some, { limit: '1' })).next).not.toBeNull();
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=1.0', 'limit'],
    ['limit=010', 'limit'],
    ['limit=', 'limit'],
    ['limit=1e1', 'limit'],
    ['limit=5&limit=5', 'limit'],
    ['limit[]=5', '?'],
    ['Limit=5', 'Limit'],
    ['page=2', 'page'],
    ['updatedAfter=2026-01-01', 'updatedAfter'],
    ['state=lost', 'state'],
    ['partner=cmp_1', 'partner'],
    ['archived=yes', 'archived'],
    ['code=', 'code'],
    ['constructor=1', 'constructor'],
    ['__proto__=1', '__proto__'],
    ['toString=1', 'toString'],
  ])('refuses %s by name', async (query, path) => {
    for (const at of query.startsWith('limit')
      ? ['/v1/orders', '/v1/erasures', '/v1/audit']
      : ['/v1/orders']) {
      const answer = await busy.call('GET', `${at}?${query}`);
      expect(answer.json, at).toMatchObject({ status: 400, errors: [{ path }] });
    }
  });
});

describe('a filter', () => {
  const found = async (query: Record<string, string>, who = market.retailer): Promise<string[]> =>
    idsOf((await list(who, query)).data).sort();

  it('by state, by being archived, by code and by partner finds what it names', async () => {
    const { routed, supply, archived, held } = orders;
    const { partnerId } = market.demo;
    expect(await found({ state: 'routed' })).toEqual([routed]);
    expect(await found({ state: 'received' })).toEqual([held]);
    expect(await found({ state: 'cancelled' })).toEqual([archived]);
    expect(await found({ state: 'fulfilled' })).toEqual([]);
    expect(await found({ archived: 'true' })).toEqual([archived]);
    expect(await found({ archived: 'false' })).toEqual([routed, held].sort());
    expect(await found({ code: '#ROUTED' })).toEqual([routed]);
    expect(await found({ code: '#routed' })).toEqual([]);
    expect(await found({ partner: partnerId })).toEqual([routed]);
    expect(await found({ partner: partnerId }, market.supplier)).toEqual([supply]);
  });

  it('together with others finds what all of them name', async () => {
    const { routed, archived } = orders;
    expect(await found({ state: 'cancelled', archived: 'true', code: '#ARCHIVED' })).toEqual([archived]);
    expect(await found({ state: 'cancelled', archived: 'false' })).toEqual([]);
    expect(await found({ partner: market.demo.partnerId, state: 'routed', archived: 'false' })).toEqual([
      routed,
    ]);
  });

  it('by time finds what changed after it, and not what changed at it', async () => {
    const { data } = await list(market.retailer);
    const [last] = data.toSorted((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1));
    const at = last?.updatedAt ?? '';
    expect(await found({ updatedAfter: at })).toEqual([]);
    const justBefore = new Date(Date.parse(at) - 1).toISOString();
    expect(await found({ updatedAfter: justBefore })).toEqual([last?.id]);
    const elsewhere = justBefore.replace('Z', '+00:00');
    expect(await found({ updatedAfter: elsewhere })).toEqual([last?.id]);
    await market.retailer.call('POST', `/v1/orders/${orders.held}/cancel`);
    await eventually(async () => {
      expect(await found({ updatedAfter: at })).toEqual([orders.held]);
    });
  });
});
