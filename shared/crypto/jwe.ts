import { createPublicKey } from 'node:crypto';
import { CompactEncrypt } from 'jose';
import { badFields } from '../domain/errors.ts';
import type { PublicKey } from '../domain/support.ts';

/** `BAD_REQUEST` unless the numbers are a point of P-256: an off-curve point gives its sender our ephemeral key's bits. */
export function requirePoint(publicKey: PublicKey): void {
  try {
    createPublicKey({ key: { ...publicKey }, format: 'jwk' });
  } catch {
    throw badFields({ path: 'publicKey', message: 'not a point of P-256' });
  }
}

/**
 * Compact JWE (RFC 7516) for the holder of one private key: ECDH-ES with a fresh key pair of ours, A256GCM. `typ` says
 * what is inside, `kid` for which request it is.
 */
export async function encryptFor(
  publicKey: PublicKey,
  header: { typ: string; kid: string },
  content: object,
): Promise<string> {
  const key = createPublicKey({ key: { ...publicKey }, format: 'jwk' });
  return new CompactEncrypt(Buffer.from(JSON.stringify(content), 'utf8'))
    .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', ...header })
    .encrypt(key);
}
