import { type KeyObject, randomBytes } from 'node:crypto';
import { hashRaw } from '@node-rs/argon2';
import { open, seal } from '../crypto/aead.ts';
import { associatedData } from '../crypto/associated-data.ts';
import { secretKey } from '../crypto/derived-key.ts';
import { AppError } from '../domain/errors.ts';
import { totpStep } from '../factors/totp.ts';
import type { PasswordAndApp } from './staff-store.ts';

/** argon2id (the package's default), 19 MiB, two passes, one lane: OWASP's password storage cheat sheet. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 } as const;
const SALT_BYTES = 16;
const NOBODYS: Pick<PasswordAndApp, 'salt' | 'sealedSecret'> = {
  salt: Buffer.alloc(SALT_BYTES),
  sealedSecret: Buffer.alloc(0),
};

/** The key of a password: one hash of work. */
export type PasswordKey = (password: string, salt: Buffer) => Promise<KeyObject>;

/** Binds an app's secret to a password and a person. */
export async function sealToPassword(
  staffId: string,
  password: string,
  secret: Buffer,
  keyOf: PasswordKey,
): Promise<Pick<PasswordAndApp, 'salt' | 'sealedSecret'>> {
  const salt = randomBytes(SALT_BYTES);
  return { salt, sealedSecret: seal(await keyOf(password, salt), secret, placeOf(staffId)) };
}

/**
 * The time step of a code that is right under the right password; `undefined` otherwise, after the same work whether
 * there is such a person or not. Which of the two was wrong is told to nobody.
 */
export async function checkPasswordAndApp(
  staffId: string,
  stored: PasswordAndApp | null,
  shown: { password: string; code: string },
  { at, keyOf }: { at: number; keyOf: PasswordKey },
): Promise<number | undefined> {
  const { salt, sealedSecret } = stored ?? NOBODYS;
  const key = await keyOf(shown.password, salt);
  try {
    const secret = open(key, sealedSecret, placeOf(staffId));
    return totpStep(secret, shown.code, stored?.lastStep ?? 0, at);
  } catch (error) {
    if (error instanceof AppError && error.code === 'SEAL_BROKEN') return undefined;
    throw error;
  }
}

export const passwordKey: PasswordKey = async (password, salt) =>
  secretKey(await hashRaw(password.normalize('NFKC'), { ...COST, salt }));

function placeOf(staffId: string): Buffer {
  return associatedData('strongroom/staff-totp/v1', [staffId]);
}
