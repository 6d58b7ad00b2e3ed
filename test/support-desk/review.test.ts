import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { paths } from '../../shared/cloud/firestore.ts';
import { restoreStaff, suspendStaff } from '../../shared/staff/accounts.ts';
import type { StaffRow } from '../../shared/staff/attest.ts';
import type { Misbehaviour } from '../support/authenticator.ts';
import { DAY, type DeskFixture, openDesk, type Person, tryPasskey } from './desk-fixture.ts';

let desk: DeskFixture;
let reviewer: Person;
beforeAll(async () => {
  desk = await openDesk();
  reviewer = await desk.person('reviewer');
});
afterAll(() => desk.stop());

interface List {
  on: string;
  data: StaffRow[];
  digest: string;
  signing: PublicKeyCredentialRequestOptionsJSON;
}

async function list(token: string): Promise<List> {
  return (await desk.call(token, 'GET', '/v1/staff')).json as unknown as List;
}

async function sign(who: Person, odd: Misbehaviour = {}) {
  const token = await who.signIn();
  const { digest, signing } = await list(token);
  const passkey = who.device.get(signing, odd);
  return { token, digest, passkey, send: () => send(token, { digest, passkey }) };
}

function send(token: string, body: object) {
  return desk.call(token, 'POST', '/v1/staff/attestations', body);
}

/** Moves the clock; a review is done at the end. */
async function days(count: number): Promise<void> {
  await desk.market.cloud.clock.advance(count * DAY);
}

async function stateOf(person: Person): Promise<unknown> {
  return (await desk.staff.doc(paths.staffMember(person.id)).get()).get('state');
}

describe('the list of staff', () => {
  it('shows each account with its role, its factors and its last use', async () => {
    const person = await desk.person('support');
    const before = await list(await reviewer.signIn());
    expect(before.data.find(({ id }) => id === person.id)).toMatchObject({
      ...{ name: person.name, role: 'support', state: 'active', factors: ['passkey'] },
      ...{ attestedAt: null, lastUsedOn: null },
    });
    await person.signIn();
    const after = await list(await reviewer.signIn());
    expect(after.data.find(({ id }) => id === person.id)?.lastUsedOn).toBe(after.on);
    expect(after.digest).not.toBe(before.digest);
  });
});

describe('attesting', () => {
  it('is signed by the passkey over the very list, and attests everybody but who signs', async () => {
    const person = await desk.person('support');
    const { send } = await sign(reviewer);
    const answer = await send();
    expect(answer.status, answer.text).toBe(201);
    expect(answer.json.attested).toContain(person.id);
    expect(answer.json.attested).not.toContain(reviewer.id);
    const stored = await desk.staff.doc(paths.attestation(answer.json.id)).get();
    expect(stored.get('by')).toBe(reviewer.id);
  });

  it('takes another reviewer to attest a reviewer', async () => {
    const other = await desk.person('reviewer');
    const answer = await (await sign(other)).send();
    expect(answer.json.attested).toContain(reviewer.id);
    expect(answer.json.attested).not.toContain(other.id);
  });

  it('refuses a list that has changed since it was shown', async () => {
    const { send } = await sign(reviewer);
    await desk.person('support');
    expect((await send()).json.code).toBe('CONFLICT');
  });

  it('refuses a signature over another list, one without a person, and one that was used', async () => {
    const odd: Misbehaviour[] = [
      { challenge: 'A'.repeat(43) },
      { verified: false },
      { type: 'webauthn.create' },
    ];
    for (const each of odd)
      expect((await (await sign(reviewer, each)).send()).json.code).toBe('FACTOR_REFUSED');
    const { send } = await sign(reviewer);
    expect((await send()).status).toBe(201);
    expect((await send()).json.code).toBe('CONFLICT');
  });

  it('refuses the signature of somebody else', async () => {
    const thief = await desk.person('support');
    await thief.signIn();
    const token = await reviewer.signIn();
    const { digest, signing } = await list(token);
    const passkey = thief.device.get({ challenge: digest, rpId: signing.rpId ?? '' });
    expect((await send(token, { digest, passkey })).json.code).toBe('FACTOR_REFUSED');
  });
});

describe('the daily review', () => {
  it('suspends whoever was not attested for 90 days, and ends the sessions', async () => {
    const kept = await desk.person('support');
    const forgotten = await desk.person('support');
    await days(60);
    await suspendStaff(forgotten.name, desk.operator);
    await (await sign(reviewer)).send();
    await restoreStaff(forgotten.name, desk.operator);
    const token = await forgotten.signIn();
    await days(8);
    expect(await stateOf(forgotten)).toBe('suspended');
    expect((await desk.call(token, 'GET', '/v1/staff/self')).status).toBe(401);
    expect((await tryPasskey(forgotten.device, desk.call)).status).toBe(401);
    expect(await stateOf(kept)).toBe('active');
    expect((await tryPasskey(kept.device, desk.call)).status).toBe(201);
    expect(desk.market.cloud.lines.some((line) => line.includes('staff.suspended'))).toBe(true);
  });

  /** Somebody whose 90 days are over, unless there is an attestation. */
  const overdue = async (person: Person, attested: object): Promise<void> => {
    const activeSince = new Date(desk.market.cloud.clock.now() - 91 * DAY).toISOString();
    await desk.staff.doc(paths.staffMember(person.id)).update({ activeSince, attested });
  };

  it('believes a signature', async () => {
    const person = await desk.person('support');
    const { id, at } = (await (await sign(reviewer)).send()).json as unknown as { id: string; at: string };
    await overdue(person, { id, at });
    expect(await desk.market.cloud.clock.tick('review')).toBe(204);
    expect(await stateOf(person)).toBe('active');
  });

  it('does not believe a signature over another role', async () => {
    const person = await desk.person('support');
    const { id, at } = (await (await sign(reviewer)).send()).json as unknown as { id: string; at: string };
    await overdue(person, { id, at });
    await desk.staff.doc(paths.staffMember(person.id)).update({ role: 'reviewer' });
    await desk.market.cloud.clock.tick('review');
    expect(await stateOf(person)).toBe('suspended');
  });

  it('gives a restored account a week, whoever attested it before it was suspended', async () => {
    const person = await desk.person('support');
    expect((await (await sign(reviewer)).send()).status).toBe(201);
    await suspendStaff(person.name, desk.operator);
    await restoreStaff(person.name, desk.operator);
    await days(6);
    expect((await tryPasskey(person.device, desk.call)).status).toBe(201);
    await days(2);
    expect([await stateOf(person), (await tryPasskey(person.device, desk.call)).status]).toEqual([
      'suspended',
      401,
    ]);
  });

  it('does not believe an account that was on no list, whatever it says of itself', async () => {
    const { id, at } = (await (await sign(reviewer)).send()).json as unknown as { id: string; at: string };
    const person = await desk.person('support');
    await overdue(person, { id, at });
    await desk.market.cloud.clock.tick('review');
    expect(await stateOf(person)).toBe('suspended');
  });

  it('does not let a list get longer or younger after it was signed', async () => {
    for (const change of ['rows', 'on'] as const) {
      const { id, at } = (await (await sign(reviewer)).send()).json as unknown as { id: string; at: string };
      const person = await desk.person('support');
      const signed = desk.staff.doc(paths.attestation(id));
      const rows = (await signed.get()).get('rows') as StaffRow[];
      const longer = [...rows, { ...(rows[0] as StaffRow), id: person.id }];
      const on = new Date(Date.parse(at) + DAY).toISOString();
      await signed.update(
        change === 'rows' ? { rows: longer } : { rows: longer, on: on.slice(0, 10), at: on },
      );
      await overdue(person, { id, at });
      await desk.market.cloud.clock.tick('review');
      expect(await stateOf(person)).toBe('suspended');
    }
  });

  it('is not needed for an account to lose its access: the clock is enough', async () => {
    const person = await desk.person('support');
    const since = new Date(desk.market.cloud.clock.now() - 90 * DAY).toISOString();
    const token = await person.signIn();
    await desk.staff.doc(paths.staffMember(person.id)).update({ activeSince: since });
    expect((await desk.call(token, 'GET', '/v1/staff/self')).status).toBe(401);
    expect((await tryPasskey(person.device, desk.call)).status).toBe(401);
  });
});
