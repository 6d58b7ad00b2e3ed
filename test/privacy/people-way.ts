import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Secret, TOTP } from 'otpauth';
import { expect } from 'vitest';
import { readConfig } from '../../shared/cloud/config.ts';
import { openFirestore } from '../../shared/cloud/firestore.ts';
import { addStaff } from '../../shared/staff/accounts.ts';
import type { TestCloud } from '../support/cloud.ts';
import type { Canaries } from './canary.ts';
import type { Wire } from './wire.ts';

/** INTERNAL of gRPC, which the clients do not try again. */
const FAILED = 13;

/** A merchant's people and one of our own sign up, in, over and out, with canaries for every address and password. */
export async function peopleWay(cloud: TestCloud, wire: Wire, c: Canaries): Promise<void> {
  const post = (path: string, body: unknown, token?: string) => wire.post(cloud.baseUrl, path, body, token);
  const linkTo = async (email: string): Promise<string> => {
    const letters = await Promise.all(
      (await readdir(cloud.mailDir)).sort().map((name) => readFile(join(cloud.mailDir, name), 'utf8')),
    );
    const raw = letters.filter((letter) => letter.includes(`To: ${email}\n`)).at(-1) ?? expect.fail();
    const text = Buffer.from(raw.slice(raw.indexOf('\n\n')), 'base64').toString('utf8');
    return /#token=([0-9a-f]{64})/.exec(text)?.[1] ?? '';
  };

  const email = c.email('an account');
  const password = c.password('an account');
  const signUp = { name: 'A company', email, password, mode: 'test' };
  cloud.doors.accounts.setFault({
    ...{ match: ({ method }) => method === 'Commit', nth: 1, when: 'before', then: { status: FAILED } },
  });
  expect((await post('/v1/companies', signUp)).status).toBe(500);
  cloud.doors.accounts.setFault(null);
  expect((await post('/v1/companies', signUp)).status).toBe(202);
  expect(
    (await post('/v1/companies', { ...signUp, [c.password('a name')]: c.email('a field') })).status,
  ).toBe(400);
  expect((await post('/v1/companies', { ...signUp, email: c.password('for an address') })).status).toBe(400);
  expect((await post('/v1/companies/confirm', { token: c.password('for a token') })).status).toBe(400);
  expect((await post('/v1/companies/confirm', { token: await linkTo(email) })).status).toBe(201);

  const signIn = (shown: string) => post('/v1/sessions', { email, password: shown });
  expect((await signIn(c.password('a wrong one'))).status).toBe(401);
  expect((await signIn(c.password('a long one').repeat(50))).status).toBe(400);
  const nobody = { email: c.email('nobody'), password: c.password('nobody') };
  expect((await post('/v1/sessions', nobody)).status).toBe(401);
  const { token = '' } = (await signIn(password)).json;
  const change = { current: c.password('not the current'), new: c.password('never set') };
  expect((await post('/v1/password', change, token)).status).toBe(400);
  const second = c.password('a second');
  const changed = await post('/v1/password', { current: password, new: second }, token);
  expect(changed.status).toBe(200);
  expect((await post('/v1/password-resets', { email })).status).toBe(202);
  const third = { token: await linkTo(email), password: c.password('a third') };
  expect((await post('/v1/password-resets/confirm', third)).status).toBe(204);
  expect((await post('/v1/password-resets/confirm', third)).status).toBe(400);
  expect((await post('/v1/recoveries', { email })).status).toBe(202);
  const lost = { token: await linkTo(email), password: c.password('of a recovery that there is not') };
  expect((await post('/v1/recoveries/start', { token: lost.token })).status).toBe(409);
  expect((await post('/v1/recoveries/complete', lost)).status).toBe(409);
  const joining = { token: '0'.repeat(64), password: c.password('of nobody invited') };
  expect((await post('/v1/members/accept', joining)).status).toBe(400);
  await staffWay(cloud, post, c);
}

async function staffWay(
  cloud: TestCloud,
  post: (path: string, body: unknown) => ReturnType<Wire['post']>,
  c: Canaries,
): Promise<void> {
  const name = 'desk-01';
  const db = openFirestore(readConfig(cloud.envOf('staff-admin')), 'staff');
  const { code } = await addStaff(name, 'support', { db, now: cloud.clock.now });
  await db.terminate();
  const { app } = (await post('/v1/staff/enrolments/options', { name, code })).json;
  const totp = new TOTP({ secret: Secret.fromBase32(app?.secret ?? '') });
  const shown = (steps: number) => totp.generate({ timestamp: cloud.clock.now() + steps * 30_000 });
  const password = c.password('of our own people');
  const chosen = { name, code, password, app: { secret: app?.secret, code: shown(0) } };
  expect((await post('/v1/staff/enrolments', chosen)).status).toBe(204);
  const wrong = { name, password: c.password('wrong at the desk'), code: shown(1) };
  expect((await post('/v1/staff/sessions', wrong)).status).toBe(401);
  expect((await post('/v1/staff/sessions', { name, password, code: shown(1) })).status).toBe(201);
}
