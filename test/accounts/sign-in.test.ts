import { hash } from '@node-rs/argon2';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { paths } from '../../shared/cloud/firestore.ts';
import {
  type Account,
  HOUR,
  MINUTE,
  OTHER_PASSWORD,
  PASSWORD,
  type People,
  type Reply,
  startPeople,
} from './people.ts';
import { freshWindows } from '../support/windows.ts';

let people: People;
let owner: Account;
let member: Account;
beforeAll(async () => {
  people = await startPeople();
  owner = await people.owner();
  member = await people.member(owner, 'member');
});
afterAll(() => people.cloud.stop());

/** All that a caller can see, but for what is new in each. */
function seen({ status, headers, text }: Reply) {
  const shown = [...headers].filter(([name]) => !['date', 'request-id'].includes(name));
  return { status, headers: Object.fromEntries(shown), text: text.replaceAll(/req_[0-9a-z]{26}/g, 'req_') };
}

describe('signing in', () => {
  it('gives a member the scopes of the role, and the log an entry', async () => {
    const answer = await people.signIn(member.email);
    const { headers, status } = answer;
    const json = answer.json as unknown;
    expect(status).toBe(201);
    expect(json).toMatchObject({ level: 'full', role: 'member', factors: [], companyId: owner.companyId });
    expect(headers.get('audit-entry')).toMatch(/^aud_/);
    const { token } = json as { token: string };
    expect(token).toMatch(/^sr_session_[0-9a-f]{64}$/);
    expect((await people.ask('GET', '/v1/orders', { token })).status).toBe(200);
    expect((await people.ask('GET', '/v1/audit', { token })).status).toBe(200);
    expect((await people.log(owner.companyId)).at(-1)).toMatchObject({ action: 'session.started' });
  });

  it('leads an owner without a second factor to getting one, and no further', async () => {
    const json = (await people.signIn(owner.email)).json as unknown;
    expect(json).toMatchObject({ level: 'needs_enrolment' });
    const { token } = json as { token: string };
    for (const path of ['/v1/orders', '/v1/company', '/v1/members', '/v1/audit']) {
      const refused = await people.ask('GET', path, { token });
      expect([path, (refused.json as { code: string }).code]).toEqual([path, 'FORBIDDEN']);
    }
    expect((await people.ask('GET', '/v1/second-factors', { token })).status).toBe(200);
    expect((await people.ask('GET', '/v1/sessions', { token })).status).toBe(200);
  });

  it('takes the address in every spelling', async () => {
    expect((await people.signIn(` ${member.email.toUpperCase()}`)).status).toBe(201);
  });

  it('stores the token’s hash alone', async () => {
    const { token } = (await people.signIn(member.email)).json as { token: string };
    const sessions = await people.seed.db.collection('sessions').get();
    const stored = sessions.docs.map((doc) => doc.id + JSON.stringify(doc.data())).join();
    expect(stored).not.toContain(token.slice('sr_session_'.length));
  });

  it('renews a hash that was made with less work, and takes the same password after', async () => {
    const ref = people.seed.db.doc(paths.member(member.companyId, member.memberId));
    const weaker = await hash(PASSWORD, { memoryCost: 8192, timeCost: 1, parallelism: 1 });
    await ref.update({ passwordHash: weaker });
    expect((await people.signIn(member.email)).status).toBe(201);
    const renewed = (await ref.get()).get('passwordHash') as string;
    expect(renewed).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect((await people.signIn(member.email)).status).toBe(201);
    expect((await ref.get()).get('passwordHash')).toBe(renewed);
  });
});

describe('a refusal', () => {
  it('is the same for an unknown address, a wrong password and a suspended member', async () => {
    const suspended = await people.member(owner, 'member');
    const path = `/v1/members/${suspended.memberId}`;
    await people.ask('PATCH', path, { token: owner.token, body: { state: 'suspended' } });
    const refusals = [
      await people.signIn(people.address().email, PASSWORD, '127.3.0.1'),
      await people.signIn(member.email, OTHER_PASSWORD, '127.3.0.2'),
      await people.signIn(suspended.email, PASSWORD, '127.3.0.3'),
      await people.signIn(suspended.email, OTHER_PASSWORD, '127.3.0.4'),
    ].map(seen);
    expect(refusals[0]).toMatchObject({ status: 401 });
    for (const refusal of refusals) expect(refusal).toEqual(refusals[0]);
  });

  it('is in the log of who is tried, up to twenty an hour', async () => {
    await freshWindows(people.cloud);
    const tried = await people.member(owner, 'read_only');
    for (let n = 1; n <= 25; n += 1) await people.signIn(tried.email, OTHER_PASSWORD, `127.3.1.${n}`);
    const entries = (await people.log(owner.companyId)).filter(
      (entry) => (entry as unknown as { record: { id: string } }).record.id === tried.memberId,
    );
    const refused = entries.filter(({ action }) => action === 'session.refused');
    expect(refused).toHaveLength(20);
    expect(refused[0]).toMatchObject({ result: 'refused', actor: { type: 'anonymous', id: null } });
  });

  it('never says a password again', async () => {
    const answer = await people.signIn(member.email, 'a canary of a password', '127.3.0.5');
    expect(answer.text).not.toContain('canary');
    expect(people.cloud.lines.join()).not.toContain('canary');
  });
});

describe('throttling', () => {
  beforeEach(() => freshWindows(people.cloud));

  it('gives one source ten tries at one account, known or not, and says when to come again', async () => {
    const { email } = await people.member(owner, 'member');
    for (const [tried, from] of [
      [email, '127.4.0.1'],
      [people.address().email, '127.4.0.2'],
    ] as const) {
      const statuses: number[] = [];
      for (let n = 0; n < 12; n += 1)
        statuses.push((await people.signIn(tried, OTHER_PASSWORD, from)).status);
      expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
      const right = await people.signIn(tried, PASSWORD, from);
      expect(right.status).toBe(429);
      expect(Number(right.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect((await people.signIn(email, PASSWORD, '127.4.0.3')).status).toBe(201);
    await people.cloud.clock.advance(15 * MINUTE);
    expect((await people.signIn(email, PASSWORD, '127.4.0.1')).status).toBe(201);
  });

  it('counts attempts that come at one moment', async () => {
    const { email } = people.address();
    const tries = Array.from({ length: 30 }, () => people.signIn(email, OTHER_PASSWORD, '127.4.1.1'));
    const statuses = (await Promise.all(tries)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(10);
  });

  it('is not led astray by what a caller says of its address', async () => {
    const { email } = people.address();
    const statuses: number[] = [];
    for (let n = 0; n < 12; n += 1) {
      const headers = { 'X-Forwarded-For': `203.0.113.${n}, 203.0.113.${n + 100}` };
      const body = { email, password: OTHER_PASSWORD };
      const answer = await people.ask('POST', '/v1/sessions', { body, headers, from: '127.4.2.1' });
      statuses.push(answer.status);
    }
    expect(statuses.slice(10)).toEqual([429, 429]);
  });

  it('locks nobody out: many sources trying one account leave in whoever signed in before', async () => {
    const { email } = await people.member(owner, 'member');
    const home = '127.4.3.250';
    expect((await people.signIn(email, PASSWORD, home)).status).toBe(201);
    const tries = Array.from({ length: 60 }, (_, n) =>
      people.signIn(email, OTHER_PASSWORD, `127.4.3.${n + 1}`),
    );
    const statuses = (await Promise.all(tries)).map(({ status }) => status);
    expect(statuses).toContain(429);
    expect((await people.signIn(email, PASSWORD, home)).status).toBe(201);
    // A stranger waits for a turn, not for ever.
    const stranger = await people.signIn(email, PASSWORD, '127.4.3.251');
    if (stranger.status === 429) expect(Number(stranger.headers.get('retry-after'))).toBeLessThanOrEqual(10);
    await people.cloud.clock.advance(10_000);
    expect((await people.signIn(email, PASSWORD, '127.4.3.252')).status).toBe(201);
  });

  it('keeps no address of the network', async () => {
    await people.signIn(people.address().email, PASSWORD, '127.4.4.44');
    const kept = await people.seed.db.collection('throttles').get();
    const text = kept.docs.map((doc) => doc.id + JSON.stringify(doc.data())).join();
    expect(text).not.toContain('127.4.4.44');
    expect(people.cloud.lines.join()).not.toContain('127.4.4.44');
    await people.cloud.clock.advance(HOUR);
  });
});
