import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DocumentWrite } from '../../local/door/writes.ts';
import { act, call, read, trade } from '../orders/trading.ts';
import { eventually, type Market, startMarket } from '../support/market.ts';

interface Commit {
  by: string;
  writes: readonly DocumentWrite[];
}

let market: Market;
const commits: Commit[] = [];
beforeAll(async () => {
  market = await startMarket();
  for (const door of Object.values(market.cloud.doors)) {
    door.observe((writes) => commits.push({ by: door.identity, writes }));
  }
});
afterAll(() => market.cloud.stop());

/**
 * What changes beside a merchant's data and is no action on it, by who writes it: the log's own trees; when a credential
 * was used last; and the machine's notes on work that its entries tell of when it is done.
 */
const NO_ACTION: [by: RegExp, path: RegExp, why: string][] = [
  [/^checkpoint$/, /^companies\/[^/]+\/(?:audit|auditTree|auditHeads)\//, 'sealing the log'],
  [/^erase$/, /^companies\/[^/]+\/erasures\//, 'the certificate, after the entry order.erased'],
  [
    /^deliver$/,
    /^companies\/[^/]+\/deliveries\//,
    'attempts, before the entry delivery.sent or delivery.given_up',
  ],
  [/^webhooks$/, /^companies\/[^/]+\/connections\//, 'when a shop was last heard of'],
];

const COMPANY = /^companies\/(?<company>[^/]+)(?:\/(?<collection>[^/]+)\/[^/]+)?$/;

/** Commits that change what belongs to a company without an entry in that company's log, as `erase update orders`. */
function silent(): string[] {
  const found = commits.flatMap(({ by, writes }) => {
    const logged = new Set(
      writes
        .filter(({ kind, path }) => kind === 'create' && /^companies\/[^/]+\/audit\//.test(path))
        .map(({ path }) => COMPANY.exec(path)?.groups?.['company']),
    );
    return writes.flatMap(({ kind, path }) => {
      const { company, collection = 'itself' } = COMPANY.exec(path)?.groups ?? {};
      if (company === undefined || logged.has(company)) return [];
      if (NO_ACTION.some(([who, what]) => who.test(by) && what.test(path))) return [];
      return [`${by} ${kind} ${collection}`];
    });
  });
  return [...new Set(found)].sort();
}

it('no function changes what belongs to a company without an entry in the same commit', async () => {
  const { retailer, supplier } = market;
  const { own, supply } = await trade(market);
  const other = await trade(market);
  await call(supplier, 'POST', `/v1/orders/${supply.id}/fulfilments`, { carrier: 'ups' });
  await act(supplier, other.supply.id, 'decline', { lines: [{ lineId: other.supply.lines[0]?.id }] });
  for (const id of [own.id, other.own.id]) {
    await act(retailer, id, 'cancel');
    await act(retailer, id, 'archive');
  }
  await act(supplier, supply.id, 'archive');
  await call(supplier, 'DELETE', `/v1/orders/${supply.id}`);
  await call(retailer, 'POST', '/v1/orders/erase-archived');
  await eventually(async () => {
    const { json } = await call<{ data: { state: string }[] }>(retailer, 'GET', '/v1/erasures');
    expect(json.data.map(({ state }) => state)).toEqual(['destroyed']);
  });
  await market.cloud.clock.advance(2 * 60 * 60_000);
  await eventually(async () => {
    const { json } = await call<{ data: { state: string }[] }>(retailer, 'GET', '/v1/erasures');
    expect(json.data.map(({ state }) => state)).toEqual(['confirmed']);
  });
  expect(silent()).toEqual([]);
  expect(new Set(commits.map(({ by }) => by)).size).toBeGreaterThan(4);
});

it('no address is opened without an entry before the answer', async () => {
  const { own } = await trade(market);
  commits.length = 0;
  await read(market.retailer, own.id);
  const written = commits.flatMap(({ writes }) => writes.map(({ path }) => path));
  expect(written).toContainEqual(expect.stringMatching(`^companies/${market.retailer.companyId}/audit/`));
});
