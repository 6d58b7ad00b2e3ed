import { AppError } from '../domain/errors.ts';
import { randomId } from '../domain/ids.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { newRecoveryCodes } from './recovery-codes.ts';
import { hasFactor, type StoredFactors, type StoredPasskey } from './stored-factors.ts';
import { newTotpSecret, totpStep } from './totp.ts';

const PENDING_MS = 10 * 60_000;

/** What enrolling has made: the factors as they are to be stored, the new one's id, and codes to be shown once. */
export interface Enrolled {
  factors: StoredFactors;
  id: string;
  /** With a person's first factor come recovery codes. */
  recoveryCodes: string[] | null;
}

/** Seals and opens a TOTP secret to one person. */
export interface SecretBox {
  seal: (secret: Buffer) => Promise<Buffer>;
  open: (sealed: Buffer) => Promise<Buffer>;
}

/** A fresh secret, that counts from its first code on. Asking again replaces what was not confirmed. */
export async function beginTotp(
  stored: StoredFactors,
  { box, now }: { box: SecretBox; now: Clock },
): Promise<{ factors: StoredFactors; secret: Buffer }> {
  const secret = newTotpSecret();
  const pendingTotp = {
    id: randomId('totp'),
    secret: await box.seal(secret),
    expiresAt: timestamp(() => now() + PENDING_MS),
  };
  return { factors: { ...stored, pendingTotp }, secret };
}

/**
 * The pending secret becomes the person's authenticator app, in the place of an earlier one. `FACTOR_REFUSED` for a
 * wrong code, `CONFLICT` when nothing waits to be confirmed.
 */
export async function confirmTotp(
  stored: StoredFactors,
  code: string,
  { box, now }: { box: SecretBox; now: Clock },
): Promise<Enrolled> {
  const pending = stored.pendingTotp;
  if (pending === null || Date.parse(pending.expiresAt) <= now()) {
    throw new AppError('CONFLICT', 'no authenticator app waits to be confirmed');
  }
  const lastStep = totpStep(await box.open(pending.secret), code, 0, now());
  if (lastStep === undefined) throw new AppError('FACTOR_REFUSED');
  const { id, secret } = pending;
  const at = timestamp(now);
  const totp = { id, secret, lastStep, createdAt: at, lastUsedAt: at };
  return enrolled(stored, { ...stored, totp, pendingTotp: null }, id);
}

/** A passkey that `verifyCreation` has accepted becomes one of the person's. */
export function addPasskey(
  stored: StoredFactors,
  verified: Omit<StoredPasskey, 'id' | 'name' | 'createdAt' | 'lastUsedAt'>,
  name: string,
  now: Clock,
): Enrolled {
  const id = randomId('passkey');
  const passkey = { ...verified, id, name, createdAt: timestamp(now), lastUsedAt: null };
  return enrolled(stored, { ...stored, passkeys: [...stored.passkeys, passkey] }, id);
}

/** A new set of codes in the place of every earlier one. `CONFLICT` without a factor that they could stand in for. */
export function replaceRecoveryCodes(stored: StoredFactors): { factors: StoredFactors; codes: string[] } {
  if (!hasFactor(stored)) throw new AppError('CONFLICT', 'recovery codes stand in for a second factor');
  const { codes, hashes } = newRecoveryCodes();
  return { factors: { ...stored, recoveryCodes: hashes }, codes };
}

function enrolled(before: StoredFactors, after: StoredFactors, id: string): Enrolled {
  if (hasFactor(before)) return { factors: after, id, recoveryCodes: null };
  const { factors, codes } = replaceRecoveryCodes(after);
  return { factors, id, recoveryCodes: codes };
}
