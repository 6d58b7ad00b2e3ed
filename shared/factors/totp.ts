import { randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';

/** RFC 4226, section 4, R6: 160 bits. */
const SECRET_BYTES = 20;
/** What every authenticator app does without being told: RFC 6238 with SHA-1, on which HMAC rests well. */
const FORM = { algorithm: 'SHA1', digits: 6, period: 30 } as const;
/** One step to either side, for clocks that differ and for typing: RFC 6238, section 5.2. */
const WINDOW = 1;
const CODE = /^[0-9]{6}$/;

export function newTotpSecret(): Buffer {
  return randomBytes(SECRET_BYTES);
}

/** The secret as a person may type it (base 32) and as the `otpauth:` address that goes into a QR code. */
export function totpEnrolment(secret: Buffer, account: string): { secret: string; uri: string } {
  const totp = new TOTP({ issuer: 'Strongroom', label: account, secret: otpSecret(secret), ...FORM });
  return { secret: totp.secret.base32, uri: totp.toString() };
}

/**
 * The time step whose code this is, when it is later than the last one that was accepted: a code that was seen, or
 * one older than it, is worth nothing (RFC 6238, section 5.2). `undefined` for every other code.
 */
export function totpStep(secret: Buffer, code: string, lastStep: number, at: number): number | undefined {
  if (!CODE.test(code)) return undefined;
  const found = { token: code, secret: otpSecret(secret), timestamp: at, window: WINDOW };
  const delta = TOTP.validate({ ...found, ...FORM });
  if (delta === null) return undefined;
  const step = TOTP.counter({ period: FORM.period, timestamp: at }) + delta;
  return step > lastStep ? step : undefined;
}

function otpSecret(bytes: Buffer): Secret {
  return new Secret({ buffer: new Uint8Array(bytes).buffer });
}
