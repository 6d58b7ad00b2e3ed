import { createHash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** What a key may do. A route names the one scope that it needs. */
export const SCOPES = [
  'orders:read',
  'orders:write',
  'orders:erase',
  'audit:read',
  'company:read',
  'company:write',
  'company:delete',
  'members:read',
  'members:write',
  'api-keys:read',
  'api-keys:write',
  'approvals:read',
  'approvals:write',
  'recoveries:write',
  'export:read',
  'partners:read',
  'partners:write',
  'catalogue:read',
  'catalogue:write',
  'billing:read',
  'billing:write',
  'endpoints:read',
  'endpoints:write',
  'connections:read',
  'connections:write',
] as const;
export type Scope = (typeof SCOPES)[number];

/** What an API key can have. The rest is for people, who sign in with two factors. */
export const API_KEY_SCOPES = [
  'orders:read',
  'orders:write',
  'orders:erase',
  'audit:read',
  'company:read',
  'export:read',
  'partners:read',
  'partners:write',
  'catalogue:read',
  'catalogue:write',
  'billing:read',
  'billing:write',
  'endpoints:read',
  'endpoints:write',
  'connections:read',
  'connections:write',
] as const satisfies readonly Scope[];

/** A company is live or test, and so are its keys; the two never meet. */
export type Mode = 'live' | 'test';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_LENGTH = 32;
const CHECKSUM_LENGTH = 6;
const KEY = /^(sr_(live|test)_[0-9A-Za-z]{32})([0-9A-Za-z]{6})$/;

/** `sr_live_` or `sr_test_`, 32 random characters (190 bits) and a checksum of 6. It is shown once. */
export function newApiKey(mode: Mode): string {
  const random = Array.from({ length: RANDOM_LENGTH }, () => DIGITS.charAt(randomInt(DIGITS.length))).join(
    '',
  );
  const key = `sr_${mode}_${random}`;
  return key + checksum(key);
}

/** The mode a key is for, or `undefined` for a text that can not be one of our keys: a typo costs no look-up. */
export function parseApiKey(text: string): { mode: Mode } | undefined {
  const parts = KEY.exec(text);
  if (parts?.[1] === undefined || checksum(parts[1]) !== parts[3]) return undefined;
  return { mode: parts[2] === 'live' ? 'live' : 'test' };
}

/** The name under which a key is stored. The key has 190 random bits, so a plain SHA-256 can not be searched. */
export function apiKeyHash(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** CRC-32 in base 62, six digits. It tells typos and look-alikes apart, and guards nothing. */
function checksum(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let place = 0; place < CHECKSUM_LENGTH; place += 1) {
    digits = DIGITS.charAt(rest % DIGITS.length) + digits;
    rest = Math.floor(rest / DIGITS.length);
  }
  return digits;
}
