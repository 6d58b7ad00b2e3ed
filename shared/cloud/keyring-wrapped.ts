import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { sealBroken } from '../crypto/aead.ts';
import { KEY_BYTES, secretKey } from '../crypto/derived-key.ts';
import type { Kms } from './kms.ts';

/** Firestore gives bytes as a Buffer. */
export const Bytes = z.instanceof(Buffer);

/** A key as the keyring keeps it: wrapped by KMS twice, the second time for the day the first project is lost. */
export const WrappedKey = z.object({ wrapped: Bytes, recovery: Bytes, kekVersion: z.string() });
export type WrappedKey = z.infer<typeof WrappedKey>;

/** A fresh 256-bit key, wrapped by both KMS keys to its place. */
export async function wrapFreshKey(kms: Kms, place: Buffer): Promise<{ key: KeyObject; stored: WrappedKey }> {
  return wrapBytes(kms, randomBytes(KEY_BYTES), place);
}

/** The same key, out of one of its wraps, wrapped anew by the primary versions of both KMS keys. */
export async function rewrapKey(
  kms: Kms,
  stored: WrappedKey,
  place: Buffer,
  from: 'tenant' | 'recovery',
): Promise<WrappedKey> {
  const bytes = await kms.unwrap(from === 'tenant' ? stored.wrapped : stored.recovery, place, from);
  return (await wrapBytes(kms, bytes, place)).stored;
}

/** Zeroes the bytes. */
async function wrapBytes(
  kms: Kms,
  bytes: Buffer,
  place: Buffer,
): Promise<{ key: KeyObject; stored: WrappedKey }> {
  try {
    const [tenant, recovery] = await Promise.all([
      kms.wrap('tenant', bytes, place),
      kms.wrap('recovery', bytes, place),
    ]);
    return {
      key: createSecretKey(bytes),
      stored: { wrapped: tenant.ciphertext, recovery: recovery.ciphertext, kekVersion: tenant.version },
    };
  } finally {
    bytes.fill(0);
  }
}

export async function unwrapKey(
  kms: Kms,
  stored: Pick<WrappedKey, 'wrapped'>,
  place: Buffer,
): Promise<KeyObject> {
  return secretKey(await kms.unwrap(stored.wrapped, place));
}

/** A document of the keyring as its schema has it; `SEAL_BROKEN` when it is not what we wrote. */
export function readDocument<T>(schema: z.ZodType<T>, data: unknown): T {
  const parsed = schema.safeParse(data);
  if (!parsed.success) throw sealBroken();
  return parsed.data;
}
