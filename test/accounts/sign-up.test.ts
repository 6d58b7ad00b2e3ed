import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { paths } from '../../shared/cloud/firestore.ts';
import { DAY, PASSWORD, type People, startPeople } from './people.ts';
import { freshWindows } from '../support/windows.ts';

let people: People;
beforeAll(async () => {
  people = await startPeople();
});
afterAll(() => people.cloud.stop());

const signUp = (email: string, from: string, change: Record<string, unknown> = {}) =>
  people.ask('POST', '/v1/companies', {
    body: { name: 'A company', email, password: PASSWORD, mode: 'test', ...change },
    from,
  });
const confirm = (token: string) => people.ask('POST', '/v1/companies/confirm', { body: { token } });

describe('signing up', () => {
  it('makes a company, its key and its owner by the link in a letter', async () => {
    const { email, from } = people.address();
    expect(await signUp(email, from)).toMatchObject({ status: 202, text: '' });
    const [letter] = await people.letters(email);
    expect(letter?.text).toContain(`${people.cloud.baseUrl}/app/confirm#token=`);

    const made = await confirm(letter?.token ?? '');
    expect(made.json).toMatchObject({ level: 'needs_enrolment', factors: [], role: 'owner' });
    expect(made.headers.get('audit-entry')).toMatch(/^aud_\w+; leaf=/);
    const { companyId, token } = made.json as { companyId: string; token: string };
    expect((await people.log(companyId)).map(({ action }) => action)).toEqual(['company.created']);
    expect((await people.ask('GET', '/v1/company', { token })).status).toBe(403);
    const secret = await people.seed.keyring.sealSecret(companyId, 'a test', Buffer.from('x'));
    expect(secret.length).toBeGreaterThan(1);
  });

  it('keeps nothing of the address or the password that can be read', async () => {
    const { email, from } = people.address();
    await signUp(email, from);
    const [letter] = await people.letters(email);
    const pending = await people.seed.db.collection('signUps').get();
    const { companyId } = (await confirm(letter?.token ?? '')).json as { companyId: string };
    const member = await people.seed.db.collection(paths.members(companyId)).get();
    const stored = [...pending.docs, ...member.docs].map((doc) => {
      const bytes = Object.values(doc.data()).map((value: unknown) =>
        Buffer.isBuffer(value) ? value.toString('latin1') : '',
      );
      return JSON.stringify(doc.data()) + bytes.join();
    });
    for (const text of stored) {
      expect(text).not.toContain(email);
      expect(text).not.toContain(PASSWORD);
      expect(text).not.toContain(letter?.token);
    }
    expect(people.cloud.lines.join()).not.toContain(email);
    expect(people.cloud.lines.join()).not.toContain(PASSWORD);
  });

  it('takes a link once', async () => {
    const { email, from } = people.address();
    await signUp(email, from);
    const token = (await people.letters(email))[0]?.token ?? '';
    const [first, second] = await Promise.all([confirm(token), confirm(token)]);
    expect([first.status, second.status].sort()).toEqual([201, 400]);
    expect((await confirm(token)).json).toMatchObject({ code: 'BAD_REQUEST', errors: [{ path: 'token' }] });
  });

  it('answers a known address as an unknown one, with a letter either way', async () => {
    const known = await people.owner();
    const unknown = people.address();
    const answers = [await signUp(known.email, '127.2.0.1'), await signUp(unknown.email, '127.2.0.2')];
    const seen = answers.map(({ status, text, headers }) => {
      const names = [...headers.keys()].filter((name) => name !== 'date').sort();
      return { status, text, names };
    });
    expect(seen[0]).toEqual(seen[1]);
    const letters = await people.letters(known.email);
    expect(letters).toHaveLength(2);
    expect(letters[1]).toMatchObject({ subject: 'You have a Strongroom account already', token: '' });
  });

  it('knows an address in every spelling', async () => {
    const { email } = await people.owner();
    await signUp(`  ${email.toUpperCase()} `, '127.2.0.3');
    expect((await people.letters(email)).at(-1)?.token).toBe('');
  });

  it('lets the first of two links win, and tells the owner of the address alone', async () => {
    const { email, from } = people.address();
    await signUp(email, from);
    await signUp(email, from);
    const [first, second] = await people.letters(email);
    expect((await confirm(first?.token ?? '')).status).toBe(201);
    expect((await confirm(second?.token ?? '')).json).toMatchObject({ code: 'CONFLICT' });
  });

  it.each([
    ['short', 'Kx9#vQ2$mL7'],
    ['long', 'a b'.repeat(90)],
    ['common', 'passwordpassword'],
    ['a row of keys', 'qwertyuiop12345'],
    ['the company’s name', 'acompanyacompany1'],
  ])('refuses a password that is %s, without saying it again', async (_, password) => {
    const { email, from } = people.address();
    const answer = await signUp(email, from, { password });
    expect(answer.json).toMatchObject({ status: 400, errors: [{ path: 'password' }] });
    expect(answer.text).not.toContain(password);
    expect(await people.letters(email)).toEqual([]);
  });

  it('takes a long password of plain words, and one of any letters', async () => {
    for (const password of [PASSWORD, 'зелёный-чайник-на-крыше-поёт', 'x'.repeat(3) + PASSWORD.repeat(6)]) {
      const { email, from } = people.address();
      expect((await signUp(email, from, { password })).status).toBe(202);
    }
  });

  it('sends three letters an hour to one address, and answers as ever', async () => {
    await freshWindows(people.cloud);
    const { email } = people.address();
    for (let n = 1; n <= 5; n += 1) expect((await signUp(email, `127.2.1.${n}`)).status).toBe(202);
    expect(await people.letters(email)).toHaveLength(3);
  });

  it('lets one source ask twenty times an hour', async () => {
    await freshWindows(people.cloud);
    const from = '127.2.2.1';
    const statuses: number[] = [];
    for (let n = 0; n < 21; n += 1) {
      statuses.push((await signUp(people.address().email, from, { password: 'short' })).status);
    }
    expect(statuses).toEqual([...Array<number>(20).fill(400), 429]);
  });
});

describe('a link', () => {
  it('of a day ago leads nowhere', async () => {
    const { email, from } = people.address();
    await signUp(email, from);
    await people.cloud.clock.advance(DAY);
    const [letter] = await people.letters(email);
    expect((await confirm(letter?.token ?? '')).json).toMatchObject({ errors: [{ path: 'token' }] });
  });
});
