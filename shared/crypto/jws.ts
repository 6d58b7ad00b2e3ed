import { createHash, createPublicKey, type JsonWebKey } from 'node:crypto';
import { derToJose } from 'ecdsa-sig-formatter';
import { calculateJwkThumbprint } from 'jose';
import { AppError } from '../domain/errors.ts';

/** The public half of a signing key, as `/.well-known/jwks.json` shows it. */
export interface PublicJwk {
  kty: 'EC';
  crv: 'P-256';
  x: string;
  y: string;
  /** RFC 7638 thumbprint. */
  kid: string;
  alg: 'ES256';
  use: 'sig';
}

/**
 * A compact JWS (RFC 7515) by ES256. `signDigest` gets the SHA-256 of the signing input and answers with an ECDSA
 * signature in DER, as KMS gives it.
 */
export async function signJws(
  statement: { typ: string; kid: string; payload: object },
  signDigest: (digest: Buffer) => Promise<Buffer>,
): Promise<string> {
  const { typ, kid, payload } = statement;
  const input = `${base64urlJson({ alg: 'ES256', typ, kid })}.${base64urlJson(payload)}`;
  const signature = await signDigest(createHash('sha256').update(input).digest());
  return `${input}.${joseSignature(signature)}`;
}

/** A P-256 public key in PEM as a JWK, or `INTERNAL` when it is another kind of key. */
export async function publicJwk(pem: string): Promise<PublicJwk> {
  const { kty, crv, x, y } = exportedJwk(pem);
  if (kty !== 'EC' || crv !== 'P-256' || x === undefined || y === undefined) throw notP256();
  const kid = await calculateJwkThumbprint({ kty, crv, x, y });
  return { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' };
}

function exportedJwk(pem: string): JsonWebKey {
  try {
    return createPublicKey(pem).export({ format: 'jwk' });
  } catch {
    throw notP256();
  }
}

/** DER to the two 32-byte numbers of RFC 7518, 3.4. */
function joseSignature(der: Buffer): string {
  try {
    return derToJose(der, 'ES256');
  } catch {
    throw new AppError('INTERNAL', 'the signer did not answer with an ECDSA signature');
  }
}

function notP256(): AppError {
  return new AppError('INTERNAL', 'the signing key is not an EC key on P-256');
}

function base64urlJson(value: object): string {
  return Buffer.from(JSON.stringify(value), 'utf8').toString('base64url');
}
