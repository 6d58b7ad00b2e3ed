import { createHash, randomBytes } from 'node:crypto';

const COUNT = 10;
const BYTES = 10;
/** Crockford's base 32: no letter that is taken for a digit. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const BODY = /^[0-9A-HJKMNP-TV-Z]{16}$/;

/**
 * Ten codes of 80 random bits, such as `7KQ4-M0TZ-9XEB-2HRW`, and the hashes by which they are known later. The codes
 * are shown once. With 80 random bits a plain SHA-256 can not be searched.
 */
export function newRecoveryCodes(): { codes: string[]; hashes: string[] } {
  const bodies = Array.from({ length: COUNT }, () => bodyOf(randomBytes(BYTES)));
  return {
    codes: bodies.map((body) => body.replace(/(.{4})(?=.)/g, '$1-')),
    hashes: bodies.map(hashOf),
  };
}

/** The hashes that are left after this code was used; `undefined` when it is none of them. */
export function spendRecoveryCode(hashes: readonly string[], code: string): string[] | undefined {
  const body = code.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  if (!BODY.test(body)) return undefined;
  const hash = hashOf(body);
  return hashes.includes(hash) ? hashes.filter((other) => other !== hash) : undefined;
}

function bodyOf(bytes: Buffer): string {
  let bits = BigInt(`0x${bytes.toString('hex')}`);
  let body = '';
  for (let digit = 0; digit < (BYTES * 8) / 5; digit += 1, bits >>= 5n)
    body += ALPHABET[Number(bits & 31n)] ?? '';
  return body;
}

function hashOf(body: string): string {
  return createHash('sha256').update(`strongroom/recovery-code/v1:${body}`).digest('base64url');
}
