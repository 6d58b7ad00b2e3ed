import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tokenHash } from '../../shared/accounts/sessions.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { type Account, HOUR, OTHER_PASSWORD, PASSWORD, type People, startPeople } from './people.ts';
import { freshWindows } from '../support/windows.ts';

let people: People;
let owner: Account;
beforeAll(async () => {
  people = await startPeople();
  owner = await people.owner();
});
afterAll(() => people.cloud.stop());

let sources = 0;
const forget = (email: string) => {
  sources += 1;
  return people.ask('POST', '/v1/password-resets', { body: { email }, from: `127.6.0.${sources}` });
};
const reset = (token: string, password = OTHER_PASSWORD) =>
  people.ask('POST', '/v1/password-resets/confirm', { body: { token, password } });
const linkOf = async (email: string) => (await people.letters(email)).at(-1)?.token ?? '';
const change = (token: string, current: string, next: string) =>
  people.ask('POST', '/v1/password', { token, body: { current, new: next } });

describe('a link to set a password', () => {
  it('sets it once, ends every session, and tells the member', async () => {
    const member = await people.member(owner, 'member');
    expect((await forget(member.email)).status).toBe(202);
    const token = await linkOf(member.email);
    const done = await reset(token);
    expect([done.status, done.headers.get('audit-entry')?.slice(0, 4)]).toEqual([204, 'aud_']);
    expect((await people.ask('GET', '/v1/company', { token: member.token })).status).toBe(401);
    expect((await people.signIn(member.email, PASSWORD)).status).toBe(401);
    expect((await people.signIn(member.email, OTHER_PASSWORD)).status).toBe(201);
    expect((await reset(token, PASSWORD)).json).toMatchObject({ errors: [{ path: 'token' }] });
    expect((await people.letters(member.email)).at(-1)?.subject).toContain('was changed');
    const actions = (await people.log(owner.companyId)).map(({ action }) => action);
    expect(actions).toEqual(expect.arrayContaining(['password.reset_asked', 'password.reset']));
  });

  it('is worth nothing after an hour', async () => {
    const member = await people.member(owner, 'member');
    await forget(member.email);
    await people.cloud.clock.advance(HOUR);
    expect((await reset(await linkOf(member.email))).status).toBe(400);
  });

  it('is worth nothing once the password was set by another', async () => {
    const member = await people.member(owner, 'member');
    await forget(member.email);
    const first = await linkOf(member.email);
    await forget(member.email);
    expect((await reset(await linkOf(member.email))).status).toBe(204);
    expect((await reset(first, PASSWORD)).status).toBe(400);
  });

  it('is still good after a password that was too weak', async () => {
    const member = await people.member(owner, 'member');
    await forget(member.email);
    const token = await linkOf(member.email);
    expect((await reset(token, 'short')).json).toMatchObject({ errors: [{ path: 'password' }] });
    expect((await reset(token, `${member.email}!`)).status).toBe(400);
    expect((await reset(token)).status).toBe(204);
  });

  it('is no way past a second factor, nor into a suspended account', async () => {
    const member = await people.member(owner, 'member');
    await forget(member.email);
    const token = await linkOf(member.email);
    const path = `/v1/members/${member.memberId}`;
    await people.ask('PATCH', path, { token: owner.token, body: { state: 'suspended' } });
    expect((await reset(token)).status).toBe(400);
    await forget(owner.email);
    await reset(await linkOf(owner.email), OTHER_PASSWORD);
    expect((await people.signIn(owner.email, OTHER_PASSWORD)).json).toMatchObject({
      level: 'needs_enrolment',
    });
    owner = { ...owner, token: await people.whole(owner) };
  });

  it('of one kind does not work as one of another', async () => {
    const member = await people.member(owner, 'member');
    await forget(member.email);
    const token = await linkOf(member.email);
    const tries = [
      await people.ask('POST', '/v1/companies/confirm', { body: { token } }),
      await people.ask('POST', '/v1/members/accept', { body: { token, password: OTHER_PASSWORD } }),
    ];
    for (const answer of tries) expect(answer.json).toMatchObject({ errors: [{ path: 'token' }] });
  });

  it('is asked for alike by whoever has an account and whoever has none, with a letter either way', async () => {
    const { email } = people.address();
    const [unknown, known] = [await forget(email), await forget(owner.email)];
    expect([unknown.status, unknown.text]).toEqual([known.status, known.text]);
    expect(await people.letters(email)).toMatchObject([{ token: '' }]);
  });

  it('takes a member in, however many others try the password', async () => {
    const member = await people.member(owner, 'member');
    const tries = Array.from({ length: 40 }, (_, n) =>
      people.signIn(member.email, 'a wrong guess of many', `127.6.1.${n + 1}`),
    );
    await Promise.all(tries);
    await forget(member.email);
    const from = '127.6.1.200';
    const body = { token: await linkOf(member.email), password: OTHER_PASSWORD };
    expect((await people.ask('POST', '/v1/password-resets/confirm', { body, from })).status).toBe(204);
    expect((await people.signIn(member.email, OTHER_PASSWORD, from)).status).toBe(201);
  });
});

describe('changing one’s password', () => {
  it('needs the current one, ends every session and gives a new one', async () => {
    const member = await people.member(owner, 'member');
    const other = await people.whole(member);
    const wrong = await change(member.token, 'not the password at all', OTHER_PASSWORD);
    expect(wrong.json).toMatchObject({ errors: [{ path: 'current' }] });
    const changed = await change(member.token, PASSWORD, OTHER_PASSWORD);
    expect(changed.json).toMatchObject({ level: 'full', memberId: member.memberId });
    const { token } = changed.json as { token: string };
    for (const old of [member.token, other]) {
      expect((await people.ask('GET', '/v1/company', { token: old })).status).toBe(401);
    }
    expect((await people.ask('GET', '/v1/company', { token })).status).toBe(200);
    expect((await people.signIn(member.email, PASSWORD)).status).toBe(401);
    expect((await people.signIn(member.email, OTHER_PASSWORD)).status).toBe(201);
  });

  it('keeps no role that was taken away while the new password was hashed', async () => {
    const member = await people.member(owner, 'admin');
    const keys = (token: string) =>
      people.ask('POST', '/v1/api-keys', { token, body: { name: 'a key', scopes: ['orders:read'] } });
    expect((await keys(member.token)).status).toBe(201);
    const changing = change(member.token, PASSWORD, OTHER_PASSWORD);
    const path = `/v1/members/${member.memberId}`;
    const lowered = await people.ask('PATCH', path, { token: owner.token, body: { role: 'read_only' } });
    expect(lowered.status).toBe(200);
    const changed = await changing;
    expect(changed.status).toBe(200);
    const { token } = changed.json as { token: string };
    expect((await people.ask('GET', '/v1/company', { token })).status).toBe(200);
    expect((await keys(token)).json).toMatchObject({ code: 'FORBIDDEN' });
    const session = await people.seed.db.doc(paths.session(tokenHash(token))).get();
    expect(session.get('role')).toBe('read_only');
  });

  it('is no way to try passwords with a stolen session, and each try is in the log', async () => {
    await freshWindows(people.cloud);
    const member = await people.member(owner, 'member');
    const statuses: number[] = [];
    for (let n = 0; n < 11; n += 1)
      statuses.push((await change(member.token, `guess ${n}`, OTHER_PASSWORD)).status);
    expect(statuses).toEqual([...Array<number>(10).fill(400), 429]);
    const tries = (await people.log(owner.companyId)).filter(
      ({ action, result, actor }) =>
        `${action} ${result}` === 'password.changed refused' &&
        JSON.stringify(actor).includes(member.memberId),
    );
    expect(tries).toHaveLength(10);
  });
});
