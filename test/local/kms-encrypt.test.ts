import { Crc32c } from '@aws-crypto/crc32c';
import type { KeyManagementServiceClient } from '@google-cloud/kms';
import { describe, expect, it } from 'vitest';
import { createKey, KEY, openKmsWithKey, refusal, SIGNING, version } from './kms-fixture.ts';

const PLAINTEXT = Buffer.from('a company key');
const AAD = Buffer.from('its place');
const KIB = 1024;

function crc(bytes: Uint8Array): { value: number } {
  return { value: new Crc32c().update(bytes).digest() };
}

async function encrypted(client: KeyManagementServiceClient, name = KEY): Promise<Buffer> {
  const [answer] = await client.encrypt({ name, plaintext: PLAINTEXT, additionalAuthenticatedData: AAD });
  return Buffer.from(answer.ciphertext as Uint8Array);
}

async function decrypted(client: KeyManagementServiceClient, ciphertext: Buffer, aad = AAD): Promise<Buffer> {
  const [answer] = await client.decrypt({ name: KEY, ciphertext, additionalAuthenticatedData: aad });
  return Buffer.from(answer.plaintext as Uint8Array);
}

describe('encrypting', () => {
  it('opens what it sealed, empty bytes and 64 KiB of both included', async () => {
    const { client } = await openKmsWithKey();
    for (const [plaintext, aad] of [
      [PLAINTEXT, AAD],
      [Buffer.alloc(0), Buffer.alloc(0)],
      [Buffer.alloc(64 * KIB, 1), Buffer.alloc(64 * KIB, 2)],
    ] as const) {
      const [sealed] = await client.encrypt({ name: KEY, plaintext, additionalAuthenticatedData: aad });
      expect(await decrypted(client, Buffer.from(sealed.ciphertext as Uint8Array), aad)).toEqual(plaintext);
    }
  });

  it('names the version that it used and says that the checksums were verified', async () => {
    const { client } = await openKmsWithKey();
    const [answer] = await client.encrypt({
      name: KEY,
      plaintext: PLAINTEXT,
      plaintextCrc32c: crc(PLAINTEXT),
      additionalAuthenticatedData: AAD,
      additionalAuthenticatedDataCrc32c: crc(AAD),
    });
    expect(answer).toMatchObject({
      name: version(1),
      verifiedPlaintextCrc32c: true,
      verifiedAdditionalAuthenticatedDataCrc32c: true,
      protectionLevel: 'SOFTWARE',
    });
  });

  it('does not claim to have verified a checksum that was never sent', async () => {
    const { client } = await openKmsWithKey();
    const [answer] = await client.encrypt({ name: KEY, plaintext: PLAINTEXT });
    expect(answer).toMatchObject({
      verifiedPlaintextCrc32c: false,
      verifiedAdditionalAuthenticatedDataCrc32c: false,
    });
  });

  it('puts the right checksums on its answers', async () => {
    const { client } = await openKmsWithKey();
    const [sealed] = await client.encrypt({ name: KEY, plaintext: PLAINTEXT });
    const ciphertext = sealed.ciphertext as Uint8Array;
    expect(Number(sealed.ciphertextCrc32c?.value)).toBe(crc(ciphertext).value);
    const [opened] = await client.decrypt({ name: KEY, ciphertext });
    expect(Number(opened.plaintextCrc32c?.value)).toBe(crc(PLAINTEXT).value);
    expect(opened.usedPrimary).toBe(true);
  });

  it.each(['plaintext', 'additionalAuthenticatedData'] as const)(
    'refuses to encrypt when the %s was changed on its way',
    async (field) => {
      const { client } = await openKmsWithKey();
      const request = { name: KEY, plaintext: PLAINTEXT, additionalAuthenticatedData: AAD };
      const call = client.encrypt({ ...request, [`${field}Crc32c`]: crc(Buffer.from('as it was sent')) });
      expect(await refusal(call)).toBe('INVALID_ARGUMENT');
    },
  );

  it.each(['ciphertext', 'additionalAuthenticatedData'] as const)(
    'refuses to decrypt when the %s was changed on its way',
    async (field) => {
      const { client } = await openKmsWithKey();
      const request = { name: KEY, ciphertext: await encrypted(client), additionalAuthenticatedData: AAD };
      const wrong = { ...request, [`${field}Crc32c`]: crc(Buffer.from('as it was sent')) };
      await expect(client.decrypt(wrong)).rejects.toThrow(/checksum/);
      const right = { ...request, [`${field}Crc32c`]: crc(request[field]) };
      expect(await refusal(client.decrypt(right))).toBe('OK');
    },
  );

  it('refuses a checksum of zero that is wrong, which is not the same as none', async () => {
    const { client } = await openKmsWithKey();
    const call = client.encrypt({ name: KEY, plaintext: PLAINTEXT, plaintextCrc32c: { value: 0 } });
    expect(await refusal(call)).toBe('INVALID_ARGUMENT');
  });

  it('refuses a plaintext and associated data of one byte more than 64 KiB', async () => {
    const { client } = await openKmsWithKey();
    const long = Buffer.alloc(64 * KIB + 1);
    const ciphertext = await encrypted(client);
    const calls = [
      client.encrypt({ name: KEY, plaintext: long }),
      client.encrypt({ name: KEY, plaintext: PLAINTEXT, additionalAuthenticatedData: long }),
      client.decrypt({ name: KEY, ciphertext, additionalAuthenticatedData: long }),
    ];
    expect(await Promise.all(calls.map(refusal))).toEqual(calls.map(() => 'INVALID_ARGUMENT'));
  });

  it('takes 8 KiB of plaintext and associated data together for a key in an HSM, and no more', async () => {
    const { client } = await openKmsWithKey({}, { versionTemplate: { protectionLevel: 'HSM' } });
    const half = Buffer.alloc(4 * KIB);
    const fits = client.encrypt({ name: KEY, plaintext: half, additionalAuthenticatedData: half });
    expect((await fits)[0].protectionLevel).toBe('HSM');
    const more = Buffer.alloc(4 * KIB + 1);
    const call = client.encrypt({ name: KEY, plaintext: half, additionalAuthenticatedData: more });
    expect(await refusal(call)).toBe('INVALID_ARGUMENT');
  });
});

describe('decrypting', () => {
  it('refuses a ciphertext with a bit changed anywhere, one cut short and one of nothing', async () => {
    const { client } = await openKmsWithKey();
    const ciphertext = await encrypted(client);
    const damaged = [...ciphertext.keys()].map((place) => {
      const copy = Buffer.from(ciphertext);
      copy.writeUInt8(copy.readUInt8(place) ^ 1, place);
      return copy;
    });
    const all = [...damaged, ciphertext.subarray(0, -1), Buffer.alloc(0)];
    const answers = await Promise.all(all.map((bytes) => decrypted(client, bytes).catch(String)));
    expect(new Set(answers)).toEqual(
      new Set(['Error: 3 INVALID_ARGUMENT: Decryption failed: the ciphertext is invalid.']),
    );
  });

  it('refuses other associated data than what was sealed with', async () => {
    const { client } = await openKmsWithKey();
    const ciphertext = await encrypted(client);
    await expect(decrypted(client, ciphertext, Buffer.from('another place'))).rejects.toThrow(
      'INVALID_ARGUMENT: Decryption failed: the ciphertext is invalid.',
    );
  });

  it('refuses the ciphertext of another key, even when its own version of that number is disabled', async () => {
    const { client } = await openKmsWithKey();
    const foreign = await encrypted(client, await createKey(client, 'other'));
    expect(await refusal(decrypted(client, foreign))).toBe('INVALID_ARGUMENT');
    await client.updateCryptoKeyVersion({
      cryptoKeyVersion: { name: version(1), state: 'DISABLED' },
      updateMask: { paths: ['state'] },
    });
    expect(await refusal(decrypted(client, foreign))).toBe('INVALID_ARGUMENT');
  });

  it('opens what an older version sealed by the name of the key, and says that it was not the primary', async () => {
    const { client } = await openKmsWithKey();
    const old = await encrypted(client);
    await client.createCryptoKeyVersion({ parent: KEY, cryptoKeyVersion: {} });
    await client.updateCryptoKeyPrimaryVersion({ name: KEY, cryptoKeyVersionId: '2' });
    const [answer] = await client.decrypt({ name: KEY, ciphertext: old, additionalAuthenticatedData: AAD });
    expect(answer.usedPrimary).toBe(false);
    expect(Buffer.from(answer.plaintext as Uint8Array)).toEqual(PLAINTEXT);
  });

  it('seals with a version that is named instead of the key', async () => {
    const { client } = await openKmsWithKey();
    await client.createCryptoKeyVersion({ parent: KEY, cryptoKeyVersion: {} });
    const [answer] = await client.encrypt({ name: version(2), plaintext: PLAINTEXT });
    expect(answer.name).toBe(version(2));
  });

  it('refuses keys that are not there, names that are none, and keys that sign', async () => {
    const { client } = await openKmsWithKey();
    const signing = await createKey(client, 'signing', SIGNING);
    const ciphertext = await encrypted(client);
    const answers = [
      client.encrypt({ name: `${KEY}-none`, plaintext: PLAINTEXT }),
      client.encrypt({ name: version(2), plaintext: PLAINTEXT }),
      client.decrypt({ name: `${KEY}-none`, ciphertext }),
      client.decrypt({ name: version(1), ciphertext }),
      client.encrypt({ name: version(1, signing), plaintext: PLAINTEXT }),
      client.decrypt({ name: signing, ciphertext }),
    ].map(refusal);
    expect(await Promise.all(answers)).toEqual([
      'NOT_FOUND',
      'NOT_FOUND',
      'NOT_FOUND',
      'INVALID_ARGUMENT',
      'FAILED_PRECONDITION',
      'FAILED_PRECONDITION',
    ]);
  });
});
