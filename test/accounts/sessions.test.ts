import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { issueSession, MOST_SESSIONS, tokenHash } from '../../shared/accounts/sessions.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { API_KEY_SCOPES } from '../../shared/domain/api-key.ts';
import { storeApiKey } from '../../shared/http/authenticate.ts';
import { type Account, DAY, HOUR, MINUTE, PASSWORD, type People, SECOND, startPeople } from './people.ts';

let people: People;
let owner: Account;
beforeAll(async () => {
  people = await startPeople();
  owner = await people.owner();
});
afterAll(() => people.cloud.stop());
// Time moves on, and sessions end by it.
beforeEach(async () => {
  owner = { ...owner, token: await people.whole(owner) };
});

const company = (token: string) => people.ask('GET', '/v1/company', { token });
const list = async (token: string) =>
  ((await people.ask('GET', '/v1/sessions', { token })).json as { data: { id: string; current: boolean }[] })
    .data;

describe('a session', () => {
  it('is listed to its member, who ends it', async () => {
    const member = await people.member(owner, 'member');
    const other = await people.whole(member);
    const sessions = await list(member.token);
    expect(sessions.length).toBeGreaterThanOrEqual(2);
    expect(sessions.filter(({ current }) => current)).toHaveLength(1);
    const [wanted] = (await list(other)).filter(({ current }) => current);
    const ended = await people.ask('DELETE', `/v1/sessions/${wanted?.id ?? ''}`, { token: member.token });
    expect([ended.status, ended.headers.get('audit-entry')?.slice(0, 4)]).toEqual([204, 'aud_']);
    expect((await company(other)).status).toBe(401);
    expect((await company(member.token)).status).toBe(200);
  });

  it('of others can be neither seen nor ended', async () => {
    const [one, two] = [await people.member(owner, 'admin'), await people.member(owner, 'member')];
    const [theirs] = await list(two.token);
    expect((await list(one.token)).map(({ id }) => id)).not.toContain(theirs?.id);
    const refused = await people.ask('DELETE', `/v1/sessions/${theirs?.id ?? ''}`, { token: one.token });
    expect(refused.status).toBe(404);
    expect((await company(two.token)).status).toBe(200);
  });

  it('can not be used again after signing out everywhere, in any function', async () => {
    const member = await people.member(owner, 'member');
    const tokens = [member.token, await people.whole(member), await people.whole(member)];
    for (const token of tokens) expect((await people.ask('GET', '/v1/orders', { token })).status).toBe(200);
    expect((await people.ask('DELETE', '/v1/sessions', { token: member.token })).status).toBe(204);
    for (const token of tokens) expect((await company(token)).status).toBe(401);
    await people.cloud.clock.advance(30 * SECOND);
    for (const token of tokens) expect((await people.ask('GET', '/v1/orders', { token })).status).toBe(401);
  });

  it('makes room for the next sign-in beyond a hundred: what waits for a factor goes first, then what is unused', async () => {
    const member = await people.member(owner, 'member');
    const { companyId, memberId } = member;
    const { db } = people.seed;
    const fill = async (level: 'needs_factor' | 'full') => {
      const batch = db.batch();
      const of = { companyId, memberId, mode: 'test', role: 'member', level } as const;
      for (let made = 0; made < MOST_SESSIONS; made += 1) issueSession(batch, of, people.seed);
      await batch.commit();
    };
    const held = async () => (await db.collection('sessions').where('memberId', '==', memberId).get()).size;
    const signIn = async () => ((await people.signIn(member.email)).json as { token: string }).token;

    await fill('needs_factor');
    expect((await company(await signIn())).status).toBe(200);
    expect([await held(), (await company(member.token)).status]).toEqual([MOST_SESSIONS, 200]);
    await people.cloud.clock.advance(SECOND);
    await fill('full');
    const newest = await signIn();
    expect([await held(), (await company(newest)).status]).toEqual([MOST_SESSIONS, 200]);
    expect((await company(member.token)).status).toBe(401);
  });

  it('ends when it is idle for twelve hours, and after seven days whatever is done', async () => {
    const member = await people.member(owner, 'member');
    await people.cloud.clock.advance(11 * HOUR);
    expect((await company(member.token)).status).toBe(200);
    const other = await people.whole(member);
    await people.cloud.clock.advance(11 * HOUR);
    expect((await company(member.token)).status).toBe(200);
    await people.cloud.clock.advance(HOUR);
    expect((await company(other)).status).toBe(401);

    const long = await people.whole(member);
    for (let half = 0; half < 14; half += 1) {
      expect((await company(long)).status).toBe(200);
      await people.cloud.clock.advance(DAY / 2 - MINUTE);
    }
    await people.cloud.clock.advance(14 * MINUTE);
    expect((await company(long)).status).toBe(401);
  });

  it('is written down as used at most once a minute', async () => {
    const token = await people.whole(owner);
    const ref = people.seed.db.doc(paths.session(tokenHash(token)));
    const first = (await ref.get()).get('lastUsedAt') as string;
    await company(token);
    await company(token);
    expect((await ref.get()).get('lastUsedAt')).toBe(first);
    await people.cloud.clock.advance(MINUTE);
    await company(token);
    const second = (await ref.get()).get('lastUsedAt') as string;
    expect(Date.parse(second) - Date.parse(first)).toBeGreaterThanOrEqual(MINUTE);
  });

  it('is never one that the caller brought: each sign-in makes a token of its own', async () => {
    const member = await people.member(owner, 'member');
    const planted = `sr_session_${randomBytes(32).toString('hex')}`;
    const body = { email: member.email, password: PASSWORD };
    const given = (await people.ask('POST', '/v1/sessions', { body, token: planted })).json as {
      token: string;
    };
    expect(given.token).not.toBe(planted);
    expect((await company(planted)).status).toBe(401);
    const again = (await people.ask('POST', '/v1/sessions', { body, token: given.token })).json as {
      token: string;
    };
    expect(again.token).not.toBe(given.token);
  });

  it('that waits for a second factor reaches nothing but that, and its own end', async () => {
    const member = await people.member(owner, 'admin');
    const batch = people.seed.db.batch();
    const of = {
      companyId: owner.companyId,
      memberId: member.memberId,
      mode: 'test',
      role: 'admin',
    } as const;
    const { token, session } = issueSession(batch, { ...of, level: 'needs_factor' }, people.seed);
    await batch.commit();
    const [other] = (await list(member.token)).filter(({ id }) => id !== session.id);
    for (const [method, path] of [
      ['GET', '/v1/sessions'],
      ['DELETE', '/v1/sessions'],
      ['GET', '/v1/second-factors'],
      ['POST', '/v1/second-factors/totp'],
      ['GET', '/v1/orders'],
      ['GET', '/v1/members'],
    ] as const) {
      expect([path, (await people.ask(method, path, { token })).status]).toEqual([path, 403]);
    }
    expect((await people.ask('DELETE', `/v1/sessions/${other?.id ?? ''}`, { token })).status).toBe(404);
    expect((await people.ask('DELETE', `/v1/sessions/${session.id}`, { token })).status).toBe(204);
    expect((await people.ask('DELETE', `/v1/sessions/${session.id}`, { token })).status).toBe(401);
  });

  it('is for people: an API key has none', async () => {
    const { apiKey } = await storeApiKey(
      people.seed.db,
      { companyId: owner.companyId, mode: 'test', name: 'k', scopes: API_KEY_SCOPES, expiresAt: null },
      people.seed.now,
    );
    expect((await company(apiKey)).status).toBe(200);
    for (const [method, path] of [
      ['GET', '/v1/sessions'],
      ['DELETE', '/v1/sessions'],
      ['GET', '/v1/members'],
      ['GET', '/v1/second-factors'],
    ] as const) {
      expect((await people.ask(method, path, { token: apiKey })).status).toBe(403);
    }
  });
});
