import { TOTP } from 'otpauth';
import { describe, expect, it } from 'vitest';
import { newTotpSecret, totpEnrolment, totpStep } from '../../shared/factors/totp.ts';

const STEP_MS = 30_000;
const AT = Date.UTC(2026, 10, 23, 9, 0, 10);
const STEP = Math.floor(AT / STEP_MS);

const codeOf = (secret: Buffer, at: number): string => {
  const { uri } = totpEnrolment(secret, 'person@test.example');
  // The app that scans the code knows nothing but the address.
  return new TOTP({ secret: new URL(uri).searchParams.get('secret') ?? '' }).generate({ timestamp: at });
};

describe('codes of an authenticator app', () => {
  // RFC 6238, appendix B, for SHA-1: the last six of its eight digits.
  it.each([
    [59, '287082'],
    [1111111109, '081804'],
    [1111111111, '050471'],
    [1234567890, '005924'],
    [2000000000, '279037'],
  ])('are those of RFC 6238 at %d', (seconds, code) => {
    const secret = Buffer.from('12345678901234567890', 'ascii');
    expect(totpStep(secret, code, 0, seconds * 1000)).toBe(Math.floor(seconds / 30));
  });

  it('are good for the step that it is, the one before and the one after', () => {
    const secret = newTotpSecret();
    for (const drift of [-1, 0, 1]) {
      expect(totpStep(secret, codeOf(secret, AT + drift * STEP_MS), 0, AT)).toBe(STEP + drift);
    }
  });

  it('are not good two steps away', () => {
    const secret = newTotpSecret();
    for (const drift of [-2, 2]) {
      expect(totpStep(secret, codeOf(secret, AT + drift * STEP_MS), 0, AT)).toBeUndefined();
    }
  });

  it('are good once, and none that is older is good after them', () => {
    const secret = newTotpSecret();
    expect(totpStep(secret, codeOf(secret, AT), STEP, AT)).toBeUndefined();
    expect(totpStep(secret, codeOf(secret, AT - STEP_MS), STEP, AT)).toBeUndefined();
    expect(totpStep(secret, codeOf(secret, AT + STEP_MS), STEP, AT)).toBe(STEP + 1);
  });

  it.each(['', '12345', '1234567', '12345a', '１２３４５６', ' 123456', '-12345', '1e5'])(
    'are six digits and nothing else: %j',
    (code) => {
      expect(totpStep(newTotpSecret(), code, 0, AT)).toBeUndefined();
    },
  );

  it('come from 160 random bits, never the same', () => {
    const secrets = Array.from({ length: 50 }, newTotpSecret);
    expect(new Set(secrets.map((secret) => secret.toString('hex'))).size).toBe(50);
    expect(secrets.every((secret) => secret.length === 20)).toBe(true);
  });
});
