import { describe, expect, it } from 'vitest';
import { newRecoveryCodes, spendRecoveryCode } from '../../shared/factors/recovery-codes.ts';

describe('recovery codes', () => {
  it('are ten, of 80 random bits each', () => {
    const { codes, hashes } = newRecoveryCodes();
    expect(new Set(codes).size).toBe(10);
    expect(new Set(hashes).size).toBe(10);
    for (const code of codes) expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/);
  });

  it('are kept as hashes in which no code can be read', () => {
    const { codes, hashes } = newRecoveryCodes();
    for (const code of codes) expect(hashes.join()).not.toContain(code.slice(0, 4).concat(code.slice(5, 9)));
  });

  it('are each good once', () => {
    const { codes, hashes } = newRecoveryCodes();
    let left: string[] = hashes;
    for (const code of codes) {
      const after = spendRecoveryCode(left, code);
      expect(after).toHaveLength(left.length - 1);
      left = after ?? [];
      expect(spendRecoveryCode(left, code)).toBeUndefined();
    }
    expect(left).toEqual([]);
  });

  it('may be typed in lower case, with spaces, and with letters that look like digits', () => {
    const { codes, hashes } = newRecoveryCodes();
    for (const code of codes) {
      const typed = ` ${code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')} `;
      expect(spendRecoveryCode(hashes, typed)).toHaveLength(9);
    }
  });

  it('of another set are worth nothing', () => {
    const { hashes } = newRecoveryCodes();
    const other = newRecoveryCodes();
    for (const code of other.codes) expect(spendRecoveryCode(hashes, code)).toBeUndefined();
    for (const hash of hashes) expect(spendRecoveryCode(hashes, hash)).toBeUndefined();
    expect(spendRecoveryCode(hashes, '')).toBeUndefined();
  });
});
