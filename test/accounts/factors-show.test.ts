import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type TestCloud, testCloud } from '../support/cloud.ts';
import { type Accounts, type App, MINUTE, type Person, SECOND, startAccounts } from './factors-fixture.ts';

const FACTOR = '/v1/sessions/factor';

let cloud: TestCloud;
let accounts: Accounts;
let person: Person;
let app: App;
let recoveryCodes: string[];
/** A session that waits for the factor. */
let token: string;

beforeAll(async () => {
  cloud = await testCloud();
});
afterAll(() => cloud.stop());
beforeEach(async () => {
  accounts = await startAccounts(cloud);
  person = await accounts.person();
  ({ app, recoveryCodes } = await person.withApp());
  ({ token } = await person.signIn());
});

const show = (body: unknown, by = token) => accounts.call(by, 'POST', FACTOR, body);

describe('showing a second factor', () => {
  it('gives a whole session under a new token, and the old token ends', async () => {
    const answer = await show({ totp: app.code() });
    expect(answer.status).toBe(201);
    expect(answer.json).toEqual({
      token: expect.stringMatching(/^sr_session_[0-9a-f]{64}$/) as string,
      level: 'full',
    });
    expect(answer.json.token).not.toBe(token);
    expect((await accounts.call(token, 'GET', '/v1/second-factors')).status).toBe(401);
    expect((await show({ totp: app.code(1) })).status).toBe(401);
    expect((await accounts.call(answer.json.token, 'GET', '/v1/second-factors')).status).toBe(200);
  });

  it('is what a session after the password can do, and nothing else', async () => {
    expect((await accounts.call(token, 'GET', '/v1/second-factors')).status).toBe(403);
    expect((await accounts.call(token, 'POST', '/v1/second-factors/totp')).status).toBe(403);
    expect((await accounts.call(token, 'POST', '/v1/second-factors/recovery-codes')).status).toBe(403);
  });

  it('takes the same code of the app once', async () => {
    const code = app.code();
    expect((await show({ totp: code })).status).toBe(201);
    const second = await person.signIn();
    const again = await show({ totp: code }, second.token);
    expect(again.status).toBe(403);
    expect(again.json.code).toBe('FACTOR_REFUSED');
  });

  it('takes the same code once when it is shown in many sessions at one moment', async () => {
    const sessions = await Promise.all(Array.from({ length: 3 }, () => person.signIn()));
    const code = app.code();
    const answers = await Promise.all(sessions.map((session) => show({ totp: code }, session.token)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  });

  it('takes no code of an earlier step than the last one', async () => {
    accounts.move(30 * SECOND);
    expect((await show({ totp: app.code() })).status).toBe(201);
    const second = await person.signIn();
    expect((await show({ totp: app.code(-1) }, second.token)).json.code).toBe('FACTOR_REFUSED');
    expect((await show({ totp: app.code(1) }, second.token)).status).toBe(201);
  });

  it('takes no code from two steps away', async () => {
    accounts.move(5 * MINUTE);
    for (const steps of [-2, 2]) {
      expect((await show({ totp: app.code(steps) })).json.code).toBe('FACTOR_REFUSED');
    }
    expect((await show({ totp: app.code(-1) })).status).toBe(201);
  });

  it('takes a recovery code once', async () => {
    const [code = ''] = recoveryCodes;
    expect((await show({ recoveryCode: code.toLowerCase() })).status).toBe(201);
    const second = await person.signIn();
    expect((await show({ recoveryCode: code }, second.token)).json.code).toBe('FACTOR_REFUSED');
    expect((await person.stored()).secondFactors.recoveryCodes).toHaveLength(9);
  });

  it('takes exactly one factor a request', async () => {
    for (const body of [
      {},
      { totp: app.code(), recoveryCode: recoveryCodes[0] },
      { totp: '12345' },
      { code: '1' },
    ]) {
      expect((await show(body)).status).toBe(400);
    }
    expect((await show({ totp: app.code() })).status).toBe(201);
  });

  it('has nothing to take from a member without a factor', async () => {
    const bare = await accounts.person('member');
    const session = await bare.signIn();
    expect(session.level).toBe('full');
    expect((await show({ totp: '123456' }, session.token)).json.code).toBe('CONFLICT');
  });

  it('confirms a whole session that is no longer fresh, which lives no longer by it', async () => {
    const whole = (await show({ totp: app.code() })).json.token;
    accounts.move(11 * MINUTE);
    const stale = await accounts.call(whole, 'POST', '/v1/second-factors/recovery-codes');
    expect(stale.json.code).toBe('FRESH_SIGN_IN_NEEDED');
    const fresh = (await show({ totp: app.code() }, whole)).json.token;
    expect((await accounts.call(fresh, 'POST', '/v1/second-factors/recovery-codes')).status).toBe(201);
    expect((await accounts.call(whole, 'GET', '/v1/second-factors')).status).toBe(401);
    let last = fresh;
    for (let half = 0; half < 16; half += 1) {
      accounts.move(11.5 * 60 * MINUTE);
      const next = await show({ totp: app.code() }, last);
      if (next.status === 401) return;
      last = next.json.token;
    }
    expect.fail('a session was confirmed for more than a week');
  });

  it('is written in the log, with the factor and the session', async () => {
    const answer = await show({ totp: app.code() });
    const entries = await person.log();
    expect(entries.at(-1)).toMatchObject({
      action: 'factor.accepted',
      result: 'done',
      facts: { factor: 'totp' },
    });
    expect(answer.headers.get('audit-entry')).toMatch(/^aud_\w{26}; leaf=/);
  });

  it('waits a quarter of an hour at most', async () => {
    accounts.move(16 * MINUTE);
    expect((await show({ totp: app.code() })).status).toBe(401);
  });
});

describe('guessing codes', () => {
  const miss = (by: string) => show({ totp: app.wrong() }, by);

  it('ends the session with the fifth wrong one, and says when to come again', async () => {
    for (let guess = 1; guess < 5; guess += 1) expect((await miss(token)).json.code).toBe('FACTOR_REFUSED');
    const fifth = await miss(token);
    expect(fifth.status).toBe(429);
    expect(fifth.headers.get('retry-after')).toBe('60');
    expect((await show({ totp: app.code() })).status).toBe(401);
    const refused = (await person.log()).filter(({ action }) => action === 'factor.refused');
    expect(refused).toHaveLength(5);
    expect(refused[0]).toMatchObject({ result: 'refused', facts: { factor: 'totp' } });
  });

  it('does not begin anew with another session', async () => {
    for (let guess = 1; guess <= 3; guess += 1) await miss(token);
    const second = await person.signIn();
    await miss(second.token);
    expect((await miss(second.token)).status).toBe(429);
  });

  it('takes longer with every five, also for the right code, and ends when one is right', async () => {
    for (const pause of [60, 120, 240]) {
      const session = await person.signIn();
      for (let guess = 1; guess < 5; guess += 1) await miss(session.token);
      expect((await miss(session.token)).headers.get('retry-after')).toBe(String(pause));
      const during = await person.signIn();
      expect((await show({ totp: app.code() }, during.token)).status).toBe(429);
      accounts.move(pause * SECOND);
    }
    expect((await show({ totp: app.code() }, (await person.signIn()).token)).status).toBe(201);
    expect((await person.stored()).secondFactors.misses).toEqual({ count: 0, blockedUntil: null });
  });

  it('does not lock out who has a recovery code', async () => {
    for (let guess = 1; guess <= 5; guess += 1) await miss(token);
    const own = await person.signIn();
    expect((await show({ recoveryCode: recoveryCodes[1] }, own.token)).status).toBe(201);
  });

  it('at many at one moment is counted whole', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => miss(token)));
    expect(answers.filter(({ status }) => status === 403).length).toBeLessThanOrEqual(4);
    expect((await person.stored()).secondFactors.misses.count).toBe(5);
  });
});
