import { z } from 'zod';

/** The two algorithms that the stand-in offers, each with the one purpose that it serves. */
export const PURPOSE_OF = {
  GOOGLE_SYMMETRIC_ENCRYPTION: 'ENCRYPT_DECRYPT',
  EC_SIGN_P256_SHA256: 'ASYMMETRIC_SIGN',
} as const;

export const Algorithm = z.enum(['GOOGLE_SYMMETRIC_ENCRYPTION', 'EC_SIGN_P256_SHA256']);
export type Algorithm = z.infer<typeof Algorithm>;

export const ProtectionLevel = z.enum(['SOFTWARE', 'HSM']);
export type ProtectionLevel = z.infer<typeof ProtectionLevel>;

/** Milliseconds since 1970, or a length in milliseconds. */
const Millis = z.int();

export const KeyVersion = z.strictObject({
  id: z.int().min(1),
  state: z.enum(['ENABLED', 'DISABLED', 'DESTROY_SCHEDULED', 'DESTROYED']),
  createTime: Millis,
  /** When the material will be destroyed; only while `DESTROY_SCHEDULED`. */
  destroyTime: Millis.nullable(),
  /** When the material was destroyed; only once `DESTROYED`. */
  destroyEventTime: Millis.nullable(),
  /** 32 bytes of AES key, or the EC private key as PKCS #8; `null` once destroyed. */
  material: z.base64().nullable(),
});
export type KeyVersion = Readonly<z.infer<typeof KeyVersion>>;

export const CryptoKey = z.strictObject({
  name: z.string(),
  algorithm: Algorithm,
  protectionLevel: ProtectionLevel,
  createTime: Millis,
  /** The number of the version that encrypts; `null` for keys that sign and for keys without a version. */
  primary: z.int().nullable(),
  rotationPeriod: Millis.nullable(),
  nextRotationTime: Millis.nullable(),
  destroyScheduledDuration: Millis,
  labels: z.record(z.string(), z.string()),
  versions: z.array(KeyVersion),
});
export type CryptoKey = Readonly<z.infer<typeof CryptoKey>>;

export const KeyRing = z.strictObject({ name: z.string(), createTime: Millis });
export type KeyRing = Readonly<z.infer<typeof KeyRing>>;

/** All that the stand-in knows, as it lies on disk. */
export const KeyFile = z.strictObject({
  format: z.literal(1),
  keyRings: z.array(KeyRing),
  cryptoKeys: z.array(CryptoKey),
});
export type KeyFile = z.infer<typeof KeyFile>;
