import { createHash, type KeyObject, randomBytes } from 'node:crypto';
import { open, seal } from '../crypto/aead.ts';
import { associatedData } from '../crypto/associated-data.ts';
import { derivedKey, secretKey } from '../crypto/derived-key.ts';
import { type AppError, badFields } from '../domain/errors.ts';

/** 256 random bits for a link in a letter, shown there and nowhere else. */
export function newLinkToken(): string {
  return randomBytes(32).toString('hex');
}

/** The name of the document that a link leads to. */
export function linkHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** One answer for whatever is wrong with a link: never given out, used, withdrawn, expired. */
export function linkOver(): AppError {
  return badFields({ path: 'token', message: 'is no link of ours, was used, was withdrawn or has expired' });
}

const LABEL = 'strongroom/link/v1';

/** Seals what waits for a link to be opened so that only the link itself opens it: we keep the token's hash alone. */
export function sealForLink(token: string, plaintext: Buffer): Buffer {
  return seal(linkKey(token), plaintext, associatedData(LABEL, [linkHash(token)]));
}

export function openWithLink(token: string, bytes: Buffer): Buffer {
  return open(linkKey(token), bytes, associatedData(LABEL, [linkHash(token)]));
}

function linkKey(token: string): KeyObject {
  return derivedKey(secretKey(Buffer.from(token, 'hex')), LABEL, 'seal');
}
