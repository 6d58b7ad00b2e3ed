import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../shared/cloud/config.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { STAFF_ROLES } from '../../shared/domain/staff.ts';
import { addStaff, newFactorsFor, suspendStaff } from '../../shared/staff/accounts.ts';
import { softwareAuthenticator } from '../support/authenticator.ts';
import {
  type Answer,
  appCode,
  browserKey,
  DAY,
  type DeskFixture,
  HOUR,
  MINUTE,
  openDesk,
  PASSWORD,
  question,
  tryPasskey,
} from './desk-fixture.ts';
import { freshWindows } from '../support/windows.ts';

let desk: DeskFixture;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk.stop());

const now = () => desk.market.cloud.clock.now();
const self = (token: string | null) => desk.call(token, 'GET', '/v1/staff/self');
const signIn = (body: object) => desk.call(null, 'POST', '/v1/staff/sessions', body);

async function options(name: string, code: string): Promise<Answer['json']> {
  const answer = await desk.call(null, 'POST', '/v1/staff/enrolments/options', { name, code });
  expect(answer.status, answer.text).toBe(201);
  return answer.json;
}

/** Somebody with a password and an app; the codes begin half a minute later than now. */
async function withApp(name: string): Promise<{ id: string; secret: string }> {
  const { id, code } = await addStaff(name, 'support', desk.operator);
  const { secret } = (await options(name, code)).app;
  const enrolled = await desk.call(null, 'POST', '/v1/staff/enrolments', {
    ...{ name, code, password: PASSWORD },
    app: { secret, code: appCode(secret, now()) },
  });
  expect(enrolled.status, enrolled.text).toBe(204);
  await desk.market.cloud.clock.advance(MINUTE);
  return { id, secret };
}

describe('two factors or nothing', () => {
  it('a passkey that has checked who holds it signs in', async () => {
    const person = await desk.person('support');
    const answer = await self(await person.signIn());
    expect(answer.json).toMatchObject({ id: person.id, name: person.name, role: 'support' });
  });

  it('a passkey that has not does not', async () => {
    const person = await desk.person('support');
    expect((await tryPasskey(person.device, desk.call, { verified: false })).status).toBe(403);
    expect((await tryPasskey(person.device, desk.call, { origin: 'https://desk.example' })).status).toBe(403);
  });

  it('an answer to a passkey’s challenge counts once', async () => {
    const person = await desk.person('support');
    const first = await desk.call(null, 'POST', '/v1/staff/sessions/options');
    const { attempt, passkey } = first.json;
    const body = { attempt, passkey: person.device.get(passkey) };
    expect((await signIn(body)).status).toBe(201);
    expect((await signIn(body)).status).toBe(403);
  });

  it('an answer to any other challenge signs nobody in, however fresh the passkey’s counter', async () => {
    const person = await desk.person('reviewer');
    const token = await person.signIn();
    const list = (await desk.call(token, 'GET', '/v1/staff')).json;
    const { attempt, passkey } = (await desk.call(null, 'POST', '/v1/staff/sessions/options')).json;
    const earlier = (await desk.call(null, 'POST', '/v1/staff/sessions/options')).json;
    const used = person.device.get(passkey);
    expect((await signIn({ attempt, passkey: used })).status).toBe(201);
    const challenges = {
      'spent already': passkey.challenge,
      'of another attempt': earlier.passkey.challenge,
      'the list that a reviewer signs': list.digest,
      'of the caller’s own making': Buffer.alloc(32, 1).toString('base64url'),
    };
    for (const [what, challenge] of Object.entries(challenges)) {
      const answer = await signIn({ attempt, passkey: person.device.get({ ...passkey, challenge }) });
      expect([what, answer.status, answer.json.code]).toEqual([what, 403, 'FACTOR_REFUSED']);
    }
  });

  it('a password and a code sign in, together alone', async () => {
    const { secret } = await withApp('app-one');
    const right = { name: 'app-one', password: PASSWORD, code: appCode(secret, now()) };
    expect((await signIn({ ...right, password: `${PASSWORD}.` })).status).toBe(401);
    expect((await signIn({ ...right, code: appCode(secret, now() + HOUR) })).status).toBe(401);
    expect((await signIn({ name: right.name, password: PASSWORD })).status).toBe(400);
    expect((await signIn(right)).status).toBe(201);
  });

  it('a code counts once', async () => {
    const { secret } = await withApp('app-two');
    const right = { name: 'app-two', password: PASSWORD, code: appCode(secret, now()) };
    expect((await signIn(right)).status).toBe(201);
    expect((await signIn(right)).status).toBe(401);
  });

  it('a code counts once also when it comes many times at one moment', async () => {
    const { secret } = await withApp('app-three');
    const right = { name: 'app-three', password: PASSWORD, code: appCode(secret, now()) };
    const answers = await Promise.all(Array.from({ length: 5 }, () => signIn(right)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  });

  it('answers a name that there is not as it answers a wrong password', async () => {
    await withApp('app-four');
    const wrong = { password: 'not the password at all', code: '123456' };
    const known = await signIn({ name: 'app-four', ...wrong });
    const unknown = await signIn({ name: 'app-none', ...wrong });
    const plain = ({ json }: typeof known) => ({ ...json, requestId: '' }) as object;
    expect(plain(unknown)).toEqual(plain(known));
    expect(unknown.status).toBe(401);
  });

  it('stops looking after ten tries with a password, and lets a passkey in all the same', async () => {
    await freshWindows(desk.market.cloud);
    const person = await desk.person('support');
    const guess = () => signIn({ name: person.name, password: 'a guess of many', code: '000000' });
    for (let tries = 0; tries < 10; tries += 1) expect((await guess()).status).toBe(401);
    const stopped = await guess();
    expect(stopped.status).toBe(429);
    expect(Number(stopped.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await tryPasskey(person.device, desk.call)).status).toBe(201);
  });

  it('keeps neither the password nor the app’s secret where the database shows it', async () => {
    const { id, secret } = await withApp('app-five');
    const stored = (await desk.staff.doc(paths.staffMember(id)).get()).data();
    const bytes = JSON.stringify(stored);
    expect(bytes).not.toContain(PASSWORD);
    expect(bytes).not.toContain(secret);
    expect(Object.keys(stored?.['passwordAndApp'] as object).sort()).toEqual([
      'lastStep',
      'salt',
      'sealedSecret',
    ]);
  });
});

describe('setting up factors', () => {
  it('needs the operator’s code, once and within a day', async () => {
    const { code } = await addStaff('new-one', 'support', desk.operator);
    const wrong = { name: 'new-one', code: `sr_enrol_${'0'.repeat(32)}` };
    expect((await desk.call(null, 'POST', '/v1/staff/enrolments/options', wrong)).status).toBe(401);
    await desk.market.cloud.clock.advance(DAY);
    const late = await desk.call(null, 'POST', '/v1/staff/enrolments/options', { name: 'new-one', code });
    expect(late.status).toBe(401);
  });

  it('takes no easy password', async () => {
    const { code } = await addStaff('new-two', 'support', desk.operator);
    const { secret } = (await options('new-two', code)).app;
    const answer = await desk.call(null, 'POST', '/v1/staff/enrolments', {
      ...{ name: 'new-two', code, password: 'password1234' },
      app: { secret, code: appCode(secret, now()) },
    });
    expect(answer.json.errors[0]?.path).toBe('password');
  });

  it('takes no passkey that was made for another challenge', async () => {
    const { code } = await addStaff('new-four', 'support', desk.operator);
    const { passkey } = await options('new-four', code);
    const { relyingParty } = readConfig(desk.market.cloud.envOf('seed'));
    const device = softwareAuthenticator(relyingParty.origin);
    const enrol = (challenge: string) =>
      desk.call(null, 'POST', '/v1/staff/enrolments', {
        ...{ name: 'new-four', code },
        passkey: device.create({ ...passkey, challenge }),
      });
    const own = await enrol(Buffer.alloc(32, 1).toString('base64url'));
    expect([own.status, own.json.code]).toEqual([403, 'FACTOR_REFUSED']);
    expect((await enrol(passkey.challenge)).status).toBe(204);
  });

  it('takes no secret that somebody else chose', async () => {
    const { code } = await addStaff('new-three', 'support', desk.operator);
    await options('new-three', code);
    const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
    const answer = await desk.call(null, 'POST', '/v1/staff/enrolments', {
      ...{ name: 'new-three', code, password: PASSWORD },
      app: { secret, code: appCode(secret, now()) },
    });
    expect(answer.json.code).toBe('FACTOR_REFUSED');
  });

  it('anew leaves no session of the old ones: it begins with the commit that took them', async () => {
    const person = await desk.person('support');
    const commits: string[][] = [];
    desk.market.cloud.doors.support.setFault({
      match: ({ writes = [] }) => {
        const paths = writes.map(({ path }) => path.split('/')[0] ?? '');
        if (paths.includes('staff')) commits.push(paths.toSorted());
        return false;
      },
      ...{ nth: 1, when: 'before', then: 'cut' },
    });
    await person.signIn();
    desk.market.cloud.doors.support.setFault(null);
    expect(commits.map((paths) => [...new Set(paths)])).toEqual([['staff', 'staffSessions']]);
  });

  it('anew ends the old factors and every session', async () => {
    const person = await desk.person('support');
    const token = await person.signIn();
    const { code } = await newFactorsFor(person.name, desk.operator);
    const { secret } = (await options(person.name, code)).app;
    const body = { name: person.name, code, password: PASSWORD };
    const app = { secret, code: appCode(secret, now()) };
    expect((await desk.call(null, 'POST', '/v1/staff/enrolments', { ...body, app })).status).toBe(204);
    expect((await self(token)).status).toBe(401);
    expect((await tryPasskey(person.device, desk.call)).status).toBe(401);
    expect((await desk.call(null, 'POST', '/v1/staff/enrolments', { ...body, app })).status).toBe(401);
  });
});

describe('sessions', () => {
  it('end after half an hour without use, and after ten hours in all', async () => {
    const person = await desk.person('support');
    const token = await person.signIn();
    await desk.market.cloud.clock.advance(29 * MINUTE);
    expect((await self(token)).status).toBe(200);
    await desk.market.cloud.clock.advance(30 * MINUTE);
    expect((await self(token)).status).toBe(401);
    const long = await person.signIn();
    for (let slept = 0; slept < 10 * HOUR - 20 * MINUTE; slept += 20 * MINUTE) {
      await desk.market.cloud.clock.advance(20 * MINUTE);
      expect((await self(long)).status).toBe(200);
    }
    await desk.market.cloud.clock.advance(20 * MINUTE);
    expect((await self(long)).status).toBe(401);
  });

  it('end with signing out, everywhere', async () => {
    const person = await desk.person('support');
    const [one, other] = [await person.signIn(), await person.signIn()];
    expect((await desk.call(one, 'DELETE', '/v1/staff/sessions')).status).toBe(204);
    expect([(await self(one)).status, (await self(other)).status]).toEqual([401, 401]);
  });

  it('end at once with a suspension', async () => {
    const person = await desk.person('support');
    const token = await person.signIn();
    await suspendStaff(person.name, desk.operator);
    expect((await self(token)).status).toBe(401);
    expect((await tryPasskey(person.device, desk.call)).status).toBe(401);
  });

  it('are stored as hashes', async () => {
    const token = await (await desk.person('support')).signIn();
    const stored = await desk.staff.collection(paths.staffSessions).get();
    expect(stored.size).toBeGreaterThan(0);
    const text = JSON.stringify(stored.docs.map((doc) => [doc.id, doc.data()]));
    expect(text).not.toContain(token.slice('sr_staff_'.length));
  });
});

describe('merchants and staff', () => {
  it('are strangers to each other: neither’s tokens open the other’s door', async () => {
    const staff = await (await desk.person('support')).signIn();
    const merchants = [await desk.member('owner'), desk.market.retailer.apiKey];
    for (const path of ['/v1/staff/self', '/v1/staff', '/v1/support/requests']) {
      for (const token of [...merchants, null]) {
        expect([path, (await desk.call(token, 'GET', path)).status]).toEqual([path, 401]);
      }
    }
    for (const path of ['/v1/company', '/v1/approvals', '/v1/orders', '/v1/audit', '/v1/members']) {
      expect([path, (await desk.call(staff, 'GET', path)).status]).toEqual([path, 401]);
    }
  });

  it('do not share a session that is stored in the other’s collection', async () => {
    const staff = await (await desk.person('support')).signIn();
    const hashes = await desk.staff.collection(paths.staffSessions).get();
    for (const session of hashes.docs) await desk.db.doc(paths.session(session.id)).set(session.data());
    expect((await desk.call(staff, 'GET', '/v1/approvals')).status).toBe(401);
    for (const session of hashes.docs) await desk.db.doc(paths.session(session.id)).delete();
  });
});

describe('rights', () => {
  const ROUTES = [
    ['GET', '/v1/staff/self', ['support', 'security-officer', 'reviewer', 'operator']],
    ['GET', '/v1/staff', ['security-officer', 'reviewer', 'operator']],
    ['POST', '/v1/staff/attestations', ['reviewer']],
    ['GET', '/v1/support/requests', ['support']],
    ['POST', '/v1/support/requests', ['support']],
    ['GET', `/v1/support/requests/sup_${'0'.repeat(26)}`, ['support']],
    ['POST', `/v1/support/requests/sup_${'0'.repeat(26)}/open`, ['support']],
    ['POST', `/v1/support/requests/sup_${'0'.repeat(26)}/actions`, ['support']],
    ['POST', `/v1/support/requests/sup_${'0'.repeat(26)}/end`, ['support']],
  ] as const;

  it.each(STAFF_ROLES)('%s reaches its own routes and no others', async (role) => {
    const token = await (await desk.person(role)).signIn();
    for (const [method, path, roles] of ROUTES) {
      const answer = await desk.call(token, method, path, method === 'POST' ? {} : undefined);
      const refused = answer.status === 403 && answer.json.code === 'FORBIDDEN';
      expect([path, refused]).toEqual([path, !(roles as readonly string[]).includes(role)]);
    }
  });

  it('nobody asks a merchant without a current record of training', async () => {
    const key = await browserKey();
    const body = question(desk.companyId, { kinds: ['orders'] }, key.publicKey);
    const fresh = await (await desk.person('support', { trained: false })).signIn();
    const refused = await desk.call(fresh, 'POST', '/v1/support/requests', body);
    expect([refused.status, refused.json.code]).toEqual([403, 'NOT_TRAINED']);
  });

  it('nobody goes on reading when the training is over', async () => {
    const { orderId } = await desk.market.routed();
    const key = await browserKey();
    const person = await desk.person('support');
    const token = await person.signIn();
    const id = await desk.approved(token, { records: [orderId] }, key);
    const open = () => desk.call(token, 'POST', `/v1/support/requests/${id}/open`, { order: orderId });
    expect((await open()).status).toBe(200);
    const past = new Date(now() - 1).toISOString();
    await desk.staff.doc(paths.staffMember(person.id)).update({ trainedUntil: past });
    expect((await open()).json.code).toBe('NOT_TRAINED');
  });
});
