import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idBody, isId, keyedId, randomId } from '../../shared/domain/ids.ts';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** The 128 bits as one number, two zeros behind, read five bits at a time. */
function asOneNumber(bytes: Uint8Array): string {
  const bits = BigInt(`0x${Buffer.from(bytes.subarray(0, 16)).toString('hex')}`) << 2n;
  return Array.from(
    { length: 26 },
    (_, place) => ALPHABET[Number((bits >> BigInt(125 - 5 * place)) & 31n)],
  ).join('');
}

describe('an id', () => {
  it.each([
    ['00'.repeat(16), '0'.repeat(26)],
    ['ff'.repeat(16), `${'z'.repeat(25)}w`],
    ['000102030405060708090a0b0c0d0e0f', '000g40r40m30e209185gr38e1w'],
  ])('of the bytes %s is %s', (bytes, body) => {
    expect(idBody(Buffer.from(bytes, 'hex'))).toBe(body);
  });

  it('is the first 128 bits in base 32, whatever follows', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 40 }), (bytes) => {
        expect(idBody(bytes)).toBe(asOneNumber(bytes));
      }),
    );
  });

  it('is known by its kind alone', () => {
    const id = randomId('order');
    expect(isId('order', id)).toBe(true);
    expect(isId('audit', id)).toBe(false);
    expect(isId('order', id.toUpperCase())).toBe(false);
    expect(keyedId('order', Buffer.alloc(32))).toBe(`ord_${'0'.repeat(26)}`);
  });
});
