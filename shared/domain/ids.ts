import { randomBytes } from 'node:crypto';
import { z } from 'zod';

/** Every kind of id that leaves the house, by its prefix. An id says what it names, never how many there are. */
export const ID_KINDS = {
  company: 'cmp',
  order: 'ord',
  line: 'ln',
  fulfilment: 'ful',
  partner: 'ptn',
  connection: 'con',
  apiKey: 'key',
  audit: 'aud',
  erasure: 'era',
  request: 'req',
  member: 'mem',
  session: 'ses',
  invitation: 'inv',
  passkey: 'psk',
  totp: 'otp',
  staff: 'stf',
  supportRequest: 'sup',
  attestation: 'att',
  product: 'prd',
  priceList: 'prl',
  import: 'imp',
  charge: 'chg',
  refund: 'rfd',
  delivery: 'del',
  endpoint: 'ept',
  pull: 'pul',
  privacy: 'prv',
} as const;

export type IdKind = keyof typeof ID_KINDS;

/** 26 characters of Crockford's base 32 in lower case: 130 bits, of which the first 128 count. */
const BODY = /^[0-9a-hjkmnp-tv-z]{26}$/;
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** 16 bytes or more as the 26 characters of an id; further bytes do not count. */
export function idBody(bytes: Uint8Array): string {
  let body = '';
  let bits = 0;
  let waiting = 0;
  for (const byte of bytes.subarray(0, 16)) {
    bits = (bits << 8) | byte;
    waiting += 8;
    while (waiting >= 5) {
      waiting -= 5;
      body += ALPHABET[(bits >>> waiting) & 31] ?? '';
    }
    bits &= 31;
  }
  // 128 bits are 25 characters and three bits, which the last one begins with.
  return body + (ALPHABET[(bits << 2) & 31] ?? '');
}

/** A fresh id of 128 random bits, such as `aud_…`. */
export function randomId(kind: IdKind): string {
  return `${ID_KINDS[kind]}_${idBody(randomBytes(16))}`;
}

/** An id made of a keyed hash (16 bytes or more), for things that must get the same id again. */
export function keyedId(kind: IdKind, hash: Uint8Array): string {
  return `${ID_KINDS[kind]}_${idBody(hash)}`;
}

export function isId(kind: IdKind, text: string): boolean {
  return text.startsWith(`${ID_KINDS[kind]}_`) && BODY.test(text.slice(ID_KINDS[kind].length + 1));
}

/** The schema of an id in a request: `^ord_[0-9a-hjkmnp-tv-z]{26}$`. */
export function idSchema(kind: IdKind): z.ZodString {
  return z
    .string()
    .regex(
      new RegExp(`^${ID_KINDS[kind]}_[0-9a-hjkmnp-tv-z]{26}$`),
      `not an id of the form ${ID_KINDS[kind]}_…`,
    );
}
