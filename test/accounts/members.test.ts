import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { covers, MEMBER_ROLES, type MemberRole } from '../../shared/domain/roles.ts';
import { type Account, DAY, OTHER_PASSWORD, PASSWORD, type People, SECOND, startPeople } from './people.ts';

let people: People;
let owner: Account;
beforeAll(async () => {
  people = await startPeople();
  owner = await people.owner();
});
afterAll(() => people.cloud.stop());

const invite = (by: Account, email: string, role: MemberRole = 'member') =>
  people.ask('POST', '/v1/members', { token: by.token, body: { email, role } });
const accept = (token: string, password = PASSWORD) =>
  people.ask('POST', '/v1/members/accept', { body: { token, password } });
const change = (by: Account, id: string, body: Record<string, unknown>) =>
  people.ask('PATCH', `/v1/members/${id}`, { token: by.token, body });
const remove = (by: Account, id: string) => people.ask('DELETE', `/v1/members/${id}`, { token: by.token });
const tokenOf = async (email: string) => (await people.letters(email)).at(-1)?.token ?? '';
const company = (account: Account) => people.ask('GET', '/v1/company', { token: account.token });

describe('an invitation', () => {
  it('makes a member with its address and its role, once', async () => {
    const { email } = people.address();
    const invited = await invite(owner, email, 'read_only');
    expect(invited.json).toMatchObject({ email, role: 'read_only', state: 'invited' });
    const joined = await accept(await tokenOf(email));
    expect(joined.json).toMatchObject({ level: 'full', role: 'read_only', companyId: owner.companyId });
    expect((await accept(await tokenOf(email))).json).toMatchObject({ errors: [{ path: 'token' }] });
    expect((await people.signIn(email)).status).toBe(201);
    const members = await people.ask('GET', '/v1/members', { token: owner.token });
    const listed = (members.json as { data: { email: string; state: string }[] }).data;
    expect(listed.filter((each) => each.email === email)).toMatchObject([{ state: 'active' }]);
  });

  it('leads nowhere once it is withdrawn, or after seven days', async () => {
    const [one, two] = [people.address().email, people.address().email];
    const { id } = (await invite(owner, one)).json as { id: string };
    await invite(owner, two);
    expect((await remove(owner, id)).status).toBe(204);
    expect((await remove(owner, id)).status).toBe(404);
    expect((await accept(await tokenOf(one))).status).toBe(400);
    await people.cloud.clock.advance(7 * DAY);
    owner = { ...owner, token: await people.whole(owner) };
    expect((await accept(await tokenOf(two))).status).toBe(400);
  });

  it('is the only one of its address, which does not lead back in whoever is taken out', async () => {
    const { email } = people.address();
    const admin = await people.member(owner, 'admin');
    await invite(owner, email, 'admin');
    const first = await tokenOf(email);
    expect((await invite(owner, email.toUpperCase(), 'owner')).status).toBe(201);
    expect((await invite(admin, email)).json).toMatchObject({ code: 'FORBIDDEN' });
    expect((await accept(first)).status).toBe(400);
    await invite(owner, email, 'admin');
    const joined = await accept(await tokenOf(email));
    expect(joined.status).toBe(201);
    const { data } = (await people.ask('GET', '/v1/members', { token: owner.token })).json as {
      data: { email: string; state: string }[];
    };
    expect(data.filter((each) => each.email === email)).toMatchObject([{ state: 'active' }]);
    expect((await remove(owner, (joined.json as { memberId: string }).memberId)).status).toBe(204);
    for (const { token } of await people.letters(email)) expect((await accept(token)).status).toBe(400);
    const log = (await people.log(owner.companyId)).map(({ action }) => action);
    expect(log.filter((action) => action === 'member.invitation_withdrawn').length).toBeGreaterThanOrEqual(2);
  });

  it('is worth nothing when who invited may no longer give the role', async () => {
    const admin = await people.member(owner, 'admin');
    const [one, two] = [people.address().email, people.address().email];
    await invite(admin, one, 'admin');
    await invite(admin, two, 'member');
    expect((await change(owner, admin.memberId, { role: 'member' })).status).toBe(200);
    expect((await accept(await tokenOf(one))).status).toBe(400);
    expect((await accept(await tokenOf(two))).status).toBe(201);
  });

  it('does not tell whether the address has an account elsewhere; joining is refused', async () => {
    const elsewhere = await people.owner();
    const unknown = people.address();
    const [a, b] = [await invite(owner, elsewhere.email), await invite(owner, unknown.email)];
    expect(a.status).toBe(b.status);
    expect(Object.keys(a.json as object)).toEqual(Object.keys(b.json as object));
    const letters = await Promise.all([people.letters(elsewhere.email), people.letters(unknown.email)]);
    expect(letters.map((each) => each.at(-1)?.subject)).toEqual([
      'You are invited to Strongroom',
      'You are invited to Strongroom',
    ]);
    expect((await accept(await tokenOf(elsewhere.email), OTHER_PASSWORD)).json).toMatchObject({
      code: 'CONFLICT',
    });
    expect((await people.signIn(elsewhere.email)).json).toMatchObject({ companyId: elsewhere.companyId });
  });

  it('of another company can not be withdrawn', async () => {
    const other = await people.owner();
    const { id } = (await invite(other, people.address().email)).json as { id: string };
    expect((await remove(owner, id)).status).toBe(404);
  });
});

describe('roles', () => {
  const pairs = MEMBER_ROLES.flatMap((by) => MEMBER_ROLES.map((role) => [by, role] as const));

  it('are given by those who manage members, and never above their own', async () => {
    for (const [by, role] of pairs) {
      const giver = await people.member(owner, by);
      const may = (by === 'owner' || by === 'admin') && covers(by, role);
      const invited = await invite(giver, people.address().email, role);
      expect([by, role, invited.status]).toEqual([by, role, may ? 201 : 403]);
      const raised = await change(giver, giver.memberId, { role });
      const same = by === role && may ? 200 : undefined;
      expect([by, role, raised.status]).toEqual([by, role, same ?? (may ? 200 : 403)]);
    }
  });

  it('of those above are neither changed nor taken away', async () => {
    const admin = await people.member(owner, 'admin');
    for (const body of [
      { role: 'member' },
      { state: 'suspended' },
      { role: 'read_only', state: 'suspended' },
    ]) {
      expect((await change(admin, owner.memberId, body)).json).toMatchObject({ code: 'FORBIDDEN' });
    }
    expect((await remove(admin, owner.memberId)).json).toMatchObject({ code: 'FORBIDDEN' });
    expect((await company(owner)).status).toBe(200);
  });

  it('of other companies are not found', async () => {
    const other = await people.owner();
    expect((await change(owner, other.memberId, { role: 'member' })).status).toBe(404);
    expect((await remove(owner, other.memberId)).status).toBe(404);
  });

  it('count at once where members are kept, and within half a minute elsewhere', async () => {
    const member = await people.member(owner, 'member');
    const erase = () => people.ask('POST', '/v1/orders/erase-archived', { token: member.token });
    expect((await erase()).status).toBe(204);
    const changed = await change(owner, member.memberId, { role: 'read_only' });
    expect(changed.json).toMatchObject({ role: 'read_only' });
    await people.cloud.clock.advance(30 * SECOND);
    expect((await erase()).status).toBe(403);
    expect((await company(member)).status).toBe(200);
    expect((await change(owner, member.memberId, { role: 'owner' })).status).toBe(200);
    // An owner needs a second factor; this one has none.
    expect((await company(member)).json).toMatchObject({ code: 'FORBIDDEN' });
    expect((await people.signIn(member.email)).json).toMatchObject({ level: 'needs_enrolment' });
  });
});

describe('a member who is suspended or taken out', () => {
  it('is signed out everywhere and can not come back by old means', async () => {
    const suspended = await people.member(owner, 'admin');
    await change(owner, suspended.memberId, { state: 'suspended' });
    expect((await company(suspended)).status).toBe(401);
    expect((await people.signIn(suspended.email)).status).toBe(401);
    await change(owner, suspended.memberId, { state: 'active' });
    expect((await people.signIn(suspended.email)).status).toBe(201);

    const removed = await people.member(owner, 'admin');
    expect((await remove(owner, removed.memberId)).status).toBe(204);
    expect((await company(removed)).status).toBe(401);
    expect((await people.signIn(removed.email)).status).toBe(401);
    expect((await invite(owner, removed.email)).status).toBe(201);
  });
});

describe('the last owner', () => {
  it('can neither leave, nor step down, nor be suspended', async () => {
    const only = await people.owner();
    for (const answer of [
      await remove(only, only.memberId),
      await change(only, only.memberId, { role: 'admin' }),
      await change(only, only.memberId, { state: 'suspended' }),
    ]) {
      expect(answer.json).toMatchObject({ code: 'LAST_OWNER' });
    }
    const second = await people.member(only, 'owner');
    expect((await change(second, only.memberId, { role: 'admin' })).status).toBe(200);
    expect((await remove(second, second.memberId)).json).toMatchObject({ code: 'LAST_OWNER' });
  });

  it('stays when two step down at the same moment', async () => {
    const one = await people.owner();
    const two = await people.member(one, 'owner');
    await Promise.all([
      change(one, one.memberId, { role: 'member' }),
      change(two, two.memberId, { role: 'member' }),
    ]);
    const members = await people.seed.db.collection(`companies/${one.companyId}/members`).get();
    expect(members.docs.filter((doc) => doc.get('role') === 'owner').length).toBeGreaterThanOrEqual(1);
  });
});

describe('the company', () => {
  it('is renamed by those who manage it, with an entry', async () => {
    const renamed = await people.ask('PATCH', '/v1/company', {
      token: owner.token,
      body: { name: 'Another name' },
    });
    expect(renamed.json).toMatchObject({ id: owner.companyId, name: 'Another name', closing: null });
    expect(renamed.headers.get('audit-entry')).toMatch(/^aud_/);
    const member = await people.member(owner, 'member');
    const refused = await people.ask('PATCH', '/v1/company', { token: member.token, body: { name: 'Mine' } });
    expect(refused.status).toBe(403);
    const unknown = { token: owner.token, body: { name: 'x', mode: 'live' } };
    expect((await people.ask('PATCH', '/v1/company', unknown)).json).toMatchObject({ code: 'BAD_REQUEST' });
  });
});
