import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  challengeOf,
  creationOptions,
  type PasskeyAssertion,
  type PasskeyAttestation,
  requestOptions,
  verifyAssertion,
  verifyCreation,
} from '../../shared/factors/passkeys.ts';
import type { StoredPasskey } from '../../shared/factors/stored-factors.ts';
import {
  type Misbehaviour,
  softwareAuthenticator,
  type SoftwareAuthenticator,
} from '../support/authenticator.ts';

const rp = { id: 'hub.example', origin: 'https://app.hub.example' };
const user = { id: 'mem_00000000000000000000000001', name: 'person@test.example' };
const refused = { code: 'FACTOR_REFUSED', message: 'The second factor was not accepted' };
const newChallenge = (): string => randomBytes(32).toString('base64url');

async function create(device: SoftwareAuthenticator, odd: Misbehaviour = {}, passkeys: StoredPasskey[] = []) {
  const challenge = newChallenge();
  const answer = device.create(await creationOptions({ rp, user, passkeys, challenge }), odd);
  return { answer, expected: { rp, challenge, passkeys } };
}

async function stored(device: SoftwareAuthenticator): Promise<StoredPasskey> {
  const { answer, expected } = await create(device);
  const at = '2026-11-23T09:00:00.000Z';
  return {
    ...(await verifyCreation(answer, expected)),
    ...{ id: 'psk_00000000000000000000000001', name: 'Laptop', createdAt: at, lastUsedAt: null },
  };
}

async function use(device: SoftwareAuthenticator, passkey: StoredPasskey, odd: Misbehaviour = {}) {
  const challenge = newChallenge();
  const answer = device.get(await requestOptions({ rp, passkeys: [passkey], challenge }), odd);
  return { answer, expected: { rp, challenge, userId: user.id, passkeys: [passkey] } };
}

/** What either ceremony must not take. */
const ODDITIES: [string, Misbehaviour][] = [
  ['from a page of another site', { origin: 'https://app.hub.example.evil.example' }],
  ['over plain HTTP', { origin: 'http://app.hub.example' }],
  ['from another port', { origin: 'https://app.hub.example:8443' }],
  ['for another relying party', { rpId: 'evil.example' }],
  ['for another challenge', { challenge: newChallenge() }],
  ['shown inside another site', { crossOrigin: true }],
  ['without anyone there', { present: false }],
  ['without having checked who is there', { verified: false }],
];

describe('making a passkey', () => {
  it('asks for a checked person, no attestation, and none that is there already', async () => {
    const passkey = await stored(softwareAuthenticator(rp.origin));
    const options = await creationOptions({ rp, user, passkeys: [passkey], challenge: newChallenge() });
    expect(options.rp.id).toBe(rp.id);
    expect(options.attestation).toBe('none');
    expect(options.authenticatorSelection?.userVerification).toBe('required');
    expect(options.excludeCredentials?.map(({ id }) => id)).toEqual([passkey.credentialId]);
    expect(Buffer.from(options.user.id, 'base64url').toString('utf8')).toBe(user.id);
  });

  it('keeps the public key and where it stands', async () => {
    const { answer, expected } = await create(softwareAuthenticator(rp.origin));
    expect(await verifyCreation(answer, expected)).toMatchObject({
      credentialId: answer.id,
      counter: 0,
      transports: ['internal'],
      backedUp: false,
    });
  });

  it.each(ODDITIES)('is refused %s', async (_name, odd) => {
    const { answer, expected } = await create(softwareAuthenticator(rp.origin), odd);
    await expect(verifyCreation(answer, expected)).rejects.toMatchObject(refused);
  });

  it('is refused with the answer to a use', async () => {
    const { answer, expected } = await create(softwareAuthenticator(rp.origin), { type: 'webauthn.get' });
    await expect(verifyCreation(answer, expected)).rejects.toMatchObject(refused);
  });

  it.each(['android-safetynet', 'android-key', 'apple', 'tpm', 'fido-u2f', 'x'])(
    'looks at no certificates: %s',
    async (format) => {
      const { answer, expected } = await create(softwareAuthenticator(rp.origin), { format });
      await expect(verifyCreation(answer, expected)).rejects.toMatchObject(refused);
    },
  );

  it('looks at no certificates in a packed statement either', async () => {
    const statement: Misbehaviour['statement'] = [
      ['alg', -7],
      ['sig', Buffer.of(1)],
      ['x5c', Buffer.of(1)],
    ];
    const { answer, expected } = await create(softwareAuthenticator(rp.origin), {
      format: 'packed',
      statement,
    });
    await expect(verifyCreation(answer, expected)).rejects.toMatchObject(refused);
  });

  it('is refused for one that is there already', async () => {
    const { answer, expected } = await create(softwareAuthenticator(rp.origin));
    const first = await verifyCreation(answer, expected);
    const id = 'psk_00000000000000000000000001';
    const passkey = { ...first, id, name: '', createdAt: '', lastUsedAt: null };
    await expect(verifyCreation(answer, { ...expected, passkeys: [passkey] })).rejects.toMatchObject(refused);
  });

  it('is refused under the name of another credential', async () => {
    const { answer, expected } = await create(softwareAuthenticator(rp.origin));
    const id = randomBytes(32).toString('base64url');
    await expect(verifyCreation({ ...answer, id, rawId: id }, expected)).rejects.toMatchObject(refused);
  });

  it.each(['clientDataJSON', 'attestationObject'] as const)('is refused with a broken %s', async (part) => {
    const { answer, expected } = await create(softwareAuthenticator(rp.origin));
    const broken: PasskeyAttestation = { ...answer, response: { ...answer.response, [part]: 'AAAA' } };
    await expect(verifyCreation(broken, expected)).rejects.toMatchObject(refused);
  });

  it('ends at ten', async () => {
    const passkey = await stored(softwareAuthenticator(rp.origin));
    const passkeys = Array.from({ length: 10 }, () => passkey);
    await expect(creationOptions({ rp, user, passkeys, challenge: newChallenge() })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
  });
});

describe('using a passkey', () => {
  it('is accepted, again and again, with a counter that grows', async () => {
    const device = softwareAuthenticator(rp.origin);
    let passkey = await stored(device);
    for (const counter of [1, 2, 3]) {
      const { answer, expected } = await use(device, passkey);
      expect(challengeOf(answer)).toBe(expected.challenge);
      passkey = await verifyAssertion(answer, expected);
      expect(passkey.counter).toBe(counter);
    }
  });

  it('is accepted of one that is synced and does not count', async () => {
    const device = softwareAuthenticator(rp.origin, { counts: false });
    const passkey = await stored(device);
    for (let time = 0; time < 2; time += 1) {
      const { answer, expected } = await use(device, passkey);
      expect((await verifyAssertion(answer, expected)).counter).toBe(0);
    }
  });

  it.each(ODDITIES)('is refused %s', async (_name, odd) => {
    const device = softwareAuthenticator(rp.origin);
    const { answer, expected } = await use(device, await stored(device), odd);
    await expect(verifyAssertion(answer, expected)).rejects.toMatchObject(refused);
  });

  it('is refused with the answer to a making', async () => {
    const device = softwareAuthenticator(rp.origin);
    const { answer, expected } = await use(device, await stored(device), { type: 'webauthn.create' });
    await expect(verifyAssertion(answer, expected)).rejects.toMatchObject(refused);
  });

  it('is refused of a copy whose counter has fallen behind', async () => {
    const device = softwareAuthenticator(rp.origin);
    const first = await stored(device);
    const thief = device.copy();
    const mine = await use(device, first);
    const passkey = await verifyAssertion(mine.answer, mine.expected);
    const stolen = await use(thief, passkey);
    await expect(verifyAssertion(stolen.answer, stolen.expected)).rejects.toMatchObject(refused);
  });

  it('is refused for another person', async () => {
    const device = softwareAuthenticator(rp.origin);
    const userHandle = Buffer.from('mem_00000000000000000000000002').toString('base64url');
    const { answer, expected } = await use(device, await stored(device), { userHandle });
    await expect(verifyAssertion(answer, expected)).rejects.toMatchObject(refused);
  });

  it('is refused of a passkey that nobody has stored', async () => {
    const device = softwareAuthenticator(rp.origin);
    const { answer, expected } = await use(device, await stored(device));
    await expect(verifyAssertion(answer, { ...expected, passkeys: [] })).rejects.toMatchObject(refused);
  });

  it('is refused when the key is another', async () => {
    const device = softwareAuthenticator(rp.origin);
    const { publicKey } = await stored(softwareAuthenticator(rp.origin));
    const { answer, expected } = await use(device, { ...(await stored(device)), publicKey });
    await expect(verifyAssertion(answer, expected)).rejects.toMatchObject(refused);
  });

  it.each(['clientDataJSON', 'authenticatorData', 'signature'] as const)(
    'is refused with one changed bit in %s',
    async (part) => {
      const device = softwareAuthenticator(rp.origin);
      const { answer, expected } = await use(device, await stored(device));
      const bytes = Buffer.from(answer.response[part], 'base64url');
      const last = bytes.length - 1;
      bytes.writeUInt8(bytes.readUInt8(last) ^ 1, last);
      const response = { ...answer.response, [part]: bytes.toString('base64url') };
      const changed: PasskeyAssertion = { ...answer, response };
      await expect(verifyAssertion(changed, expected)).rejects.toMatchObject(refused);
    },
  );
});
