import { AppError } from '../domain/errors.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { type PasskeyAssertion, type RelyingParty, verifyAssertion } from './passkeys.ts';
import { spendRecoveryCode } from './recovery-codes.ts';
import type { StoredFactors } from './stored-factors.ts';
import { totpStep } from './totp.ts';

/** What a person shows. A passkey's challenge was spent before; without one that could be, nothing proves anything. */
export type FactorProof =
  | { type: 'totp'; code: string }
  | { type: 'recovery_code'; code: string }
  | { type: 'passkey'; assertion: PasskeyAssertion; challenge: string | undefined };

export type FactorMethod = FactorProof['type'];

/** Whichever it is, `factors` is to be stored. `exhausted`: the session in which this was the last try is to end. */
export type FactorOutcome =
  | { accepted: true; factors: StoredFactors }
  | { accepted: false; factors: StoredFactors; exhausted: boolean };

/** After so many wrong answers in a row a pause follows, and each pause is twice the one before. */
const TRIES = 5;
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 24 * 60 * 60_000;

/**
 * Checks a second factor and answers what is to be stored in the same transaction: a used time step, a spent code, a
 * passkey's counter, or one more miss. During a pause `TOO_MANY_REQUESTS`, whatever the code: of a million codes a
 * thief of the password gets to try some sixty on the first day and five on every other. Passkeys and recovery codes
 * can not be guessed and are not paused, so that the thief does not lock the owner out.
 */
export async function checkFactor(
  stored: StoredFactors,
  proof: FactorProof,
  context: { userId: string; rp: RelyingParty; openSecret: (sealed: Buffer) => Promise<Buffer>; now: Clock },
): Promise<FactorOutcome> {
  if (proof.type === 'totp') requireNoPause(stored, context.now);
  const factors = await proven(stored, proof, context);
  if (factors === undefined) return missed(stored, context.now);
  return { accepted: true, factors: { ...factors, misses: { count: 0, blockedUntil: null } } };
}

/** Seconds until codes are looked at again, for `Retry-After`; 0 when they are. */
export function pauseSeconds({ misses }: StoredFactors, now: Clock): number {
  if (misses.blockedUntil === null) return 0;
  return Math.max(0, Math.ceil((Date.parse(misses.blockedUntil) - now()) / 1000));
}

function requireNoPause(stored: StoredFactors, now: Clock): void {
  const retryAfter = pauseSeconds(stored, now);
  if (retryAfter > 0) throw new AppError('TOO_MANY_REQUESTS', 'too many wrong codes', { retryAfter });
}

async function proven(
  stored: StoredFactors,
  proof: FactorProof,
  context: Parameters<typeof checkFactor>[2],
): Promise<StoredFactors | undefined> {
  const { userId, rp, openSecret, now } = context;
  if (proof.type === 'recovery_code') {
    const recoveryCodes = spendRecoveryCode(stored.recoveryCodes, proof.code);
    return recoveryCodes && { ...stored, recoveryCodes };
  }
  const lastUsedAt = timestamp(now);
  if (proof.type === 'totp') {
    const { totp } = stored;
    if (totp === null) return undefined;
    const lastStep = totpStep(await openSecret(totp.secret), proof.code, totp.lastStep, now());
    return lastStep === undefined ? undefined : { ...stored, totp: { ...totp, lastStep, lastUsedAt } };
  }
  const { assertion, challenge } = proof;
  if (challenge === undefined) return undefined;
  const used = await verifyAssertion(assertion, { rp, challenge, userId, passkeys: stored.passkeys }).catch(
    (error: unknown) => {
      if (error instanceof AppError && error.code === 'FACTOR_REFUSED') return undefined;
      throw error;
    },
  );
  if (used === undefined) return undefined;
  const passkeys = stored.passkeys.map((each) => (each.id === used.id ? { ...used, lastUsedAt } : each));
  return { ...stored, passkeys };
}

function missed(stored: StoredFactors, now: Clock): FactorOutcome {
  const count = stored.misses.count + 1;
  const exhausted = count % TRIES === 0;
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (Math.floor(count / TRIES) - 1), LONGEST_PAUSE_MS);
  const blockedUntil = exhausted ? timestamp(() => now() + pause) : stored.misses.blockedUntil;
  return { accepted: false, factors: { ...stored, misses: { count, blockedUntil } }, exhausted };
}
