import type { protos } from '@google-cloud/kms';
import { describe, expect, it } from 'vitest';
import {
  createKey,
  DAY,
  handClock,
  HOUR,
  KEY,
  LOCATION,
  openKms,
  openKmsWithKey,
  refusal,
  RING,
  SIGNING,
  START,
  version,
} from './kms-fixture.ts';

function seconds(millis: number): { seconds: number } {
  return { seconds: millis / 1000 };
}

function millis(time: protos.google.protobuf.ITimestamp | null | undefined): number {
  return Number(time?.seconds) * 1000;
}

describe('key rings', () => {
  it('are made once, read and listed', async () => {
    const clock = handClock();
    const { client } = await openKms({ now: clock.now });
    const creation = { parent: LOCATION, keyRingId: 'ring', keyRing: {} };
    const [ring] = await client.createKeyRing(creation);
    expect(ring.name).toBe(RING);
    expect(millis(ring.createTime)).toBe(START);
    expect(await refusal(client.createKeyRing(creation))).toBe('ALREADY_EXISTS');
    expect((await client.getKeyRing({ name: RING }))[0].name).toBe(RING);
    expect((await client.listKeyRings({ parent: LOCATION }))[0].map((each) => each.name)).toEqual([RING]);
    expect((await client.listKeyRings({ parent: 'projects/other/locations/global' }))[0]).toEqual([]);
  });

  it('are refused when they are not there, and when a name or an id is not valid', async () => {
    const { client } = await openKms();
    expect(await refusal(client.getKeyRing({ name: RING }))).toBe('NOT_FOUND');
    expect(await refusal(client.getKeyRing({ name: `${LOCATION}/keyRings/a/b` }))).toBe('INVALID_ARGUMENT');
    const creation = client.createKeyRing({ parent: LOCATION, keyRingId: 'no spaces', keyRing: {} });
    expect(await refusal(creation)).toBe('INVALID_ARGUMENT');
  });
});

describe('crypto keys', () => {
  it('that encrypt have a first version that is primary; those that sign have no primary', async () => {
    const { client } = await openKms();
    await createKey(client, 'key');
    const signing = await createKey(client, 'signing', SIGNING);
    const [key] = await client.getCryptoKey({ name: KEY });
    expect(key).toMatchObject({
      name: KEY,
      purpose: 'ENCRYPT_DECRYPT',
      versionTemplate: { algorithm: 'GOOGLE_SYMMETRIC_ENCRYPTION', protectionLevel: 'SOFTWARE' },
      primary: { name: version(1), state: 'ENABLED' },
    });
    const [other] = await client.getCryptoKey({ name: signing });
    expect(other).toMatchObject({ purpose: 'ASYMMETRIC_SIGN', primary: null });
  });

  it('keep their rotation, their labels and how long a destruction waits', async () => {
    const clock = handClock();
    const { client } = await openKmsWithKey(
      { now: clock.now },
      {
        rotationPeriod: seconds(90 * DAY),
        nextRotationTime: seconds(START + 90 * DAY),
        destroyScheduledDuration: seconds(DAY),
        labels: { team: 'keys' },
      },
    );
    const [key] = await client.getCryptoKey({ name: KEY });
    expect(Number(key.rotationPeriod?.seconds)).toBe((90 * DAY) / 1000);
    expect(millis(key.nextRotationTime)).toBe(START + 90 * DAY);
    expect(Number(key.destroyScheduledDuration?.seconds)).toBe(DAY / 1000);
    expect(key.labels).toEqual({ team: 'keys' });
  });

  it('wait 30 days with a destruction when nothing is said', async () => {
    const { client } = await openKmsWithKey();
    const [key] = await client.getCryptoKey({ name: KEY });
    expect(Number(key.destroyScheduledDuration?.seconds)).toBe((30 * DAY) / 1000);
  });

  const soon = seconds(START + DAY);
  it.each<[string, string, protos.google.cloud.kms.v1.ICryptoKey]>([
    ['no purpose', 'INVALID_ARGUMENT', { purpose: 'CRYPTO_KEY_PURPOSE_UNSPECIFIED' }],
    ['a purpose that is not offered', 'UNIMPLEMENTED', { purpose: 'MAC' }],
    ['an algorithm of another purpose', 'INVALID_ARGUMENT', { ...SIGNING, purpose: 'ENCRYPT_DECRYPT' }],
    ['signing without an algorithm', 'INVALID_ARGUMENT', { purpose: 'ASYMMETRIC_SIGN' }],
    [
      'an algorithm that is not offered',
      'UNIMPLEMENTED',
      { ...SIGNING, versionTemplate: { algorithm: 'EC_SIGN_ED25519' } },
    ],
    [
      'a protection level that is not offered',
      'UNIMPLEMENTED',
      { versionTemplate: { protectionLevel: 'EXTERNAL' } },
    ],
    [
      'a rotation faster than once a day',
      'INVALID_ARGUMENT',
      { rotationPeriod: seconds(23 * HOUR), nextRotationTime: soon },
    ],
    ['material from elsewhere', 'UNIMPLEMENTED', { importOnly: true }],
    ['a rotation without its first time', 'INVALID_ARGUMENT', { rotationPeriod: seconds(DAY) }],
    ['a first rotation in the past', 'INVALID_ARGUMENT', { nextRotationTime: seconds(START) }],
    [
      'a rotation of a key that signs',
      'INVALID_ARGUMENT',
      { ...SIGNING, rotationPeriod: seconds(DAY), nextRotationTime: soon },
    ],
    [
      'a destruction after less than 24 hours',
      'INVALID_ARGUMENT',
      { destroyScheduledDuration: seconds(23 * HOUR) },
    ],
  ])('are refused with %s', async (_, answer, settings) => {
    const clock = handClock();
    const { client } = await openKms({ now: clock.now });
    expect(await refusal(createKey(client, 'key', settings))).toBe(answer);
  });

  it('are refused in a key ring that is not there, and when they exist already', async () => {
    const { client } = await openKmsWithKey();
    const cryptoKey = { purpose: 'ENCRYPT_DECRYPT' } as const;
    const elsewhere = client.createCryptoKey({ parent: `${RING}2`, cryptoKeyId: 'key', cryptoKey });
    expect(await refusal(elsewhere)).toBe('NOT_FOUND');
    expect(await refusal(createKey(client, 'key'))).toBe('ALREADY_EXISTS');
    expect(await refusal(client.getCryptoKey({ name: `${KEY}2` }))).toBe('NOT_FOUND');
  });

  it('are listed by key ring, page by page', async () => {
    const { client } = await openKms();
    for (const id of ['b', 'a', 'c']) await createKey(client, id);
    const options = { autoPaginate: false };
    const [first, next, answer] = await client.listCryptoKeys({ parent: RING, pageSize: 2 }, options);
    expect(first.map((key) => key.name)).toEqual([`${RING}/cryptoKeys/a`, `${RING}/cryptoKeys/b`]);
    expect(answer.totalSize).toBe(3);
    const [second, end] = await client.listCryptoKeys({ ...next, parent: RING }, options);
    expect(second.map((key) => key.name)).toEqual([`${RING}/cryptoKeys/c`]);
    expect(end).toBeNull();
    expect(await refusal(client.listCryptoKeys({ parent: RING, pageToken: 'x' }))).toBe('INVALID_ARGUMENT');
    expect(await refusal(client.listCryptoKeys({ parent: RING, filter: 'x' }))).toBe('UNIMPLEMENTED');
    expect(await refusal(client.listCryptoKeys({ parent: `${RING}2` }))).toBe('NOT_FOUND');
  });

  it('encrypt with the version that was made primary, and refuse while there is none or it is disabled', async () => {
    const { client } = await openKms();
    await client.createKeyRing({ parent: LOCATION, keyRingId: 'ring', keyRing: {} });
    await client.createCryptoKey({
      parent: RING,
      cryptoKeyId: 'key',
      cryptoKey: { purpose: 'ENCRYPT_DECRYPT' },
      skipInitialVersionCreation: true,
    });
    const encrypt = () => client.encrypt({ name: KEY, plaintext: Buffer.from('x') });
    expect(await refusal(encrypt())).toBe('FAILED_PRECONDITION');
    await client.createCryptoKeyVersion({ parent: KEY, cryptoKeyVersion: {} });
    const [key] = await client.updateCryptoKeyPrimaryVersion({ name: KEY, cryptoKeyVersionId: '1' });
    expect(key.primary?.name).toBe(version(1));
    expect((await encrypt())[0].name).toBe(version(1));
    await client.updateCryptoKeyVersion({
      cryptoKeyVersion: { name: version(1), state: 'DISABLED' },
      updateMask: { paths: ['state'] },
    });
    expect(await refusal(encrypt())).toBe('FAILED_PRECONDITION');
  });

  it('refuse a primary version that is not there, that is no number, or of a key that signs', async () => {
    const { client } = await openKmsWithKey();
    const signing = await createKey(client, 'signing', SIGNING);
    const answers = [
      client.updateCryptoKeyPrimaryVersion({ name: KEY, cryptoKeyVersionId: '2' }),
      client.updateCryptoKeyPrimaryVersion({ name: KEY, cryptoKeyVersionId: 'one' }),
      client.updateCryptoKeyPrimaryVersion({ name: signing, cryptoKeyVersionId: '1' }),
    ].map(refusal);
    expect(await Promise.all(answers)).toEqual(['NOT_FOUND', 'INVALID_ARGUMENT', 'FAILED_PRECONDITION']);
  });

  it('rotate by themselves each time their period has passed, and still open what they sealed before', async () => {
    const clock = handClock();
    const { client } = await openKmsWithKey(
      { now: clock.now },
      { rotationPeriod: seconds(90 * DAY), nextRotationTime: seconds(START + 90 * DAY) },
    );
    const [sealed] = await client.encrypt({ name: KEY, plaintext: Buffer.from('x') });
    clock.advance(90 * DAY - 1);
    expect((await client.getCryptoKey({ name: KEY }))[0].primary?.name).toBe(version(1));
    clock.advance(1);
    expect((await client.encrypt({ name: KEY, plaintext: Buffer.from('x') }))[0].name).toBe(version(2));
    clock.advance(180 * DAY);
    const [key] = await client.getCryptoKey({ name: KEY });
    expect(key.primary?.name).toBe(version(4));
    expect(millis(key.primary?.createTime)).toBe(START + 270 * DAY);
    expect(millis(key.nextRotationTime)).toBe(START + 360 * DAY);
    const [opened] = await client.decrypt({ name: KEY, ciphertext: sealed.ciphertext as Uint8Array });
    expect(opened.usedPrimary).toBe(false);
  });

  it('rotate once when only a time is set, and never again', async () => {
    const clock = handClock();
    const settings = { nextRotationTime: seconds(START + DAY) };
    const { client } = await openKmsWithKey({ now: clock.now }, settings);
    clock.advance(1000 * DAY);
    const [key] = await client.getCryptoKey({ name: KEY });
    expect(key).toMatchObject({ primary: { name: version(2) }, nextRotationTime: null });
  });
});
