import { z } from 'zod';
import { idSchema } from '../domain/ids.ts';

const Bytes = z.instanceof(Buffer);
const Time = z.string();

export const StoredTotp = z.object({
  id: idSchema('totp'),
  /** Sealed by whoever stores it. */
  secret: Bytes,
  /** The last time step whose code was accepted. */
  lastStep: z.int(),
  createdAt: Time,
  lastUsedAt: Time.nullable(),
});
export type StoredTotp = z.infer<typeof StoredTotp>;

export const StoredPasskey = z.object({
  id: idSchema('passkey'),
  name: z.string(),
  credentialId: z.string(),
  /** COSE. */
  publicKey: Bytes,
  counter: z.int(),
  transports: z.array(z.string()),
  backedUp: z.boolean(),
  createdAt: Time,
  lastUsedAt: Time.nullable(),
});
export type StoredPasskey = z.infer<typeof StoredPasskey>;

/** The second factors of one person, as they stand in the person's document. */
export const StoredFactors = z.object({
  totp: StoredTotp.nullable(),
  /** A secret that was shown and waits for its first code. */
  pendingTotp: z.object({ id: idSchema('totp'), secret: Bytes, expiresAt: Time }).nullable(),
  passkeys: z.array(StoredPasskey),
  /** Hashes of the codes that are left. */
  recoveryCodes: z.array(z.string()),
  /** Wrong answers since the last right one, and until when no more codes are looked at. */
  misses: z.object({ count: z.int(), blockedUntil: Time.nullable() }),
});
export type StoredFactors = z.infer<typeof StoredFactors>;

export const NO_FACTORS: StoredFactors = {
  totp: null,
  pendingTotp: null,
  passkeys: [],
  recoveryCodes: [],
  misses: { count: 0, blockedUntil: null },
};

/** What a person may see of a factor. */
export interface FactorView {
  id: string;
  type: 'totp' | 'passkey';
  name: string | null;
  createdAt: string;
  lastUsedAt: string | null;
}

export function listFactors({ totp, passkeys }: StoredFactors): FactorView[] {
  const seen = (
    type: FactorView['type'],
    name: string | null,
    factor: StoredTotp | StoredPasskey,
  ): FactorView => {
    const { id, createdAt, lastUsedAt } = factor;
    return { id, type, name, createdAt, lastUsedAt };
  };
  return [
    ...(totp === null ? [] : [seen('totp', null, totp)]),
    ...passkeys.map((passkey) => seen('passkey', passkey.name, passkey)),
  ];
}

/** Recovery codes alone are no factor: they stand in for one. */
export function hasFactor({ totp, passkeys }: StoredFactors): boolean {
  return totp !== null || passkeys.length > 0;
}

/** `undefined` when there is no factor of this id. With the last factor the recovery codes go too. */
export function withoutFactor(stored: StoredFactors, id: string): StoredFactors | undefined {
  if (!listFactors(stored).some((factor) => factor.id === id)) return undefined;
  const left = {
    ...stored,
    totp: stored.totp?.id === id ? null : stored.totp,
    passkeys: stored.passkeys.filter((passkey) => passkey.id !== id),
  };
  return hasFactor(left) ? left : { ...left, recoveryCodes: [] };
}
