import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { seedDeps } from '../../local/seed.ts';
import type { SoftwareAuthenticator } from '../support/authenticator.ts';
import { type TestCloud, testCloud } from '../support/cloud.ts';
import { type Accounts, type Answer, MINUTE, type Person, startAccounts } from './factors-fixture.ts';

const ADD = '/v1/second-factors/passkeys';
const SHOW = '/v1/sessions/factor';

let cloud: TestCloud;
let accounts: Accounts;
let person: Person;
let device: SoftwareAuthenticator;

beforeAll(async () => {
  cloud = await testCloud();
});
afterAll(() => cloud.stop());
beforeEach(async () => {
  accounts = await startAccounts(cloud);
  person = await accounts.person();
  device = accounts.device();
});

const creation = async (token: string) => (await accounts.call(token, 'POST', `${ADD}/options`)).json;
const request = async (token: string) => (await accounts.call(token, 'POST', `${SHOW}/options`)).json;
const add = (token: string, credential: unknown, name = 'Laptop'): Promise<Answer> =>
  accounts.call(token, 'POST', ADD, { name, credential });
const show = (token: string, passkey: unknown): Promise<Answer> =>
  accounts.call(token, 'POST', SHOW, { passkey });

/** An owner whose first factor is the device's passkey. */
async function enrolled(): Promise<string> {
  const { token } = await person.signIn();
  const answer = await add(token, device.create(await creation(token)));
  expect(answer.status).toBe(201);
  return answer.json.token;
}

describe('a passkey as the first factor', () => {
  it('makes the sign-in whole under a new token, with recovery codes', async () => {
    const { token, level } = await person.signIn();
    expect(level).toBe('needs_enrolment');
    const answer = await add(token, device.create(await creation(token)));
    expect(answer.status).toBe(201);
    expect(answer.json).toMatchObject({ factor: { type: 'passkey', name: 'Laptop', lastUsedAt: null } });
    expect(answer.json.recoveryCodes).toHaveLength(10);
    expect((await accounts.call(token, 'GET', '/v1/second-factors')).status).toBe(401);
    const list = await accounts.call(answer.json.token, 'GET', '/v1/second-factors');
    expect(list.json).toMatchObject({ data: [{ type: 'passkey', name: 'Laptop' }], recoveryCodesLeft: 10 });
    expect((await person.log()).at(-1)).toMatchObject({
      action: 'factor.added',
      facts: { factor: 'passkey' },
    });
  });

  it('is asked for with the next sign-in, and takes it to the end', async () => {
    await enrolled();
    const { token, level } = await person.signIn();
    expect(level).toBe('needs_factor');
    const answer = await show(token, device.get(await request(token)));
    expect(answer.status).toBe(201);
    expect((await person.stored()).secondFactors.passkeys[0]).toMatchObject({ counter: 1 });
    expect((await accounts.call(token, 'GET', '/v1/second-factors')).status).toBe(401);
  });
});

describe('the challenge of a passkey', () => {
  it('is good once, also when the first answer was refused', async () => {
    await enrolled();
    const { token } = await person.signIn();
    const options = await request(token);
    expect((await show(token, device.get(options, { verified: false }))).json.code).toBe('FACTOR_REFUSED');
    expect((await show(token, device.get(options))).json.code).toBe('FACTOR_REFUSED');
    expect((await show(token, device.get(await request(token)))).status).toBe(201);
  });

  it('is good once when it is answered many times at one moment', async () => {
    await enrolled();
    const { token } = await person.signIn();
    const answer = device.get(await request(token));
    const answers = await Promise.all(Array.from({ length: 3 }, () => show(token, answer)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  });

  it('is good for five minutes', async () => {
    await enrolled();
    const { token } = await person.signIn();
    const answer = device.get(await request(token));
    accounts.move(5 * MINUTE);
    expect((await show(token, answer)).json.code).toBe('FACTOR_REFUSED');
  });

  it('is good in the session that asked for it alone', async () => {
    await enrolled();
    const mine = await person.signIn();
    const other = await person.signIn();
    const answer = device.get(await request(mine.token));
    expect((await show(other.token, answer)).json.code).toBe('FACTOR_REFUSED');
    await request(other.token);
    expect((await show(other.token, answer)).json.code).toBe('FACTOR_REFUSED');
    expect((await show(mine.token, answer)).status).toBe(201);
  });

  it('of a use does not make a passkey, nor one of a making use it', async () => {
    const token = await enrolled();
    const forUse = await request(token);
    const made = accounts.device().create(await creation(token), { challenge: forUse.challenge });
    expect((await add(token, made)).json.code).toBe('FACTOR_REFUSED');
    const forMaking = await creation(token);
    const used = device.get({ ...forUse, challenge: forMaking.challenge });
    expect((await show(token, used)).json.code).toBe('FACTOR_REFUSED');
  });

  it('has to come from us', async () => {
    await enrolled();
    const { token } = await person.signIn();
    const options = await request(token);
    const own = Buffer.alloc(32, 7).toString('base64url');
    expect((await show(token, device.get({ ...options, challenge: own }))).json.code).toBe('FACTOR_REFUSED');
  });

  it('is kept as a hash', async () => {
    const { token } = await person.signIn();
    const { challenge } = await creation(token);
    const found = await seedDeps(cloud).db.collection('challenges').get();
    expect(found.size).toBeGreaterThan(0);
    expect(JSON.stringify(found.docs.map((doc) => doc.data()))).not.toContain(challenge);
  });
});

describe('a passkey is refused', () => {
  it.each([
    ['on another page', { origin: 'https://evil.example' }],
    ['for another relying party', { rpId: 'evil.example' }],
    ['when nobody was verified', { verified: false }],
    ['inside another site', { crossOrigin: true }],
  ])('%s', async (_name, odd) => {
    await enrolled();
    const { token } = await person.signIn();
    const answer = await show(token, device.get(await request(token), odd));
    expect(answer.status).toBe(403);
    expect(answer.json.code).toBe('FACTOR_REFUSED');
    expect((await person.log()).at(-1)).toMatchObject({
      action: 'factor.refused',
      facts: { factor: 'passkey' },
    });
  });

  it('when its counter has not grown', async () => {
    await enrolled();
    const thief = device.copy();
    const first = await person.signIn();
    expect((await show(first.token, device.get(await request(first.token)))).status).toBe(201);
    const second = await person.signIn();
    expect((await show(second.token, thief.get(await request(second.token)))).json.code).toBe(
      'FACTOR_REFUSED',
    );
  });

  it('when it belongs to another member', async () => {
    await enrolled();
    const other = await accounts.person();
    await other.withApp();
    const { token } = await other.signIn();
    expect((await accounts.call(token, 'POST', `${SHOW}/options`)).json.code).toBe('CONFLICT');
    const mine = await person.signIn();
    expect((await show(token, device.get(await request(mine.token)))).json.code).toBe('FACTOR_REFUSED');
  });

  it('when it is added with a name that is none, or with fields that are not ours', async () => {
    const { token } = await person.signIn();
    const credential = device.create(await creation(token));
    expect((await add(token, credential, ' ')).status).toBe(400);
    expect((await add(token, credential, 'x'.repeat(61))).status).toBe(400);
    const extra = { name: 'Laptop', credential, admin: true };
    expect((await accounts.call(token, 'POST', ADD, extra)).status).toBe(400);
  });
});
