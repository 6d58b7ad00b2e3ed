import { createCipheriv, createDecipheriv, type KeyObject, randomFillSync } from 'node:crypto';
import { AppError } from '../domain/errors.ts';

/**
 * Sealed bytes, format 1, frozen by `test/vectors/sealed-v1.json`:
 * version 0x01 | nonce, 12 bytes | ciphertext, as long as the plaintext | tag, 16 bytes.
 * A later format gets another first byte; bytes of this one open for ever.
 */
const VERSION = 0x01;
const NONCE_BYTES = 12;
/** Given to both sides: without it Node takes a tag of 4 bytes for as good as one of 16. */
const TAG = { authTagLength: 16 } as const;
const HEADER_BYTES = 1 + NONCE_BYTES;
const OVERHEAD_BYTES = HEADER_BYTES + TAG.authTagLength;

/**
 * AES-256-GCM under a random 96-bit nonce. A key may seal 2^32 times (NIST SP 800-38D, 8.3): a record key seals a
 * handful, and a company's wrap key one for each order.
 */
export function seal(key: KeyObject, plaintext: Uint8Array, associated: Uint8Array): Buffer {
  const sealed = Buffer.allocUnsafe(OVERHEAD_BYTES + plaintext.length);
  sealed[0] = VERSION;
  const nonce = sealed.subarray(1, HEADER_BYTES);
  fillWithNonce(nonce);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, TAG);
  cipher.setAAD(associated);
  sealed.set(cipher.update(plaintext), HEADER_BYTES);
  cipher.final();
  sealed.set(cipher.getAuthTag(), HEADER_BYTES + plaintext.length);
  return sealed;
}

/** The plaintext, or `SEAL_BROKEN` with nothing about the reason: what is wrong is not for the sender to learn. */
export function open(key: KeyObject, sealed: Uint8Array, associated: Uint8Array): Buffer {
  if (sealed.length < OVERHEAD_BYTES || sealed[0] !== VERSION) throw sealBroken();
  const tagAt = sealed.length - TAG.authTagLength;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, HEADER_BYTES), TAG);
  decipher.setAAD(associated);
  decipher.setAuthTag(sealed.subarray(tagAt));
  const plaintext = decipher.update(sealed.subarray(HEADER_BYTES, tagAt));
  try {
    decipher.final();
  } catch {
    plaintext.fill(0);
    throw sealBroken();
  }
  return plaintext;
}

/** The one error of everything that does not open. */
export function sealBroken(): AppError {
  return new AppError('SEAL_BROKEN');
}

/**
 * Random bytes are drawn for many nonces at once, each handed out once: asking for every 12 bytes on their own costs
 * as much as the sealing itself. A nonce is no secret, so waiting here in memory takes nothing from it.
 */
const drawn = Buffer.alloc(NONCE_BYTES * 256);
let used = drawn.length;

function fillWithNonce(nonce: Buffer): void {
  if (used === drawn.length) {
    randomFillSync(drawn);
    used = 0;
  }
  drawn.copy(nonce, 0, used, used + NONCE_BYTES);
  used += NONCE_BYTES;
}
