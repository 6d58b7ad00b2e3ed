import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Door } from '../../local/door/door.ts';
import { createPasswords, type Passwords } from '../../shared/accounts/passwords.ts';
import { createThrottle } from '../../shared/accounts/throttle.ts';
import { readConfig } from '../../shared/cloud/config.ts';
import { openFirestore } from '../../shared/cloud/firestore.ts';
import { openKeyring } from '../../shared/cloud/keyring.ts';
import { createLog } from '../../shared/cloud/log.ts';
import { openMailer } from '../../shared/cloud/mail.ts';
import { createPublisher } from '../../shared/cloud/pubsub.ts';
import { addAccountsApi } from '../../shared/http/accounts/api.ts';
import { accountsRoutes } from '../../shared/http/accounts/routes.ts';
import { createApi, toFunction } from '../../shared/http/app.ts';
import { createAuthenticator } from '../../shared/http/authenticate.ts';
import { guardDesk } from '../../shared/http/staff/guard.ts';
import { addStaffApi } from '../../shared/http/staff/api.ts';
import { openStaffRoutes } from '../../shared/http/staff/routes.ts';
import { addStaff } from '../../shared/staff/accounts.ts';
import { passwordKey } from '../../shared/staff/password-and-app.ts';
import { serve } from '../http/serve.ts';
import { appCode } from '../support-desk/desk-fixture.ts';
import { type Account, OTHER_PASSWORD, PASSWORD, type People, startPeople } from './people.ts';

let people: People;
let owner: Account;
beforeAll(async () => {
  people = await startPeople();
  owner = await people.owner();
});
afterAll(() => people.cloud.stop());

/** What a POST asks of the clouds behind a door. */
async function counting({ counts }: Door, url: string, body: unknown, headers = {}) {
  const before = counts.snapshot();
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const text = (await answer.text()).replace(/req_\w+/, '');
  const { reads, writes, deletes, kmsCalls } = counts.snapshot();
  return {
    ...{ status: answer.status, text: answer.status < 300 ? '' : text },
    reads: reads - before.reads,
    writes: writes - before.writes,
    deletes: deletes - before.deletes,
    kmsCalls: kmsCalls - before.kmsCalls,
  };
}

/** The staff's desk, which says how often a password was hashed. */
async function countingDesk() {
  const { cloud } = people;
  const now = cloud.clock.now;
  const config = readConfig(cloud.envOf('support'));
  const db = openFirestore(config, 'staff');
  const log = createLog({ functionName: 'support', write: () => undefined });
  let hashes = 0;
  const app = createApi({ log });
  guardDesk(app, openStaffRoutes, { db, now });
  addStaffApi(app, {
    ...{ db, rp: config.relyingParty, log, now },
    passwordKey: (password, salt) => {
      hashes += 1;
      return passwordKey(password, salt);
    },
  });
  const url = await serve(toFunction(app));
  return async (path: string, body: unknown) => {
    hashes = 0;
    const counted = await counting(cloud.doors.support, url + path, body);
    return { ...counted, hashes };
  };
}

/** The function with passwords that say how often they were computed: the work is counted, not timed. */
async function countingFunction() {
  const { cloud } = people;
  const now = cloud.clock.now;
  const env = cloud.envOf('accounts');
  const config = readConfig(env);
  const db = openFirestore(config, '(default)');
  const keyring = openKeyring(config, { now });
  const log = createLog({ functionName: 'accounts', write: () => undefined });
  const real = createPasswords();
  const done: string[] = [];
  const letters: string[] = [];
  const passwords: Passwords = {
    hash: (password) => {
      done.push('hash');
      return real.hash(password);
    },
    verify: (stored, password) => {
      done.push('verify');
      return real.verify(stored, password);
    },
  };
  const app = createApi({
    log,
    authenticator: createAuthenticator({ db, now, freshSessions: true }),
    open: accountsRoutes.filter((route) => route.security?.length === 0),
  });
  addAccountsApi(app, {
    ...{ db, keyring, passwords, log, now },
    publisher: createPublisher(config),
    mailer: openMailer(env, (name) => letters.push(name)),
    throttle: createThrottle({ db, lookup: () => keyring.lookup(), now }),
    relyingParty: config.relyingParty,
    baseUrl: config.baseUrl,
  });
  const url = await serve(toFunction(app));
  let source = 0;
  const work = async (path: string, body: unknown, token?: string) => {
    done.length = 0;
    letters.length = 0;
    source += 1;
    const headers = {
      'X-Forwarded-For': `192.0.2.${source}, 192.0.2.254`,
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    };
    const counted = await counting(cloud.doors.accounts, url + path, body, headers);
    return { ...counted, passwords: [...done], letters: letters.length };
  };
  // The keys are loaded once an instance, whoever is asked about.
  await work('/v1/sessions', { email: people.address().email, password: PASSWORD });
  return work;
}

describe('the work for an address that has an account and for one that has none', () => {
  it('is the same at a sign-in: one hash', async () => {
    const work = await countingFunction();
    const known = await work('/v1/sessions', { email: owner.email, password: OTHER_PASSWORD });
    const unknown = await work('/v1/sessions', { email: people.address().email, password: OTHER_PASSWORD });
    expect(known).toEqual(unknown);
    expect(known).toMatchObject({ status: 401, passwords: ['verify'] });
  });

  it('is the same at a sign-up: one hash, one letter', async () => {
    const work = await countingFunction();
    const body = { name: 'A company', password: PASSWORD, mode: 'test' };
    const known = await work('/v1/companies', { ...body, email: owner.email });
    const unknown = await work('/v1/companies', { ...body, email: people.address().email });
    expect(known).toEqual(unknown);
    expect(known).toMatchObject({ status: 202, passwords: ['hash'], letters: 1 });
  });

  it('is the same when a password is forgotten: no hash, one letter', async () => {
    const work = await countingFunction();
    const known = await work('/v1/password-resets', { email: owner.email });
    const unknown = await work('/v1/password-resets', { email: people.address().email });
    expect(known).toEqual(unknown);
    expect(known).toMatchObject({ status: 202, passwords: [], letters: 1 });
  });

  it('is the same when a second factor is lost: no hash, one letter', async () => {
    const work = await countingFunction();
    const known = await work('/v1/recoveries', { email: owner.email });
    const unknown = await work('/v1/recoveries', { email: people.address().email });
    expect(known).toEqual(unknown);
    expect(known).toMatchObject({ status: 202, passwords: [], letters: 1 });
  });

  it('is the same for a member who is suspended', async () => {
    const work = await countingFunction();
    const { email, memberId } = await people.member(owner, 'member');
    const change = { token: owner.token, body: { state: 'suspended' } };
    expect((await people.ask('PATCH', `/v1/members/${memberId}`, change)).status).toBe(200);
    const nobody = people.address().email;
    for (const [path, more] of [
      ['/v1/sessions', { password: PASSWORD }],
      ['/v1/password-resets', {}],
      ['/v1/recoveries', {}],
    ] as const) {
      expect(await work(path, { email, ...more })).toEqual(await work(path, { email: nobody, ...more }));
    }
  });

  it('is the same when an address got as many letters as an hour allows: none', async () => {
    const work = await countingFunction();
    const { email } = await people.owner();
    const nobody = people.address().email;
    for (const [path, more] of [
      ['/v1/companies', { name: 'A company', password: PASSWORD, mode: 'test' }],
      ['/v1/password-resets', {}],
      ['/v1/recoveries', {}],
    ] as const) {
      for (const to of [email, nobody]) {
        // One more than that: what is over its limit is known to be, and is not counted again.
        for (let n = 0; n < 4; n += 1) await work(path, { email: to, ...more });
      }
      const known = await work(path, { email, ...more });
      expect(known).toEqual(await work(path, { email: nobody, ...more }));
      expect(known).toMatchObject({ status: 202, letters: 0 });
    }
  });

  it('is the same for whoever invites it to another company: no hash, one letter', async () => {
    const work = await countingFunction();
    const invite = (email: string) => work('/v1/members', { email, role: 'member' }, owner.token);
    const { email } = await people.owner();
    // The first use of a session within a minute is written down.
    await invite(people.address().email);
    const known = await invite(email);
    expect(known).toEqual(await invite(people.address().email));
    expect(known).toMatchObject({ status: 201, passwords: [], letters: 1 });
  });

  it('is one hash for a right password too', async () => {
    const work = await countingFunction();
    const right = await work('/v1/sessions', { email: owner.email, password: PASSWORD });
    expect(right).toMatchObject({ status: 201, passwords: ['verify'] });
  });

  it('is no hash at all once a source is throttled', async () => {
    const { email } = people.address();
    for (let n = 0; n < 10; n += 1) await people.signIn(email, OTHER_PASSWORD, '127.5.0.1');
    const before = people.cloud.doors.accounts.counts.snapshot();
    await people.signIn(email, OTHER_PASSWORD, '127.5.0.1');
    await people.signIn(email, OTHER_PASSWORD, '127.5.0.1');
    const after = people.cloud.doors.accounts.counts.snapshot();
    // The first is counted, the second is known to this instance: nothing is looked up for either.
    expect([after.writes - before.writes, after.reads - before.reads]).toEqual([4, 4]);
  });
});

describe('the work for a name of our own people and for one that nobody has', () => {
  it('is the same at a sign-in, whatever factors there are: one hash', async () => {
    const desk = await countingDesk();
    const operator = openFirestore(readConfig(people.cloud.envOf('staff-admin')), 'staff');
    const deps = { db: operator, now: people.seed.now };
    const { code } = await addStaff('desk-01', 'support', deps);
    await addStaff('desk-02', 'support', deps);
    await operator.terminate();
    const shown = { name: 'desk-01', code };
    const options = await people.ask('POST', '/v1/staff/enrolments/options', { body: shown });
    const { secret } = (options.json as { app: { secret: string } }).app;
    const app = { secret, code: appCode(secret, people.cloud.clock.now()) };
    const enrolled = { ...shown, password: PASSWORD, app };
    expect((await people.ask('POST', '/v1/staff/enrolments', { body: enrolled })).status).toBe(204);

    const signIn = (name: string, password = OTHER_PASSWORD) =>
      desk('/v1/staff/sessions', { name, password, code: '000000' });
    await signIn('desk-00');
    const unknown = await signIn('desk-99');
    expect(unknown).toMatchObject({ status: 401, hashes: 1 });
    expect(await signIn('desk-01')).toEqual(unknown);
    expect(await signIn('desk-01', PASSWORD)).toEqual(unknown);
    expect(await signIn('desk-02')).toEqual(unknown);

    const enrol = (name: string) =>
      desk('/v1/staff/enrolments/options', { name, code: `sr_enrol_${'0'.repeat(32)}` });
    expect(await enrol('desk-02')).toEqual(await enrol('desk-99'));
    expect(await enrol('desk-01')).toEqual(await enrol('desk-99'));
  });
});
