import { createECDH, type KeyObject } from 'node:crypto';
import formatter from 'ecdsa-sig-formatter';

/** The order of P-256's base point (SP 800-186, 3.2.1.3). */
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/**
 * ECDSA on P-256 over a digest of 32 bytes, DER encoded (FIPS 186-5, 6.4.1). Node's own `sign` always hashes what it
 * is given, and a KMS is given the digest. The curve's arithmetic is OpenSSL's: a fresh ECDH pair is the secret
 * number k and the point kG. The rest is not constant in time, which is good enough on one machine only.
 */
export function signDigest(digest: Buffer, privateKey: KeyObject): Buffer {
  const pair = createECDH('prime256v1');
  const point = pair.generateKeys();
  const k = toNumber(pair.getPrivateKey());
  const d = toNumber(Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url'));
  const r = toNumber(point.subarray(1, 33)) % N;
  const s = (inverse(k) * (toNumber(digest) + r * d)) % N;
  if (r === 0n || s === 0n) return signDigest(digest, privateKey);
  return formatter.joseToDer(Buffer.concat([toBytes(r), toBytes(s)]), 'ES256');
}

function toNumber(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}

function toBytes(number: bigint): Buffer {
  return Buffer.from(number.toString(16).padStart(64, '0'), 'hex');
}

/** By Fermat: the order is prime. */
function inverse(number: bigint): bigint {
  let result = 1n;
  let square = number % N;
  for (let rest = N - 2n; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % N;
    square = (square * square) % N;
  }
  return result;
}
