import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type TestCloud, testCloud } from '../support/cloud.ts';
import { type Accounts, MINUTE, type Person, startAccounts } from './factors-fixture.ts';

const FACTORS = '/v1/second-factors';

let cloud: TestCloud;
let accounts: Accounts;
let owner: Person;

beforeAll(async () => {
  cloud = await testCloud();
});
afterAll(() => cloud.stop());
beforeEach(async () => {
  accounts = await startAccounts(cloud);
  owner = await accounts.person();
});

const list = async (token: string) => (await accounts.call(token, 'GET', FACTORS)).json.data;

async function addPasskey(token: string): Promise<string> {
  const { json } = await accounts.call(token, 'POST', `${FACTORS}/passkeys/options`);
  const body = { name: 'Key', credential: accounts.device().create(json) };
  const added = await accounts.call(token, 'POST', `${FACTORS}/passkeys`, body);
  return added.json.factor.id;
}

describe('an authenticator app', () => {
  it('is a factor from its first code on', async () => {
    const { token } = await owner.signIn();
    expect((await accounts.call(token, 'POST', `${FACTORS}/totp`)).status).toBe(201);
    expect(await list(token)).toEqual([]);
    const wrong = await accounts.call(token, 'POST', `${FACTORS}/totp/confirm`, { code: '000000' });
    expect(wrong.json.code).toBe('FACTOR_REFUSED');
    expect((await owner.signIn()).level).toBe('needs_enrolment');
  });

  it('is shown once, and is kept sealed', async () => {
    const { token } = await owner.signIn();
    const { json } = await accounts.call(token, 'POST', `${FACTORS}/totp`);
    const { secret, uri } = json;
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(decodeURIComponent(uri)).toContain(`${owner.memberId}@test.example`);
    const { pendingTotp } = (await owner.stored()).secondFactors;
    expect(pendingTotp?.secret.toString('latin1')).not.toContain(secret);
    expect(pendingTotp?.secret.length).toBeGreaterThan(20);
  });

  it('has to be confirmed within ten minutes', async () => {
    const { token } = await owner.signIn();
    await accounts.call(token, 'POST', `${FACTORS}/totp`);
    accounts.move(10 * MINUTE);
    const late = await accounts.call(token, 'POST', `${FACTORS}/totp/confirm`, { code: '000000' });
    expect(late.json.code).toBe('CONFLICT');
  });

  it('has its first code used up by the confirmation', async () => {
    const { token } = await owner.signIn();
    const { app } = await owner.withApp();
    const session = await owner.signIn();
    const used = await accounts.call(session.token, 'POST', '/v1/sessions/factor', { totp: app.code(-1) });
    expect(used.json.code).toBe('FACTOR_REFUSED');
    expect((await accounts.call(token, 'GET', FACTORS)).status).toBe(401);
  });

  it('takes the place of an earlier one, whose codes are good no more', async () => {
    const { token, app } = await owner.withApp();
    const [before] = await list(token);
    // Where the earlier one was, such as on a phone that was stolen.
    const other = await owner.signInWhole(app);
    const started = await accounts.call(token, 'POST', `${FACTORS}/totp`);
    const code = accounts.scan(started.json.uri).code();
    const confirmed = await accounts.call(token, 'POST', `${FACTORS}/totp/confirm`, { code });
    expect(confirmed.json).toMatchObject({ recoveryCodes: null, token: null });
    expect((await accounts.call(other, 'GET', FACTORS)).status).toBe(401);
    const after = await list(token);
    expect(after).toHaveLength(1);
    expect(after[0]?.id).not.toBe(before?.id);
    const session = await owner.signIn();
    const old = await accounts.call(session.token, 'POST', '/v1/sessions/factor', { totp: app.code() });
    expect(old.json.code).toBe('FACTOR_REFUSED');
  });
});

describe('adding a factor', () => {
  it('ends with the first one all that was signed in with a password alone', async () => {
    const other = await owner.signIn();
    await owner.withApp();
    expect((await accounts.call(other.token, 'POST', `${FACTORS}/totp`)).status).toBe(401);
  });

  it('is not for a sign-in that has not shown the factor that there is', async () => {
    await owner.withApp();
    const { token, level } = await owner.signIn();
    expect(level).toBe('needs_factor');
    for (const path of ['totp', 'totp/confirm', 'passkeys/options', 'passkeys', 'recovery-codes']) {
      expect((await accounts.call(token, 'POST', `${FACTORS}/${path}`, {})).status).toBe(403);
    }
  });

  it('needs a sign-in of the last ten minutes', async () => {
    const { token } = await owner.withApp();
    accounts.move(11 * MINUTE);
    for (const path of ['totp', 'passkeys/options', 'recovery-codes']) {
      const answer = await accounts.call(token, 'POST', `${FACTORS}/${path}`);
      expect(answer.json.code).toBe('FRESH_SIGN_IN_NEEDED');
    }
  });

  it('is open to members who need none, and asks them from then on', async () => {
    const member = await accounts.person('member');
    const { token } = await member.withApp();
    expect((await accounts.call(token, 'GET', FACTORS)).status).toBe(200);
    expect((await member.signIn()).level).toBe('needs_factor');
  });

  it('is written in the log and told by a letter', async () => {
    await owner.withApp();
    expect((await owner.log()).map(({ action }) => action)).toEqual(['factor.added']);
    expect((await accounts.letters()).filter((name) => name.includes('second-factors-changed'))).toHaveLength(
      1,
    );
  });
});

describe('taking a factor away', () => {
  const remove = (token: string, id: string) => accounts.call(token, 'DELETE', `${FACTORS}/${id}`);

  it('leaves an owner at least one', async () => {
    const { token } = await owner.withApp();
    const [app] = await list(token);
    const last = await remove(token, app?.id ?? '');
    expect(last.status).toBe(409);
    expect(last.json.code).toBe('LAST_FACTOR');
    const passkey = await addPasskey(token);
    expect((await remove(token, app?.id ?? '')).status).toBe(204);
    expect((await remove(token, passkey)).json.code).toBe('LAST_FACTOR');
    expect((await list(token)).map(({ id }) => id)).toEqual([passkey]);
  });

  it('leaves an owner one when two are taken away at one moment', async () => {
    const { token } = await owner.withApp();
    await addPasskey(token);
    const both = await list(token);
    const answers = await Promise.all(both.map(({ id }) => remove(token, id)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 409]);
    expect(await list(token)).toHaveLength(1);
  });

  it('lets others take their last one away, and the recovery codes go with it', async () => {
    const member = await accounts.person('member');
    const { token, recoveryCodes } = await member.withApp();
    const [app] = await list(token);
    expect((await remove(token, app?.id ?? '')).status).toBe(204);
    expect((await member.stored()).secondFactors.recoveryCodes).toEqual([]);
    const { token: next, level } = await member.signIn();
    expect(level).toBe('full');
    const [code] = recoveryCodes;
    const shown = await accounts.call(next, 'POST', '/v1/sessions/factor', { recoveryCode: code });
    expect(shown.json.code).toBe('CONFLICT');
  });

  it('ends the other sessions of the member, and no one else’s', async () => {
    const { token, app } = await owner.withApp();
    const colleague = await accounts.person();
    const { token: theirs } = await colleague.withApp();
    const other = await owner.signInWhole(app);
    await addPasskey(token);
    const [first] = await list(token);
    expect((await remove(token, first?.id ?? '')).status).toBe(204);
    expect((await accounts.call(other, 'GET', FACTORS)).status).toBe(401);
    expect((await accounts.call(token, 'GET', FACTORS)).status).toBe(200);
    expect((await accounts.call(theirs, 'GET', FACTORS)).status).toBe(200);
    expect((await owner.log()).at(-1)).toMatchObject({
      action: 'factor.removed',
      facts: { factor: 'totp', factorId: first?.id, sessions: 1 },
    });
  });

  it('finds only factors of one’s own', async () => {
    const { token } = await owner.withApp();
    const colleague = await accounts.person();
    const [theirs] = await list((await colleague.withApp()).token);
    expect((await remove(token, theirs?.id ?? '')).status).toBe(404);
    expect((await remove(token, 'psk_x')).status).toBe(404);
    expect((await colleague.stored()).secondFactors.totp?.id).toBe(theirs?.id);
  });

  it('needs a sign-in of the last ten minutes', async () => {
    const { token } = await owner.withApp();
    const [app] = await list(token);
    accounts.move(11 * MINUTE);
    expect((await remove(token, app?.id ?? '')).json.code).toBe('FRESH_SIGN_IN_NEEDED');
  });
});

describe('new recovery codes', () => {
  it('take the place of every earlier one', async () => {
    const { token, recoveryCodes } = await owner.withApp();
    const renewed = await accounts.call(token, 'POST', `${FACTORS}/recovery-codes`);
    expect(renewed.status).toBe(201);
    expect(renewed.json.recoveryCodes).toHaveLength(10);
    const session = await owner.signIn();
    const show = (code: unknown) =>
      accounts.call(session.token, 'POST', '/v1/sessions/factor', { recoveryCode: code });
    expect((await show(recoveryCodes[0])).json.code).toBe('FACTOR_REFUSED');
    expect((await show(renewed.json.recoveryCodes[0])).status).toBe(201);
    expect((await owner.log()).map(({ action }) => action)).toContain('recovery_codes.replaced');
  });

  it('are not shown again, nor found in what is stored', async () => {
    const { token, recoveryCodes } = await owner.withApp();
    const shown = await accounts.call(token, 'GET', FACTORS);
    const stored = JSON.stringify(await owner.stored());
    for (const code of recoveryCodes) {
      expect(shown.text).not.toContain(code);
      expect(stored).not.toContain(code);
      expect(stored).not.toContain(code.replaceAll('-', ''));
    }
  });

  it('are for who has a factor', async () => {
    const member = await accounts.person('member');
    const { token } = await member.signIn();
    expect((await accounts.call(token, 'POST', `${FACTORS}/recovery-codes`)).json.code).toBe('CONFLICT');
  });
});

describe('second factors', () => {
  it('are no business of API keys', async () => {
    const key = await accounts.apiKey(owner.companyId);
    expect((await accounts.call(key, 'GET', FACTORS)).status).toBe(403);
    expect((await accounts.call(key, 'POST', '/v1/sessions/factor', { totp: '123456' })).status).toBe(403);
  });

  it('of a member who was suspended meanwhile are not taken', async () => {
    const { app } = await owner.withApp();
    const { token } = await owner.signIn();
    await owner.suspend();
    const answer = await accounts.call(token, 'POST', '/v1/sessions/factor', { totp: app.code() });
    expect(answer.status).toBe(401);
  });
});
