import { Timestamp } from '@google-cloud/firestore';
import { TOTP } from 'otpauth';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StoredLink, StoredMember } from '../../shared/accounts/documents.ts';
import { linkHash, newLinkToken } from '../../shared/accounts/link-token.ts';
import { addMember, newMember } from '../../shared/accounts/member-store.ts';
import { createPasswords } from '../../shared/accounts/passwords.ts';
import { noticeRecoveries } from '../../shared/accounts/recovery-notices.ts';
import { isOpen, type StoredRecovery } from '../../shared/accounts/recovery-store.ts';
import { readConfig } from '../../shared/cloud/config.ts';
import { openFirestore, paths } from '../../shared/cloud/firestore.ts';
import { openKeyring } from '../../shared/cloud/keyring.ts';
import { createLog } from '../../shared/cloud/log.ts';
import { openMailer } from '../../shared/cloud/mail.ts';
import { API_KEY_SCOPES } from '../../shared/domain/api-key.ts';
import { randomId } from '../../shared/domain/ids.ts';
import type { MemberRole } from '../../shared/domain/roles.ts';
import { timestamp } from '../../shared/domain/time.ts';
import { NO_FACTORS } from '../../shared/factors/stored-factors.ts';
import { storeApiKey } from '../../shared/http/authenticate.ts';
import {
  type Account,
  DAY,
  HOUR,
  MINUTE,
  OTHER_PASSWORD,
  PASSWORD,
  type People,
  type Reply,
  SECOND,
  startPeople,
} from './people.ts';
import { freshWindows } from '../support/windows.ts';

let people: People;
let passwordHash: string;
beforeAll(async () => {
  people = await startPeople();
  passwordHash = await createPasswords().hash(PASSWORD);
});
afterAll(() => people.cloud.stop());

/** Somebody of a new company, or of a colleague's, with an app that is lost; `bare` never had one. */
async function made(role: MemberRole, of?: Account | 'bare'): Promise<Account> {
  const { db, keyring, now } = people.seed;
  const memberId = randomId('member');
  const { email } = people.address();
  const batch = db.batch();
  let companyId = randomId('company');
  if (typeof of === 'object') {
    companyId = of.companyId;
  } else {
    await keyring.createCompanyKey(companyId);
    const company = { name: 'A company', mode: 'test', createdAt: timestamp(now), closing: null };
    batch.create(db.doc(paths.company(companyId)), company);
  }
  const member = await newMember({ companyId, memberId, email, role, passwordHash }, people.seed);
  const totp = { id: randomId('totp'), secret: Buffer.alloc(1), lastStep: 0 };
  const secondFactors = { ...NO_FACTORS, totp: { ...totp, createdAt: timestamp(now), lastUsedAt: null } };
  addMember(batch, of === 'bare' ? member : { ...member, stored: { ...member.stored, secondFactors } }, {
    db,
  });
  await batch.commit();
  return { email, companyId, memberId, token: await people.whole({ companyId, memberId }) };
}
const owner = () => made('owner');

/** Adds an authenticator app. */
async function enrolled(account: Account): Promise<Account> {
  const token = await people.whole(account);
  const { uri } = (await people.ask('POST', '/v1/second-factors/totp', { token })).json as { uri: string };
  const app = new TOTP({ secret: new URL(uri).searchParams.get('secret') ?? '' });
  const code = app.generate({ timestamp: people.cloud.clock.now() });
  const added = await people.ask('POST', '/v1/second-factors/totp/confirm', { token, body: { code } });
  expect(added.status).toBe(201);
  return { ...account, token };
}

let sources = 0;
const from = () => {
  sources += 1;
  return `127.7.${sources >> 8}.${(sources & 255) + 1}`;
};
const send = (path: string, body: object) =>
  people.ask('POST', `/v1/recoveries${path}`, { body, from: from() });
const letters = (email: string) => people.letters(email);
const linkTo = async ({ email }: Account): Promise<string> => {
  expect((await send('', { email })).status).toBe(202);
  return (await letters(email)).at(-1)?.token ?? '';
};
const start = async (account: Account) => send('/start', { token: await linkTo(account) });
const complete = async (account: Account, password = PASSWORD, token?: string) =>
  send('/complete', { token: token ?? (await linkTo(account)), password });
const stop = (account: Account, by: string) =>
  people.ask('DELETE', `/v1/recoveries/${account.memberId}`, { token: by });
const approve = (account: Account, by: string) =>
  people.ask('POST', `/v1/recoveries/${account.memberId}/approve`, { token: by });
const waiting = async (by: string) =>
  ((await people.ask('GET', '/v1/recoveries', { token: by })).json as { data: { memberId: string }[] }).data;
const pass = (time: number) => people.cloud.clock.advance(time);
const log = async ({ companyId }: Account) =>
  (await people.log(companyId))
    .filter(({ action }) => action.startsWith('recovery.'))
    .map(({ action, result, actor }) => `${action.slice(9)} ${result} by ${actor.type}`);
const code = ({ json }: Reply) => (json as { code: string }).code;
const notices = async (email: string) =>
  (await letters(email)).filter(({ subject }) => subject.includes('without its second factor')).length;

describe('recoveries of seven days, begun on the same one', () => {
  /** A sole owner; one who forgot the password too; one who comes too late, with an admin; an owner of two. */
  const own = {} as Record<'sole' | 'forgetful' | 'late' | 'leaving', Account>;
  const other = {} as Record<'late' | 'leaving' | 'stopped', Account>;
  let used: string;

  it('begin by a link, once, and write to all owners at once and after one, three and six days', async () => {
    for (const name of ['sole', 'forgetful', 'late', 'leaving'] as const) own[name] = await owner();
    other.late = await made('admin', own.late);
    other.stopped = await made('member', own.late);
    other.leaving = await made('owner', own.leaving);
    used = await linkTo(own.sole);
    const started = await send('/start', { token: used });
    expect([started.status, started.headers.get('audit-entry')?.slice(0, 4)]).toEqual([202, 'aud_']);
    expect(started.json).toMatchObject({ memberId: own.sole.memberId });
    expect(code(await send('/start', { token: used }))).toBe('BAD_REQUEST');
    const others = [own.forgetful, own.late, own.leaving, other.stopped];
    for (const each of others) expect((await start(each)).status).toBe(202);
    expect((await stop(other.stopped, own.late.token)).status).toBe(204);

    const counts = [await notices(own.sole.email)];
    await pass(DAY);
    counts.push(await notices(own.sole.email));
    const deleting = await people.whole(other.leaving);
    expect((await people.ask('DELETE', '/v1/company', { token: deleting })).status).toBe(202);
    for (const days of [2, 3]) {
      await pass(days * DAY);
      counts.push(await notices(own.sole.email));
    }
    expect(counts).toEqual([1, 2, 3, 4]);
    await start(other.leaving);
    await pass(DAY - HOUR);
    expect(code(await complete(own.sole))).toBe('CONFLICT');
    await pass(HOUR);
  });

  it('are completed by another link and the password, which leaves a new factor to set up', async () => {
    const { sole } = own;
    const token = await linkTo(sole);
    const wrong = await complete(sole, OTHER_PASSWORD, token);
    expect(wrong.json).toMatchObject({ code: 'BAD_REQUEST', errors: [{ path: 'password' }] });
    expect(code(await complete(sole, PASSWORD, used))).toBe('BAD_REQUEST');
    const open = await people.whole(sole);
    const done = await complete(sole, PASSWORD, token);
    expect([done.status, done.json]).toMatchObject([201, { level: 'needs_enrolment', factors: [] }]);
    expect(code(await complete(sole, PASSWORD, token))).toBe('BAD_REQUEST');
    expect((await people.ask('GET', '/v1/company', { token: open })).status).toBe(401);
    expect((await people.signIn(sole.email)).json).toMatchObject({ level: 'needs_enrolment' });
    expect((await letters(sole.email)).at(-1)?.subject).toContain('were taken away');
    expect(await log(sole)).toEqual([
      'asked done by anonymous',
      'started done by anonymous',
      ...Array<string>(4).fill('noticed done by system'),
      'asked done by anonymous',
      'refused refused by anonymous',
      'asked done by anonymous',
      'refused refused by anonymous',
      'completed done by member',
    ]);
    const { token: session } = done.json as { token: string };
    expect(code(await people.ask('GET', '/v1/company', { token: session }))).toBe('FORBIDDEN');
    const again = await enrolled(sole);
    expect((await people.signIn(sole.email)).json).toMatchObject({ level: 'needs_factor' });
    expect(await waiting(await people.whole(again))).toEqual([]);
  });

  it('take a password that was set by a link, and then only a link that is newer', async () => {
    const { forgetful } = own;
    const old = await linkTo(forgetful);
    await people.ask('POST', '/v1/password-resets', { body: { email: forgetful.email }, from: from() });
    const body = { token: (await letters(forgetful.email)).at(-1)?.token ?? '', password: OTHER_PASSWORD };
    expect(code(await send('/complete', { ...body, password: PASSWORD }))).toBe('BAD_REQUEST');
    expect((await people.ask('POST', '/v1/password-resets/confirm', { body })).status).toBe(204);
    expect(code(await complete(forgetful, OTHER_PASSWORD, old))).toBe('BAD_REQUEST');
    expect((await complete(forgetful, OTHER_PASSWORD)).status).toBe(201);
  });

  it('let nobody in by the link of somebody else, nor by one of an hour ago, nor when they were stopped', async () => {
    const { late } = own;
    expect(code(await complete(late, PASSWORD, await linkTo(other.late)))).toBe('CONFLICT');
    expect(code(await complete(late, PASSWORD, '0'.repeat(64)))).toBe('BAD_REQUEST');
    expect(code(await complete(other.stopped))).toBe('CONFLICT');
    expect((await people.signIn(other.stopped.email)).json).toMatchObject({ level: 'needs_factor' });
    expect((await people.signIn(late.email)).json).toMatchObject({ level: 'needs_factor' });
    expect(await waiting(await people.whole(late))).toMatchObject([{ memberId: late.memberId }]);
    used = await linkTo(late);
  });

  it('count while the company is being deleted: a sole owner can still keep it', async () => {
    expect((await complete(own.leaving)).json).toMatchObject({ level: 'needs_enrolment' });
    const token = (await enrolled(own.leaving)).token;
    expect((await people.ask('POST', '/v1/company/keep', { token })).status).toBe(200);
    expect((await people.ask('DELETE', '/v1/company', { token })).status).toBe(202);
  });

  it('are over after seven days more, and with their company', async () => {
    const { late } = own;
    await pass(7 * DAY - HOUR);
    const link = await linkTo(other.leaving);
    await pass(HOUR);
    expect(code(await complete(late, PASSWORD, used))).toBe('BAD_REQUEST');
    expect(await waiting(await people.whole(late))).toEqual([]);
    expect(code(await complete(late))).toBe('CONFLICT');
    expect(await log(late)).toContain('lapsed done by system');
    expect((await start(late)).status).toBe(202);

    expect(await people.cloud.clock.tick('close')).toBe(204);
    expect((await people.seed.db.doc(paths.recovery(other.leaving.memberId)).get()).exists).toBe(false);
    expect(code(await send('/start', { token: link }))).toBe('BAD_REQUEST');
    expect(code(await complete(other.leaving, PASSWORD, link))).toBe('BAD_REQUEST');
  });
});

describe('an approval', () => {
  it('is another owner’s, with a second factor of the last ten minutes, and counts at once', async () => {
    const own = await owner();
    const admin = await made('admin', own);
    const lost = await made('admin', own);
    expect(code(await approve(lost, own.token))).toBe('NOT_FOUND');
    await start(lost);
    expect(await notices(own.email)).toBe(1);
    expect(await notices(lost.email)).toBe(1);
    expect(await notices(admin.email)).toBe(0);
    const { apiKey } = await storeApiKey(
      people.seed.db,
      { companyId: own.companyId, mode: 'test', name: 'all', scopes: API_KEY_SCOPES, expiresAt: null },
      people.seed.now,
    );
    for (const each of [admin.token, lost.token, apiKey]) {
      expect(code(await approve(lost, each))).toBe('FORBIDDEN');
    }
    expect(code(await approve(lost, (await owner()).token))).toBe('NOT_FOUND');
    await pass(10 * MINUTE + SECOND);
    expect(code(await approve(lost, own.token))).toBe('FRESH_SIGN_IN_NEEDED');
    // A session that is new, by a password from before.
    const body = { current: PASSWORD, new: OTHER_PASSWORD };
    const changed = await people.ask('POST', '/v1/password', { token: own.token, body });
    const { token } = changed.json as { token: string };
    expect(code(await approve(lost, token))).toBe('FRESH_SIGN_IN_NEEDED');

    expect((await approve(lost, await people.whole(own))).status).toBe(204);
    expect((await people.ask('GET', '/v1/company', { token: lost.token })).status).toBe(401);
    const inside = await people.signIn(lost.email);
    expect(inside.json).toMatchObject({ level: 'needs_enrolment', role: 'admin', factors: [] });
    expect(code(await approve(lost, await people.whole(own)))).toBe('NOT_FOUND');
    expect(code(await complete(lost))).toBe('CONFLICT');
    const entries = await log(own);
    expect(entries.filter((each) => each === 'refused refused by member')).toHaveLength(2);
    expect(entries).toContain('approved done by member');
    for (const { email } of [own, lost]) {
      expect((await letters(email)).map(({ subject }) => subject).join()).toContain('were taken away');
    }
  });

  it('is never one’s own', async () => {
    const own = await owner();
    await start(own);
    const self = await approve(own, await people.whole(own));
    expect([self.status, code(self)]).toEqual([403, 'FORBIDDEN']);
    expect((await log(own)).at(-1)).toBe('refused refused by member');
    expect(await waiting(await people.whole(own))).toHaveLength(1);
  });
});

describe('stopping', () => {
  it('is for every owner and for the member, and ends it for good', async () => {
    const own = await owner();
    const admin = await made('admin', own);
    const lost = await made('member', own);
    await start(lost);
    expect(await waiting(lost.token)).toMatchObject([{ memberId: lost.memberId }]);
    expect(await waiting(admin.token)).toEqual([]);
    expect(code(await stop(lost, admin.token))).toBe('NOT_FOUND');
    expect(code(await stop(lost, (await owner()).token))).toBe('NOT_FOUND');
    const { token: half } = (await people.signIn(lost.email)).json as { token: string };
    expect(code(await stop(lost, half))).toBe('FORBIDDEN');
    expect((await stop(lost, lost.token)).status).toBe(204);
    expect(code(await stop(lost, lost.token))).toBe('NOT_FOUND');
    expect((await letters(own.email)).at(-1)?.subject).toContain('was stopped');
    await start(lost);
    expect((await stop(lost, own.token)).status).toBe(204);
    expect((await log(own)).filter((each) => each.startsWith('stopped'))).toHaveLength(2);
  });

  it('is done by suspending or taking out the member too', async () => {
    const own = await owner();
    const lost = await made('member', own);
    await start(lost);
    const link = await linkTo(lost);
    const token = await people.whole(own);
    const path = `/v1/members/${lost.memberId}`;
    await people.ask('PATCH', path, { token, body: { state: 'suspended' } });
    expect(code(await approve(lost, token))).toBe('CONFLICT');
    expect((await people.ask('DELETE', path, { token })).status).toBe(204);
    expect(await waiting(token)).toEqual([]);
    expect(code(await complete(lost, PASSWORD, link))).toBe('BAD_REQUEST');
  });
});

describe('asking', () => {
  it('is answered alike whether there is an account or none, with a letter either way', async () => {
    const own = await owner();
    const { email } = people.address();
    const [unknown, known] = [await send('', { email }), await send('', { email: own.email })];
    expect([unknown.status, unknown.text]).toEqual([known.status, known.text]);
    expect(await letters(email)).toMatchObject([{ token: '' }]);
  });

  it('begins nothing for whoever has no second factor, nor twice, nor by another kind of link', async () => {
    const bare = await made('owner', 'bare');
    expect(code(await start(bare))).toBe('CONFLICT');
    const own = await owner();
    await people.ask('POST', '/v1/password-resets', { body: { email: own.email }, from: from() });
    const reset = (await letters(own.email)).at(-1)?.token ?? '';
    expect(code(await send('/start', { token: reset }))).toBe('BAD_REQUEST');
    const link = await linkTo(own);
    const body = { token: link, password: OTHER_PASSWORD };
    expect(code(await people.ask('POST', '/v1/password-resets/confirm', { body }))).toBe('BAD_REQUEST');
    expect((await send('/start', { token: link })).status).toBe(202);
    expect(code(await start(own))).toBe('CONFLICT');
  });

  it('is throttled: letters to an address, starts of a member, passwords at a link', async () => {
    await freshWindows(people.cloud);
    const own = await owner();
    const by = await people.whole(own);
    for (let n = 0; n < 3; n += 1) {
      expect((await start(own)).status).toBe(202);
      await stop(own, by);
    }
    const sent = (await letters(own.email)).length;
    expect((await send('', { email: own.email })).status).toBe(202);
    expect((await letters(own.email)).length).toBe(sent);
    // One more than the letters give.
    const token = newLinkToken();
    const member = StoredMember.parse(
      (await people.seed.db.doc(paths.member(own.companyId, own.memberId)).get()).data(),
    );
    const expires = people.cloud.clock.now() + HOUR;
    await people.seed.db.doc(paths.recoveryLink(linkHash(token))).create({
      ...{ companyId: own.companyId, memberId: own.memberId, passwordChangedAt: member.passwordChangedAt },
      ...{ expiresAt: new Date(expires).toISOString(), expireAt: Timestamp.fromMillis(expires) },
    } satisfies StoredLink);
    expect((await send('/start', { token })).status).toBe(429);
    const tried: number[] = [];
    for (let n = 0; n < 11; n += 1) tried.push((await complete(own, `guess ${n}`, token)).status);
    expect(tried).toEqual([...Array<number>(10).fill(409), 429]);
  });
});

describe('notices', () => {
  it('go out by the next tick when a start was cut off after it was written', async () => {
    const own = await owner();
    const { startedAt } = (await start(own)).json as { startedAt: string };
    await people.seed.db.doc(paths.recovery(own.memberId)).update({ notices: 0, due: startedAt });
    expect(await people.cloud.clock.tick('recover')).toBe(204);
    expect(await people.cloud.clock.tick('recover')).toBe(204);
    expect(await notices(own.email)).toBe(2);
  });

  it('put the end off when they are late, whatever made them so', async () => {
    const own = await owner();
    const { startedAt } = (await start(own)).json as { startedAt: string };
    const config = readConfig(people.cloud.envOf('recover'));
    const db = openFirestore(config, '(default)');
    const smtp = { SMTP_URL: 'smtps://127.0.0.1:1', MAIL_FROM: 'strongroom@test.example' };
    const run = async (day: number, env: NodeJS.ProcessEnv = people.cloud.envOf('recover')) => {
      const now = () => Date.parse(startedAt) + day * DAY;
      await noticeRecoveries({
        ...{ db, now, baseUrl: config.baseUrl, keyring: openKeyring(config, { now }) },
        mailer: openMailer(env, () => undefined),
        log: createLog({ functionName: 'recover', write: () => undefined }),
      });
      const stored = (await db.doc(paths.recovery(own.memberId)).get()).data() as StoredRecovery;
      const opens = (Date.parse(stored.opensAt) - Date.parse(startedAt)) / DAY;
      return { notices: stored.notices, opens, open: isOpen(stored, now) };
    };
    expect(await run(0.9)).toEqual({ notices: 1, opens: 7, open: false });
    expect(await run(1.01)).toEqual({ notices: 2, opens: 7, open: false });
    // The schedule stood still: what was due on the third day goes out on the ninth.
    expect(await run(9)).toEqual({ notices: 3, opens: 13, open: false });
    // And then no letter could be handed over.
    expect(await run(12.5, smtp)).toEqual({ notices: 3, opens: 13, open: false });
    expect(await run(13, smtp)).toEqual({ notices: 3, opens: 13, open: false });
    expect(await run(14)).toEqual({ notices: 4, opens: 15, open: false });
    expect(await run(15)).toEqual({ notices: 4, opens: 15, open: true });
    await db.terminate();
  });
});
