import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { paths } from '../../shared/cloud/firestore.ts';
import { LookupKey } from '../../shared/crypto/lookup.ts';
import { API_KEY_SCOPES } from '../../shared/domain/api-key.ts';
import { INVITATION_TYP, readInvitation, signInvitation } from '../../shared/partners/invitation-token.ts';
import { storeApiKey } from '../../shared/http/authenticate.ts';
import { createSecretKey, randomBytes } from 'node:crypto';
import { type Account, DAY, MINUTE, type People, startPeople } from '../accounts/people.ts';
import { eventually } from '../support/market.ts';
import { codeOf, companies } from './trading-companies.ts';

let people: People;
let trade: ReturnType<typeof companies>;
beforeAll(async () => {
  people = await startPeople();
  trade = companies(people);
});
afterAll(() => people.cloud.stop());

describe('an invitation', () => {
  it('connects two companies on its terms, and both logs say so without the other’s people', async () => {
    const retailer = await trade.company();
    const supplier = await trade.company();
    const terms = { bill: true, shares: { stock: false } };
    const link = await trade.invited(retailer, supplier.email.toUpperCase(), { name: 'Sales', terms });
    expect(link.answer.json).toMatchObject({
      ...{ state: 'invited', role: 'supplier', name: null },
      contact: { email: supplier.email, name: 'Sales' },
      terms: { priceListId: null, ...terms },
    });
    expect((await trade.look(supplier, link)).json).toMatchObject({
      ...{ id: link.partnerId, name: 'A company', role: 'retailer', terms: { bill: true } },
    });
    const accepted = await trade.accept(supplier, link);
    expect(accepted.json).toMatchObject({
      ...{ id: link.partnerId, state: 'active', role: 'retailer', name: 'A company', contact: null },
      terms: { priceListId: null, ...terms },
      preference: null,
    });
    expect(accepted.headers.get('audit-entry')).toMatch(/^aud_/);
    const own = await trade.call(retailer, 'GET', `/v1/partners/${link.partnerId}`);
    expect(own.json).toMatchObject({ state: 'active', name: 'A company', preference: 100, invitation: null });
    expect(await trade.log(retailer.companyId)).toEqual([
      'partner.invited member',
      'partner.connected partner',
    ]);
    expect(await trade.log(supplier.companyId)).toEqual(['partner.connected member']);
    for (const [company, other] of [
      [retailer, supplier],
      [supplier, retailer],
    ] as const) {
      const entries = JSON.stringify((await trade.call(company, 'GET', '/v1/audit')).json);
      expect(entries).toContain(link.partnerId);
      for (const foreign of [other.memberId, other.companyId, other.email]) {
        expect(entries).not.toContain(foreign);
      }
    }
  });

  it('is answered by a company that signs up with the address, in its own time', async () => {
    const retailer = await trade.company();
    const { email, from } = people.address();
    const link = await trade.invited(retailer, email);
    const body = { name: 'New Ltd', email, password: 'seven plain bricks under a lime tree', mode: 'test' };
    await people.ask('POST', '/v1/companies', { body, from });
    const token = (await people.letters(email)).at(-1)?.token;
    const made = (await people.ask('POST', '/v1/companies/confirm', { body: { token }, from }))
      .json as Account;
    expect(codeOf(await trade.accept(made, link))).toBe('FORBIDDEN');
    expect(codeOf(await trade.accept({ token: await people.whole(made) }, link))).toBe('200');
  });

  it('is made and accepted by API keys of the two companies too', async () => {
    const [retailer, supplier] = [await trade.company(), await trade.company()];
    const key = async ({ companyId }: Account) => {
      const all = { companyId, mode: 'test', name: 'all', scopes: API_KEY_SCOPES, expiresAt: null } as const;
      return { token: (await storeApiKey(people.seed.db, all, people.seed.now)).apiKey };
    };
    const link = await trade.invited({ ...retailer, ...(await key(retailer)) }, supplier.email);
    expect(codeOf(await trade.accept(await key(supplier), link))).toBe('200');
    expect(await trade.log(supplier.companyId)).toEqual(['partner.connected api_key']);
  });

  it('works once: the company that used it is told of its connection, all others that it is over', async () => {
    const { supplier, retailer, link } = await trade.connected();
    const entries = await trade.log(supplier.companyId);
    expect(codeOf(await trade.accept(supplier, link))).toBe('200');
    expect(await trade.log(supplier.companyId)).toEqual(entries);
    expect(codeOf(await trade.accept(retailer, link))).toBe('200');
    expect(codeOf(await trade.accept(await trade.company(), link))).toBe('INVITATION_OVER');
    expect(codeOf(await trade.look(supplier, link))).toBe('INVITATION_OVER');
    expect(codeOf(await trade.decline(supplier, link))).toBe('INVITATION_OVER');
    await trade.call(retailer, 'POST', `/v1/partners/${link.partnerId}/end`);
    expect((await trade.accept(supplier, link)).json).toMatchObject({ state: 'ended' });
  });

  it('is for active members of its address alone, whoever holds the link', async () => {
    const [retailer, supplier] = [await trade.company(), await trade.company()];
    const link = await trade.invited(retailer, supplier.email);
    const stranger = await trade.company();
    for (const how of [trade.look, trade.accept, trade.decline]) {
      expect(codeOf(await how(stranger, link))).toBe('INVITATION_NOT_YOURS');
    }
    const member = await people.member(supplier, 'admin');
    const toMember = await trade.invited(retailer, member.email);
    await people.ask('PATCH', `/v1/members/${member.memberId}`, {
      ...{ token: supplier.token, body: { state: 'suspended' } },
    });
    expect(codeOf(await trade.accept(supplier, toMember))).toBe('INVITATION_NOT_YOURS');
    expect(codeOf(await trade.accept(supplier, link))).toBe('200');
  });

  it('that is withdrawn, declined, renewed or fourteen days old leads nowhere', async () => {
    const [retailer, supplier] = [await trade.company(), await trade.company()];
    const withdrawn = await trade.invited(retailer, supplier.email);
    const at = `/v1/partners/${withdrawn.partnerId}`;
    expect((await trade.call(retailer, 'POST', `${at}/end`)).json).toMatchObject({ state: 'ended' });
    expect(codeOf(await trade.accept(supplier, withdrawn))).toBe('INVITATION_OVER');
    expect((await trade.log(retailer.companyId)).at(-1)).toBe('partner.invitation_withdrawn member');

    const declined = await trade.invited(retailer, supplier.email);
    expect((await trade.decline(supplier, declined)).status).toBe(204);
    expect(codeOf(await trade.accept(supplier, declined))).toBe('INVITATION_OVER');
    expect(await trade.stored(retailer.companyId, declined.partnerId)).toMatchObject({ state: 'ended' });
    expect((await trade.log(retailer.companyId)).at(-1)).toBe('partner.invitation_declined partner');

    const first = await trade.invited(retailer, supplier.email);
    const renewed = await trade.invited(retailer, supplier.email, { terms: { bill: true } });
    expect(renewed.partnerId).toBe(first.partnerId);
    expect(codeOf(await trade.accept(supplier, first))).toBe('INVITATION_OVER');

    await people.cloud.clock.advance(14 * DAY - MINUTE);
    const whole = { token: await people.whole(supplier) };
    expect(codeOf(await trade.look(whole, renewed))).toBe('200');
    await people.cloud.clock.advance(2 * MINUTE);
    expect(codeOf(await trade.accept(whole, renewed))).toBe('INVITATION_OVER');
  });

  it('is for one direction: two companies that buy from each other are invited twice', async () => {
    const [one, other] = [await trade.company(), await trade.company()];
    const first = await trade.invited(one, other.email, { role: 'supplier' });
    const second = await trade.invited(one, other.email, { role: 'retailer' });
    expect(codeOf(await trade.accept(other, first))).toBe('200');
    expect(codeOf(await trade.accept(other, second))).toBe('200');
    expect(await trade.stored(other.companyId, first.partnerId)).toMatchObject({ role: 'retailer' });
    expect(await trade.stored(other.companyId, second.partnerId)).toMatchObject({ role: 'supplier' });
  });

  it('is made once for an Idempotency-Key, and mailed once', async () => {
    const retailer = await trade.company();
    const { email } = people.address();
    const body = { email, role: 'supplier' };
    const headers = { 'Idempotency-Key': 'once' };
    const first = await trade.call(retailer, 'POST', '/v1/partners', body, headers);
    const again = await trade.call(retailer, 'POST', '/v1/partners', body, headers);
    expect([first.status, again.status, again.json]).toEqual([201, 201, first.json]);
    expect(await trade.linksTo(email)).toHaveLength(1);
    const other = await trade.call(retailer, 'POST', '/v1/partners', { ...body, role: 'retailer' }, headers);
    expect(codeOf(other)).toBe('IDEMPOTENCY_MISMATCH');
  });

  it('goes to one address five times a day at most', async () => {
    const retailer = await trade.company();
    const { email } = people.address();
    for (let sent = 0; sent < 5; sent += 1) await trade.invited(retailer, email);
    const sixth = await trade.call(retailer, 'POST', '/v1/partners', { email, role: 'supplier' });
    expect(codeOf(sixth)).toBe('TOO_MANY_REQUESTS');
  });
});

describe('a connection that can not be', () => {
  it('is refused with its reason: to oneself', async () => {
    const owner = await trade.company();
    const member = await people.member(owner, 'member');
    const self = await trade.call(owner, 'POST', '/v1/partners', { email: member.email, role: 'supplier' });
    expect(codeOf(self)).toBe('PARTNER_IS_SELF');
    // Or by an address that moved to the company after it was invited.
    const { email, from } = people.address();
    const link = await trade.invited(owner, email);
    await people.ask('POST', '/v1/members', { token: owner.token, body: { email, role: 'admin' }, from });
    expect(codeOf(await trade.accept(owner, link))).toBe('PARTNER_IS_SELF');
  });

  it('is refused with its reason: a second one of the same kind, while the first has not ended', async () => {
    const { retailer, supplier, partnerId } = await trade.connected();
    const second = await trade.invited(retailer, supplier.email);
    expect(codeOf(await trade.accept(supplier, second))).toBe('PARTNER_EXISTS');
    const crossed = await trade.invited(supplier, retailer.email, { role: 'retailer' });
    expect(codeOf(await trade.accept(retailer, crossed))).toBe('PARTNER_EXISTS');
    // The other way round is another kind: they supply each other.
    const back = await trade.invited(supplier, retailer.email, { role: 'supplier' });
    expect(codeOf(await trade.accept(retailer, back))).toBe('200');
    await trade.call(supplier, 'POST', `/v1/partners/${partnerId}/end`);
    expect(codeOf(await trade.accept(supplier, second))).toBe('200');
  });

  it('is refused with its reason: of a live and a test company', async () => {
    const [retailer, supplier] = [await trade.company(), await trade.company()];
    const link = await trade.invited(retailer, supplier.email);
    await people.seed.db.doc(paths.company(supplier.companyId)).update({ mode: 'live' });
    expect(codeOf(await trade.accept(supplier, link))).toBe('PARTNER_OTHER_MODE');
  });

  it.each(['inviter', 'invited'] as const)(
    'is refused with its reason: while the %s is closing',
    async (who) => {
      const [retailer, supplier] = [await trade.company(), await trade.company()];
      const link = await trade.invited(retailer, supplier.email);
      const closing = who === 'inviter' ? retailer : supplier;
      expect((await trade.call(closing, 'DELETE', '/v1/company')).status).toBe(202);
      expect(codeOf(await trade.accept(supplier, link))).toBe('PARTNER_CLOSING');
      const body = { email: people.address().email, role: 'supplier' };
      expect(codeOf(await trade.call(closing, 'POST', '/v1/partners', body))).toBe('PARTNER_CLOSING');
    },
  );
});

describe('a company that is deleted', () => {
  it('leaves no invitation, no pair and an ended connection behind', async () => {
    const { retailer, supplier, partnerId } = await trade.connected();
    const open = await trade.invited(supplier, people.address().email);
    expect((await trade.call(supplier, 'DELETE', '/v1/company')).status).toBe(202);
    expect(await trade.stored(retailer.companyId, partnerId)).toMatchObject({ state: 'closing' });
    const { hash } = (await trade.stored(supplier.companyId, open.partnerId))?.invitation ?? { hash: 'none' };
    const { db } = people.seed;
    const left = [
      paths.partnerInvitation(hash),
      paths.partnerPair(retailer.companyId, supplier.companyId),
      paths.partner(supplier.companyId, partnerId),
      paths.partner(supplier.companyId, open.partnerId),
    ];
    const there = async () =>
      (await db.getAll(...left.map((path) => db.doc(path)))).map(({ exists }) => exists);
    expect(await there()).toEqual([true, true, true, true]);
    await people.cloud.clock.advance(7 * DAY);
    await eventually(async () => {
      await people.cloud.clock.tick('close');
      expect(await there()).toEqual([false, false, false, false]);
    });
    const view = await trade.call(
      { token: await people.whole(retailer) },
      'GET',
      `/v1/partners/${partnerId}`,
    );
    expect(view.json).toMatchObject({ state: 'ended', name: null, contact: { email: supplier.email } });
    expect((await trade.log(retailer.companyId)).slice(-2)).toEqual([
      'partner.closing system',
      'partner.ended system',
    ]);
  });
});

describe('at the same moment', () => {
  it('two uses of one link make one connection and one entry', async () => {
    const [retailer, supplier] = [await trade.company(), await trade.company()];
    const link = await trade.invited(retailer, supplier.email);
    const answers = await Promise.all([1, 2, 3].map(() => trade.accept(supplier, link)));
    expect(answers.map(codeOf)).toEqual(['200', '200', '200']);
    expect(await trade.log(supplier.companyId)).toEqual(['partner.connected member']);
  });

  it('two invitations that cross make one connection', async () => {
    const [retailer, supplier] = [await trade.company(), await trade.company()];
    const there = await trade.invited(retailer, supplier.email);
    const back = await trade.invited(supplier, retailer.email, { role: 'retailer' });
    const answers = await Promise.all([trade.accept(supplier, there), trade.accept(retailer, back)]);
    expect(answers.map(codeOf).sort()).toEqual(['200', 'PARTNER_EXISTS']);
    for (const { companyId } of [retailer, supplier]) {
      const partners = await people.seed.db.collection(paths.partners(companyId)).get();
      expect(partners.docs.filter((doc) => doc.get('state') === 'active')).toHaveLength(1);
    }
  });

  it('accepting and withdrawing end the same on both sides', async () => {
    const [retailer, supplier] = [await trade.company(), await trade.company()];
    const link = await trade.invited(retailer, supplier.email);
    const at = `/v1/partners/${link.partnerId}`;
    const [accepted] = await Promise.all([
      trade.accept(supplier, link),
      trade.call(retailer, 'POST', `${at}/end`),
    ]);
    const there = await trade.stored(supplier.companyId, link.partnerId);
    expect(there?.state).toBe(codeOf(accepted) === '200' ? 'ended' : undefined);
    expect(await trade.stored(retailer.companyId, link.partnerId)).toMatchObject({ state: 'ended' });
  });
});

describe('a token', () => {
  const hub = { baseUrl: 'https://hub.example', projectId: 'hub' };
  const now = () => Date.UTC(2026, 10, 25);
  const lookup = new LookupKey(createSecretKey(randomBytes(32)));
  const deps = { keyring: { lookup: () => Promise.resolve(lookup) } as never, hub, now };
  const partnerId = `ptn_${'0'.repeat(26)}`;
  const claims = {
    emailHash: 'hash',
    jti: 'a'.repeat(64),
    iss: hub.baseUrl,
    aud: 'hub/partners',
    sub: partnerId,
  };
  const times = { iat: now() / 1000, exp: now() / 1000 + 60 };
  const header = { alg: 'HS256', typ: INVITATION_TYP, kid: 'partner-invitation-1' };
  const key = lookup.signingKey('partner invitation');
  const sign = (change: object, headerChange: object = {}, by = key) =>
    new SignJWT({ ...claims, ...times, ...change })
      .setProtectedHeader({ ...header, ...headerChange })
      .sign(by);
  const read = (token: string) => readInvitation(token, partnerId, deps);

  it('is read back by the hub that signed it, for its own invitation', async () => {
    const { token, hash } = await signInvitation(
      { partnerId, emailHash: 'hash', expires: now() + 1000 },
      deps,
    );
    expect(await read(token)).toEqual({ hash, emailHash: 'hash' });
    expect(await read(await sign({}))).toMatchObject({ emailHash: 'hash' });
  });

  it.each<[string, () => Promise<string>]>([
    ['without a signature', () => Promise.resolve(new UnsecuredJWT({ ...claims, ...times }).encode())],
    ['by another algorithm', () => sign({}, { alg: 'HS512' }, createSecretKey(randomBytes(64)))],
    [
      'by another algorithm with the right key',
      () => sign({}, { alg: 'HS384' }, createSecretKey(Buffer.concat([key.export(), Buffer.alloc(16)]))),
    ],
    ['by another key', () => sign({}, {}, createSecretKey(randomBytes(32)))],
    ['that names another key', () => sign({}, { kid: 'partner-invitation-2' })],
    ['that names no key', () => sign({}, { kid: undefined })],
    ['of another type', () => sign({}, { typ: 'strongroom-erasure+jwt' })],
    ['of no type', () => sign({}, { typ: undefined })],
    ['for another audience', () => sign({ aud: 'hub/members' })],
    ['for another project', () => sign({ aud: 'other/partners' })],
    ['of another hub', () => sign({ iss: 'https://other.example' })],
    ['for another connection', () => sign({ sub: `ptn_${'1'.repeat(26)}` })],
    ['that is over', () => sign({ exp: now() / 1000 })],
    ['without an end', () => sign({ exp: undefined })],
    ['that begins in the future', () => sign({ nbf: now() / 1000 + 60 })],
    ['without an id', () => sign({ jti: undefined })],
    ['without an address', () => sign({ emailHash: undefined })],
    [
      'with a changed claim',
      async () => {
        const [head, , signature] = (await sign({})).split('.');
        const changed = Buffer.from(JSON.stringify({ ...claims, ...times, emailHash: 'x' })).toString(
          'base64url',
        );
        return `${head}.${changed}.${signature}`;
      },
    ],
    ['that is none', () => Promise.resolve('a.b.c')],
  ])('%s is refused like any other', async (_what, make) => {
    await expect(read(await make())).rejects.toMatchObject({ code: 'INVITATION_OVER' });
  });

  it('that is signed and leads nowhere is refused too', async () => {
    const { keyring, now: at } = people.seed;
    const own = {
      keyring,
      hub: { baseUrl: people.cloud.baseUrl, projectId: people.cloud.projectId },
      now: at,
    };
    const [retailer, supplier] = [await trade.company(), await trade.company()];
    const real = await trade.invited(retailer, supplier.email);
    const { emailHash } = (await trade.stored(retailer.companyId, real.partnerId)) ?? {};
    const forged = await signInvitation(
      { partnerId: real.partnerId, emailHash: emailHash ?? '', expires: at() + DAY },
      own,
    );
    expect(codeOf(await trade.accept(supplier, { ...real, token: forged.token }))).toBe('INVITATION_OVER');
    expect(codeOf(await trade.accept(supplier, real))).toBe('200');
  });
});

describe('the address of a partner', () => {
  it('is in no document, no log line and no entry, and its name neither', async () => {
    const retailer = await trade.company();
    const email = 'canary-qwzxv@partner-contact.example';
    const link = await trade.invited(retailer, email, { name: 'Canary Qwzxvname' });
    const contact = { email: 'canary-other-qwzxv@partner-contact.example', name: 'Canary Qwzxvname' };
    const { supplier, partnerId } = await trade.connected(retailer);
    await trade.call(retailer, 'PATCH', `/v1/partners/${partnerId}`, { contact });
    expect((await trade.call(retailer, 'GET', `/v1/partners/${partnerId}`)).json).toMatchObject({ contact });
    const theirs = await trade.call(supplier, 'GET', `/v1/partners/${partnerId}`);
    expect(theirs.json).toMatchObject({ contact: null });
    const entries = (await trade.call(retailer, 'GET', '/v1/audit')).text;
    expect(entries).toContain(link.partnerId);
    const kept = await everything(retailer.companyId, supplier.companyId);
    expect(kept).toContain(link.partnerId);
    for (const place of [kept, entries, people.cloud.lines.join()]) {
      expect(/canary|qwzxv/i.test(place)).toBe(false);
    }
  });
});

/** All documents of the two companies and of all that is beside companies, bytes as text. */
async function everything(...companyIds: string[]): Promise<string> {
  const { db } = people.seed;
  const below = companyIds.map((id) => db.doc(paths.company(id)).listCollections());
  const collections = [...(await db.listCollections()), ...(await Promise.all(below)).flat()];
  const found = await Promise.all(collections.map((collection) => collection.get()));
  return found
    .flatMap(({ docs }) => docs.map((doc) => `${doc.ref.path} ${JSON.stringify(doc.data(), bytesAsText)}`))
    .join('\n');
}

function bytesAsText(_name: string, value: unknown): unknown {
  const bytes =
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    value.type === 'Buffer' &&
    'data' in value;
  return bytes ? Buffer.from(value.data as number[]).toString('latin1') : value;
}
