import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
import { serve } from '../http/serve.ts';
import { type Account, OTHER_PASSWORD, PASSWORD, type People, startPeople } from './people.ts';

let people: People;
let owner: Account;
beforeAll(async () => {
  people = await startPeople();
  owner = await people.owner();
});
afterAll(() => people.cloud.stop());

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
  const work = async (path: string, body: unknown) => {
    const { counts } = cloud.doors.accounts;
    done.length = 0;
    letters.length = 0;
    const before = counts.snapshot();
    source += 1;
    const answer = await fetch(url + path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Forwarded-For': `192.0.2.${source}, 192.0.2.254` },
      body: JSON.stringify(body),
    });
    await answer.text();
    const { reads, writes, deletes, kmsCalls } = counts.snapshot();
    return {
      status: answer.status,
      passwords: [...done],
      letters: letters.length,
      reads: reads - before.reads,
      writes: writes - before.writes,
      deletes: deletes - before.deletes,
      kmsCalls: kmsCalls - before.kmsCalls,
    };
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
