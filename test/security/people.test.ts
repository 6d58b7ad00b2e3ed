import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_KEY_SCOPES, newApiKey } from '../../shared/domain/api-key.ts';
import { type IdKind, randomId } from '../../shared/domain/ids.ts';
import { storeApiKey } from '../../shared/http/authenticate.ts';
import { type Account, type People, startPeople } from '../accounts/people.ts';
import { browserKey, type DeskFixture, openDesk, type Person } from '../support-desk/desk-fixture.ts';
import { startMarket } from '../support/market.ts';
import { nameOf } from './foreign-routes.ts';
import { MEMBER_ROUTES, type MemberRoute, STAFF_ROUTES, type StaffRoute } from './people-routes.ts';

let people: People;
let desk: DeskFixture;
let own: Account;
let stranger: Account;
let supporter: Person;
/** Of things that are there, and belong to the owner's company or the supporter. */
const ids: Partial<Record<IdKind, string>> = {};
let token: string;
let before: string;

beforeAll(async () => {
  const market = await startMarket();
  people = await startPeople(market.cloud);
  desk = await openDesk(market);
  own = await people.owner();
  stranger = await people.owner();
  const member = await people.member(own, 'member');
  supporter = await desk.person('support');
  token = await supporter.signIn();
  const sessions = await people.ask('GET', '/v1/sessions', { token: own.token });
  const key = { companyId: own.companyId, mode: 'test', name: 'one', expiresAt: null } as const;
  ids.member = member.memberId;
  ids.session = (sessions.json as { data: { id: string }[] }).data[0]?.id ?? '';
  ids.apiKey = (await storeApiKey(people.seed.db, { ...key, scopes: API_KEY_SCOPES }, people.seed.now)).keyId;
  ids.supportRequest = (await desk.ask(token, { kinds: ['orders'] }, await browserKey())).id;
  before = await stateOfAll();
});
afterAll(() => desk.stop());

/** Which kind of id a route takes. */
function kindIn(template: string): IdKind {
  if (template.startsWith('/v1/members') || template.startsWith('/v1/recoveries')) return 'member';
  if (template.startsWith('/v1/sessions')) return 'session';
  if (template.startsWith('/v1/api-keys')) return 'apiKey';
  if (template.startsWith('/v1/second-factors')) return 'passkey';
  return 'supportRequest';
}

/** A body that gets as far as the look-up. */
function bodyOf(template: string): object | undefined {
  if (template === '/v1/members/{id}') return { role: 'read_only' };
  if (template.endsWith('/approve')) return { digest: 'A'.repeat(43) };
  if (template.endsWith('/open')) return { kind: 'orders' };
  if (template.endsWith('/actions')) return { action: 'order.retry', order: randomId('order') };
  return undefined;
}

async function ask({ method, template }: MemberRoute | StaffRoute, as: string | undefined, id?: string) {
  const body = method === 'GET' || method === 'DELETE' ? undefined : bodyOf(template);
  const path = template.replace('{id}', id ?? randomId(kindIn(template)));
  const headers = { ...(as !== undefined && { token: as }), ...(body !== undefined && { body }) };
  const { status, text } = await people.ask(method, path, headers);
  return { status, text: text.replaceAll(/req_[0-9a-z]{26}/g, 'req_') };
}

async function stateOfAll(): Promise<string> {
  const lists = ['members', 'api-keys', 'sessions', 'approvals'];
  const asked = await Promise.all(
    lists.map((path) => people.ask('GET', `/v1/${path}`, { token: own.token })),
  );
  return asked.map(({ text }) => text.replaceAll(/"lastUsedAt":"[^"]+"/g, '')).join();
}

const named = <T extends MemberRoute | StaffRoute>(routes: readonly T[]) =>
  routes.map((route) => [nameOf(route), route] as const);

describe.each(named(MEMBER_ROUTES))('%s', (_name, route) => {
  it('answers every credential that is none alike, one of our own people’s too', async () => {
    const nothing = await ask(route, undefined);
    expect(nothing.status).toBe(401);
    const none = [
      `sr_session_${'0'.repeat(64)}`,
      `sr_session_${'0'.repeat(63)}`,
      newApiKey('test'),
      'x',
      token,
    ];
    for (const each of none) expect(await ask(route, each)).toEqual(nothing);
  });

  it('is for no API key, whatever its scopes', async () => {
    const answer = await ask(route, desk.market.retailer.apiKey);
    expect([answer.status, answer.text.includes('FORBIDDEN')]).toEqual([403, true]);
  });
});

describe.each(named(MEMBER_ROUTES.filter(({ template }) => template.includes('{'))))('%s', (_name, route) => {
  it('does not tell another company’s owner whether an id exists', async () => {
    const unknown = await ask(route, stranger.token);
    expect(unknown.status).toBe(404);
    const foreign = [
      ids[kindIn(route.template)],
      ...(kindIn(route.template) === 'member' ? [own.memberId] : []),
    ];
    for (const id of foreign) expect(await ask(route, stranger.token, id)).toEqual(unknown);
  });
});

describe.each(named(STAFF_ROUTES))('%s', (_name, route) => {
  it('answers every credential that is none alike, a merchant’s too', async () => {
    const nothing = await ask(route, undefined);
    expect(nothing.status).toBe(401);
    const none = [`sr_staff_${'0'.repeat(64)}`, 'sr_staff_', 'x', own.token, desk.market.retailer.apiKey];
    for (const each of none) expect(await ask(route, each)).toEqual(nothing);
  });
});

describe.each(named(STAFF_ROUTES.filter(({ template }) => template.includes('{'))))('%s', (_name, route) => {
  it('does not tell a colleague whether a request exists', async () => {
    const colleague = await (await desk.person('support')).signIn();
    const unknown = await ask(route, colleague);
    expect(unknown.status).toBe(404);
    expect(await ask(route, colleague, ids.supportRequest)).toEqual(unknown);
  });
});

it('nothing was changed by any of this', async () => {
  expect(await stateOfAll()).toBe(before);
});
