import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apiKeyHash, newApiKey, parseApiKey } from '../../shared/domain/api-key.ts';

describe('an API key', () => {
  it('says which mode it is for', () => {
    expect(parseApiKey(newApiKey('live'))).toEqual({ mode: 'live' });
    expect(parseApiKey(newApiKey('test'))).toEqual({ mode: 'test' });
  });

  it('has the form that is documented, and a checksum that stays as it is', () => {
    expect(newApiKey('live')).toMatch(/^sr_live_[0-9A-Za-z]{38}$/);
    expect(parseApiKey(`sr_test_${'A'.repeat(32)}1UNgkp`)).toEqual({ mode: 'test' });
  });

  it('is never the same twice', () => {
    expect(new Set(Array.from({ length: 1000 }, () => newApiKey('test'))).size).toBe(1000);
  });

  it('is refused when any one character is another', () => {
    const key = newApiKey('test');
    fc.assert(
      fc.property(fc.nat(key.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (place, other) => {
        fc.pre(key[place] !== other);
        expect(parseApiKey(key.slice(0, place) + other + key.slice(place + 1))).toBeUndefined();
      }),
    );
  });

  it('is refused when it is cut, stretched or for the other mode', () => {
    const key = newApiKey('test');
    for (const text of [
      '',
      key.slice(0, -1),
      `${key}0`,
      ` ${key}`,
      `${key}\n`,
      key.replace('test', 'live'),
    ]) {
      expect(parseApiKey(text)).toBeUndefined();
    }
  });

  it('is stored under its SHA-256', () => {
    expect(apiKeyHash('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
