import { createHash, createPublicKey, verify } from 'node:crypto';
import { Crc32c } from '@aws-crypto/crc32c';
import { describe, expect, it } from 'vitest';
import { createKey, KEY, openKms, openKmsWithKey, refusal, SIGNING, version } from './kms-fixture.ts';

const DATA = Buffer.from('a root of the log');
const DIGEST = createHash('sha256').update(DATA).digest();

function crc(bytes: Uint8Array): { value: number } {
  return { value: new Crc32c().update(bytes).digest() };
}

async function openSigning() {
  const { client } = await openKmsWithKey({}, SIGNING);
  const [publicKey] = await client.getPublicKey({ name: version(1) });
  return { client, publicKey, pem: publicKey.pem ?? '' };
}

describe('signing', () => {
  it('makes signatures that the public key verifies, from a digest and from data alike', async () => {
    const { client, pem } = await openSigning();
    for (let round = 0; round < 25; round += 1) {
      const [ofDigest] = await client.asymmetricSign({ name: version(1), digest: { sha256: DIGEST } });
      const [ofData] = await client.asymmetricSign({ name: version(1), data: DATA });
      expect(verify('sha256', DATA, pem, ofDigest.signature as Uint8Array)).toBe(true);
      expect(verify('sha256', DATA, pem, ofData.signature as Uint8Array)).toBe(true);
      expect(verify('sha256', Buffer.from('another'), pem, ofData.signature as Uint8Array)).toBe(false);
    }
  });

  it('names the version, says that the checksum was verified and puts its own on the signature', async () => {
    const { client } = await openSigning();
    const [answer] = await client.asymmetricSign({
      name: version(1),
      digest: { sha256: DIGEST },
      digestCrc32c: crc(DIGEST),
    });
    expect(answer).toMatchObject({
      name: version(1),
      verifiedDigestCrc32c: true,
      verifiedDataCrc32c: false,
    });
    expect(Number(answer.signatureCrc32c?.value)).toBe(crc(answer.signature as Uint8Array).value);
    const [ofData] = await client.asymmetricSign({ name: version(1), data: DATA, dataCrc32c: crc(DATA) });
    expect(ofData).toMatchObject({ verifiedDigestCrc32c: false, verifiedDataCrc32c: true });
  });

  it('refuses a digest and data that were changed on their way', async () => {
    const { client } = await openSigning();
    const name = version(1);
    const wrong = crc(Buffer.from('as it was sent'));
    const ofDigest = client.asymmetricSign({ name, digest: { sha256: DIGEST }, digestCrc32c: wrong });
    const ofData = client.asymmetricSign({ name, data: DATA, dataCrc32c: wrong });
    expect(await refusal(ofDigest)).toBe('INVALID_ARGUMENT');
    expect(await refusal(ofData)).toBe('INVALID_ARGUMENT');
  });

  it('refuses a digest of another hash or length, both or none of digest and data, and data over 64 KiB', async () => {
    const { client } = await openSigning();
    const name = version(1);
    const calls = [
      client.asymmetricSign({ name, digest: { sha384: Buffer.alloc(48) } }),
      client.asymmetricSign({ name, digest: { sha256: DIGEST.subarray(1) } }),
      client.asymmetricSign({ name, digest: { sha256: DIGEST }, data: DATA }),
      client.asymmetricSign({ name }),
      client.asymmetricSign({ name, data: Buffer.alloc(64 * 1024 + 1) }),
    ];
    expect(await Promise.all(calls.map(refusal))).toEqual(calls.map(() => 'INVALID_ARGUMENT'));
  });

  it('shows the public key as PEM with its checksum, its version and its algorithm', async () => {
    const { publicKey, pem } = await openSigning();
    expect(publicKey).toMatchObject({ name: version(1), algorithm: 'EC_SIGN_P256_SHA256' });
    expect(Number(publicKey.pemCrc32c?.value)).toBe(crc(Buffer.from(pem)).value);
    expect(createPublicKey(pem).asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  });

  it('shows the public key in the format that is asked for', async () => {
    const { client, pem } = await openSigning();
    const [asPem] = await client.getPublicKey({ name: version(1), publicKeyFormat: 'PEM' });
    const [asDer] = await client.getPublicKey({ name: version(1), publicKeyFormat: 'DER' });
    expect(Buffer.from(asPem.publicKey?.data as Uint8Array).toString()).toBe(pem);
    const der = Buffer.from(asDer.publicKey?.data as Uint8Array);
    expect(der).toEqual(createPublicKey(pem).export({ type: 'spki', format: 'der' }));
    expect(Number(asDer.publicKey?.crc32cChecksum?.value)).toBe(crc(der).value);
    const unknown = client.getPublicKey({ name: version(1), publicKeyFormat: 'NIST_PQC' });
    expect(await refusal(unknown)).toBe('UNIMPLEMENTED');
  });

  it('neither signs nor shows a public key for versions that are disabled, absent or made to encrypt', async () => {
    const { client } = await openSigning();
    const encrypting = version(1, await createKey(client, 'encrypting'));
    await client.createCryptoKeyVersion({ parent: KEY, cryptoKeyVersion: {} });
    const cryptoKeyVersion = { name: version(2), state: 'DISABLED' } as const;
    await client.updateCryptoKeyVersion({ cryptoKeyVersion, updateMask: { paths: ['state'] } });
    const answersFor = (name: string) =>
      Promise.all([
        refusal(client.asymmetricSign({ name, digest: { sha256: DIGEST } })),
        refusal(client.getPublicKey({ name })),
      ]);
    expect(await answersFor(version(2))).toEqual(['FAILED_PRECONDITION', 'FAILED_PRECONDITION']);
    expect(await answersFor(version(3))).toEqual(['NOT_FOUND', 'NOT_FOUND']);
    expect(await answersFor(encrypting)).toEqual(['FAILED_PRECONDITION', 'FAILED_PRECONDITION']);
    expect(await answersFor(KEY)).toEqual(['INVALID_ARGUMENT', 'INVALID_ARGUMENT']);
  });

  it('gives every version a key pair of its own', async () => {
    const { client } = await openKms();
    const key = await createKey(client, 'signing', SIGNING);
    await client.createCryptoKeyVersion({ parent: key, cryptoKeyVersion: {} });
    const [first] = await client.getPublicKey({ name: version(1, key) });
    const [second] = await client.getPublicKey({ name: version(2, key) });
    expect(first.pem).not.toBe(second.pem);
  });
});
