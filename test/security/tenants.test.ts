import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRoutes } from '../../local/routes.ts';
import { newApiKey, SCOPES } from '../../shared/domain/api-key.ts';
import type { OpenApiDocument } from '../../shared/http/openapi.ts';
import { type Answer, type Call, type Merchant } from '../support/market.ts';
import {
  COMPANY_ROUTES,
  type CompanyRoute,
  type Ids,
  nameOf,
  nobodysIds,
  OPEN_ROUTES,
  pathWith,
} from './foreign-routes.ts';
import { MEMBER_ROUTES, STAFF_ROUTES } from './people-routes.ts';
import { startTrade, type Trade } from './trade.ts';

let trade: Trade;
let document: OpenApiDocument;
beforeAll(async () => {
  trade = await startTrade();
  document = (await (await fetch(`${trade.market.cloud.baseUrl}/v1/openapi.json`)).json()) as OpenApiDocument;
});
afterAll(() => trade.market.cloud.stop());

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const WITH_IDS = COMPANY_ROUTES.filter((route) => /\{(?!part)/.test(route.template) && route.makes !== true);

/** All that a caller can see of an answer, but for what is new in each: the request's id and the time. */
function seen({ status, headers, text }: Answer) {
  const shown = [...headers].filter(([name]) => !['date', 'request-id'].includes(name));
  return { status, headers: Object.fromEntries(shown), body: text.replaceAll(/req_[0-9a-z]{26}/g, 'req_') };
}

function ask(merchant: Merchant, route: CompanyRoute, ids: Ids, call: Call = {}): Promise<Answer> {
  const body = route.body?.(ids);
  return merchant.call(route.method, pathWith(route.template, ids), {
    ...(body !== undefined && { body }),
    ...call,
  });
}

/** Who asks, and whose ids are asked for. */
const STRANGERS: [who: string, of: (trade: Trade) => { caller: Merchant; foreign: Ids[] }][] = [
  ['a company that is connected to nobody', (t) => ({ caller: t.third, foreign: t.everyIdOf.both })],
  ['a live company', (t) => ({ caller: t.live, foreign: t.everyIdOf.both })],
  ['the supplier', (t) => ({ caller: t.market.supplier, foreign: t.everyIdOf.retailer })],
  ['the retailer', (t) => ({ caller: t.market.retailer, foreign: t.everyIdOf.supplier })],
];

/** What the document says that an operation needs: a scope of a key, or what members or staff need. */
function neededFor(security: Record<string, string[]> = {}): string {
  const { apiKey, session, staff } = security;
  if (apiKey !== undefined) return apiKey.join();
  if (session !== undefined) return `member ${session.join() || 'own'}`;
  return staff === undefined ? 'open' : `staff ${staff.join()}`;
}

describe('the tables of this test', () => {
  it('hold every route of the published document, with its scope, and no other', () => {
    const published = Object.entries(document.paths ?? {}).flatMap(([template, operations]) =>
      Object.entries(operations as Record<string, { security?: Record<string, string[]>[] }>).map(
        ([method, { security }]) => `${method.toUpperCase()} ${template} ${neededFor(security?.[0])}`,
      ),
    );
    const tested = [
      ...COMPANY_ROUTES.map((route) => `${nameOf(route)} ${route.scope}`),
      ...MEMBER_ROUTES.map((route) => `${nameOf(route)} member ${route.scope}`),
      ...STAFF_ROUTES.map((route) => `${nameOf(route)} staff ${route.right}`),
      ...OPEN_ROUTES.map((route) => `${nameOf(route)} open`),
    ];
    expect(tested.sort()).toEqual(published.sort());
  });

  it('reach every function that the routes table makes reachable', () => {
    const route = readRoutes();
    const reached = [...COMPANY_ROUTES, ...MEMBER_ROUTES, ...STAFF_ROUTES, ...OPEN_ROUTES].map((each) =>
      route(pathWith(each.template, nobodysIds())),
    );
    expect([...new Set(reached)].sort()).toEqual([
      ...[
        'accounts',
        'audit',
        'billing',
        'catalogue',
        'export',
        'orders',
        'partners',
        'support',
        'trust',
        'webhooks',
      ],
    ]);
  });
});

describe.each(STRANGERS)('%s', (_who, of) => {
  it.each(WITH_IDS.map((route) => [nameOf(route), route] as const))(
    'can not tell by %s whether an id of others exists',
    async (_name, route) => {
      const { caller, foreign } = of(trade);
      for (const call of [{}, { headers: { 'If-Match': '"1-1"', 'Idempotency-Key': 'a key' } }]) {
        const unknown = seen(await ask(caller, route, nobodysIds(), call));
        expect(unknown).toMatchObject({ status: 404 });
        for (const ids of foreign) expect(seen(await ask(caller, route, ids, call))).toEqual(unknown);
      }
    },
  );

  it('can not tell it by any other method either', async () => {
    const { caller, foreign } = of(trade);
    for (const template of new Set(WITH_IDS.map((route) => route.template))) {
      const routed = WITH_IDS.filter((route) => route.template === template).map((route) => route.method);
      for (const method of METHODS.filter((each) => !routed.some((known) => known === each))) {
        const answer = async (ids: Ids) => seen(await caller.call(method, pathWith(template, ids)));
        const unknown = await answer(nobodysIds());
        for (const ids of foreign) expect(await answer(ids)).toEqual(unknown);
      }
    }
  });
});

/** Credentials that are none, by what is wrong with them. */
const BAD_KEYS: [string, (trade: Trade) => string | null][] = [
  ['no key', () => null],
  ['a well-formed key that nobody has', () => newApiKey('test')],
  ['an expired key', (t) => t.keys.expired],
  ['a revoked key', (t) => t.keys.revoked],
  ['a key with a typo', (t) => t.market.retailer.apiKey.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'))],
  ['a test key dressed as a live one', (t) => t.market.retailer.apiKey.replace('test', 'live')],
  ['a key that is cut short', (t) => t.market.retailer.apiKey.slice(0, -1)],
  ['a key and something behind it', (t) => `${t.market.retailer.apiKey} x`],
  ['two keys', (t) => `${t.market.retailer.apiKey}, Bearer ${t.market.retailer.apiKey}`],
  ['the hash of a key', () => 'a'.repeat(64)],
  ['a name of a document', () => '../apiKeyRefs'],
  ['a very long key', () => `sr_test_${'a'.repeat(4000)}`],
];

describe.each(COMPANY_ROUTES.map((route) => [nameOf(route), route] as const))('%s', (_name, route) => {
  it('answers every bad credential alike, whatever it is asked for', async () => {
    const { retailer } = trade.market;
    const nothing = seen(await ask(retailer, route, nobodysIds(), { apiKey: null }));
    expect(nothing).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
    for (const [what, keyOf] of BAD_KEYS) {
      const answer = await ask(retailer, route, trade.own, { apiKey: keyOf(trade) });
      expect(seen(answer), what).toEqual(nothing);
    }
  });

  it('takes no credential from anywhere but a bearer token', async () => {
    const { apiKey } = trade.market.retailer;
    const basic = Buffer.from(`${apiKey}:`).toString('base64');
    for (const headers of [
      { Authorization: apiKey },
      { Authorization: `Basic ${basic}` },
      { 'X-Api-Key': apiKey },
      { Cookie: `__session=${apiKey}` },
    ]) {
      const answer = await ask(trade.market.retailer, route, trade.own, { apiKey: null, headers });
      expect(answer.status).toBe(401);
    }
  });

  it('names the scope that a key lacks, whatever it is asked for', async () => {
    const apiKey = trade.keys.without[route.scope];
    const answers = [trade.own, nobodysIds()].map((ids) =>
      ask(trade.market.retailer, route, ids, { apiKey }),
    );
    const [own, unknown] = (await Promise.all(answers)).map(seen);
    expect(own).toEqual(unknown);
    expect(own).toMatchObject({ status: 403 });
    expect(own?.body).toContain(`the API key does not have the scope ${route.scope}`);
    expect(SCOPES.filter((scope) => own?.body.includes(scope))).toEqual([route.scope]);
  });
});

describe.each(
  OPEN_ROUTES.filter(({ by }) => by === 'public').map((route) => [nameOf(route), route] as const),
)('%s', (_name, { method, template }) => {
  beforeAll(async () => {
    expect(await trade.market.cloud.clock.tick('checkpoint')).toBe(204);
  });

  it('is for everyone, with any key or none', async () => {
    const url = trade.market.cloud.baseUrl + template.replace('{n}', '0').replace('{page}', 'confirm');
    const answers = [{}, { Authorization: `Bearer ${newApiKey('live')}` }].map(async (headers) => {
      const { status, text } = await fetch(url, { method, headers }).then(async (response) => ({
        status: response.status,
        text: await response.text(),
      }));
      return { status, text };
    });
    const [open, withKey] = await Promise.all(answers);
    expect(open?.status).toBe(200);
    expect(withKey).toEqual(open);
  });
});

describe('the order of a stranger', () => {
  it('was changed by none of all this', async () => {
    expect(await trade.stateOfAll()).toEqual(trade.before);
  });
});
