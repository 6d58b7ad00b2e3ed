import { TOTP } from 'otpauth';
import { describe, expect, it } from 'vitest';
import { checkFactor, type FactorProof, pauseSeconds } from '../../shared/factors/check-factor.ts';
import { beginTotp, confirmTotp } from '../../shared/factors/enrol.ts';
import {
  hasFactor,
  listFactors,
  NO_FACTORS,
  type StoredFactors,
  withoutFactor,
} from '../../shared/factors/stored-factors.ts';
import { totpEnrolment } from '../../shared/factors/totp.ts';

const DAY = 24 * 60 * 60;
const START = Date.UTC(2026, 10, 23, 9);
const rp = { id: 'hub.example', origin: 'https://hub.example' };

/** The seal here is none: what seals is the caller's. */
const box = {
  seal: (secret: Buffer) => Promise.resolve(secret),
  open: (sealed: Buffer) => Promise.resolve(sealed),
};

async function withApp(): Promise<{
  stored: StoredFactors;
  codeAt: (at: number) => string;
  codes: string[];
}> {
  const { factors, secret } = await beginTotp(NO_FACTORS, { box, now: () => START });
  const app = new TOTP({ secret: totpEnrolment(secret, 'person').secret });
  const codeAt = (at: number): string => app.generate({ timestamp: at });
  const added = await confirmTotp(factors, codeAt(START), { box, now: () => START });
  return { stored: added.factors, codeAt, codes: added.recoveryCodes ?? [] };
}

const check = (stored: StoredFactors, proof: FactorProof, at: number) =>
  checkFactor(stored, proof, { userId: 'mem_x', rp, openSecret: box.open, now: () => at });

describe('guessing, whoever the factors belong to', () => {
  it('gets five tries, then five more after pauses that double up to a day', async () => {
    const { stored, codeAt } = await withApp();
    let factors = stored;
    let at = START;
    const pauses: number[] = [];
    for (let tries = 1; tries <= 75; tries += 1) {
      const wrong = codeAt(at + 3_600_000);
      const outcome = await check(factors, { type: 'totp', code: wrong }, at);
      ({ factors } = outcome);
      expect(outcome.accepted).toBe(false);
      if (tries % 5 !== 0) continue;
      const pause = pauseSeconds(factors, () => at);
      pauses.push(pause);
      await expect(check(factors, { type: 'totp', code: codeAt(at) }, at)).rejects.toMatchObject({
        code: 'TOO_MANY_REQUESTS',
        retryAfter: pause,
      });
      at += pause * 1000;
    }
    expect(pauses.slice(0, 4)).toEqual([60, 120, 240, 480]);
    expect(pauses.slice(-3)).toEqual([DAY, DAY, DAY]);
    const right = await check(factors, { type: 'totp', code: codeAt(at) }, at);
    expect(right).toMatchObject({ accepted: true, factors: { misses: { count: 0, blockedUntil: null } } });
  });

  it('with recovery codes is counted too, and does not stop a right one', async () => {
    const { stored, codes } = await withApp();
    let factors = stored;
    for (let tries = 1; tries <= 5; tries += 1) {
      const outcome = await check(factors, { type: 'recovery_code', code: '0000-0000-0000-0000' }, START);
      ({ factors } = outcome);
      expect(outcome).toMatchObject({ accepted: false, exhausted: tries === 5 });
    }
    const [code = ''] = codes;
    expect(await check(factors, { type: 'recovery_code', code }, START)).toMatchObject({ accepted: true });
  });

  it('changes nothing of the factors themselves', async () => {
    const { stored, codeAt } = await withApp();
    const { factors } = await check(stored, { type: 'totp', code: codeAt(START + 3_600_000) }, START);
    expect({ ...factors, misses: null }).toEqual({ ...stored, misses: null });
  });
});

describe('factors, whoever they belong to', () => {
  it('are none before the first code and none without the last factor', async () => {
    const { factors } = await beginTotp(NO_FACTORS, { box, now: () => START });
    expect(hasFactor(factors)).toBe(false);
    const { stored } = await withApp();
    expect(hasFactor(stored)).toBe(true);
    const [app] = listFactors(stored);
    const left = withoutFactor(stored, app?.id ?? '');
    expect(left).toMatchObject({ totp: null, recoveryCodes: [] });
    expect(withoutFactor(stored, 'otp_x')).toBeUndefined();
  });

  it('can not be confirmed by a code that was taken before', async () => {
    const { stored, codeAt } = await withApp();
    const outcome = await check(stored, { type: 'totp', code: codeAt(START) }, START);
    expect(outcome.accepted).toBe(false);
  });

  it('without an app take no code, and without a spent challenge no passkey', async () => {
    expect((await check(NO_FACTORS, { type: 'totp', code: '123456' }, START)).accepted).toBe(false);
    const part = 'AA';
    const assertion = {
      ...{ id: part, rawId: part, type: 'public-key' as const },
      response: { clientDataJSON: part, authenticatorData: part, signature: part },
    };
    const outcome = await check(NO_FACTORS, { type: 'passkey', assertion, challenge: undefined }, START);
    expect(outcome.accepted).toBe(false);
  });
});
