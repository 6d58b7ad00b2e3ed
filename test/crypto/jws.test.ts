import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { calculateJwkThumbprint, compactVerify, createLocalJWKSet, decodeProtectedHeader } from 'jose';
import { describe, expect, it } from 'vitest';
import { signDigest } from '../../local/kms/ecdsa.ts';
import { publicJwk, signJws } from '../../shared/crypto/jws.ts';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = pemOf(publicKey);
const signer = (digest: Buffer) => Promise.resolve(signDigest(digest, privateKey));

describe('a signed statement', () => {
  it('is verified by the published keys, whatever it says', async () => {
    const jwk = await publicJwk(pem);
    const keys = createLocalJWKSet({ keys: [jwk] });
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.string({ unit: 'grapheme' })), async (payload) => {
        const jws = await signJws({ typ: 'test+jwt', kid: jwk.kid, payload }, signer);
        const verified = await compactVerify(jws, keys);
        expect(verified.payload).toEqual(new Uint8Array(Buffer.from(JSON.stringify(payload))));
      }),
    );
  });

  it('names its type, its key and ES256', async () => {
    const jws = await signJws({ typ: 'test+jwt', kid: 'key-1', payload: { a: 1 } }, signer);
    expect(decodeProtectedHeader(jws)).toEqual({ alg: 'ES256', typ: 'test+jwt', kid: 'key-1' });
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['64 bytes that are not DER', Buffer.alloc(64, 0x30)],
    ['DER with more behind it', Buffer.concat([signDigest(Buffer.alloc(32), privateKey), Buffer.alloc(1)])],
  ])('is not made when the signer answers with %s', async (_name, answer) => {
    await expect(
      signJws({ typ: 'test+jwt', kid: 'key-1', payload: {} }, () => Promise.resolve(answer)),
    ).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe('a public key', () => {
  it('has the coordinates of the key, and its RFC 7638 thumbprint as its id', async () => {
    const jwk = await publicJwk(pem);
    const { x, y } = publicKey.export({ format: 'jwk' });
    expect(jwk).toMatchObject({ kty: 'EC', crv: 'P-256', x, y, alg: 'ES256', use: 'sig' });
    expect(jwk.kid).toBe(
      await calculateJwkThumbprint(publicKey.export({ format: 'jwk' }) as { kty: string }),
    );
    expect(Object.keys(jwk).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  });

  it.each([
    ['no key at all', 'not a key'],
    ['a key on another curve', pemOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey)],
    ['an RSA key', pemOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey)],
  ])('is refused when it is %s', async (_name, wrong) => {
    await expect(publicJwk(wrong)).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

function pemOf(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'spki' }).toString();
}
