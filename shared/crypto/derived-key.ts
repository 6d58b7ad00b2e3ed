import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { associatedData } from './associated-data.ts';

export const KEY_BYTES = 32;

/** A 256-bit key of its own for one use of another key: HKDF-SHA256 (RFC 5869) without salt, the use as info. */
export function derivedKey(key: KeyObject, label: string, use: string): KeyObject {
  const bytes = Buffer.from(hkdfSync('sha256', key, '', associatedData(label, [use]), KEY_BYTES));
  return secretKey(bytes);
}

/** Takes the bytes into a KeyObject, out of reach of JavaScript, and zeroes them. */
export function secretKey(bytes: Buffer): KeyObject {
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}
