import type { KeyObject } from 'node:crypto';
import { open, seal, sealBroken } from './aead.ts';
import { associatedData } from './associated-data.ts';
import { derivedKey } from './derived-key.ts';

const LABEL = 'strongroom/company-key/v1';
const CONTACT_LABEL = 'strongroom/contact/v1';
const SECRET_LABEL = 'strongroom/secret/v1';
const VERSION_BYTES = 4;

/**
 * One version of a company's 256-bit key. It seals nothing itself: each use has a key derived from it, made at the
 * first use and kept with it.
 */
export class CompanyKey {
  readonly companyId: string;
  readonly version: number;
  readonly #key: KeyObject;
  #wrapping: KeyObject | undefined;
  #credentials: KeyObject | undefined;
  #contacts: KeyObject | undefined;

  constructor(companyId: string, version: number, key: KeyObject) {
    this.companyId = companyId;
    this.version = version;
    this.#key = key;
  }

  /** Wraps and unwraps record keys. */
  get wrapping(): KeyObject {
    return (this.#wrapping ??= derivedKey(this.#key, LABEL, 'wrap record keys'));
  }

  /**
   * A secret of the company, such as a shop's webhook secret, bound to its purpose:
   * key version (32 bit, big endian) | sealed bytes.
   */
  sealSecret(purpose: string, plaintext: Uint8Array): Buffer {
    this.#credentials ??= derivedKey(this.#key, LABEL, 'credentials');
    return this.#seal(this.#credentials, SECRET_LABEL, purpose, plaintext);
  }

  /** The secret, or `SEAL_BROKEN`. */
  openSecret(purpose: string, bytes: Uint8Array): Buffer {
    this.#credentials ??= derivedKey(this.#key, LABEL, 'credentials');
    return this.#open(this.#credentials, SECRET_LABEL, purpose, bytes);
  }

  /** How somebody is reached, such as a member's email address; in the form of a secret, under a key of its own. */
  sealContact(purpose: string, plaintext: Uint8Array): Buffer {
    this.#contacts ??= derivedKey(this.#key, LABEL, 'contacts');
    return this.#seal(this.#contacts, CONTACT_LABEL, purpose, plaintext);
  }

  /** The contact, or `SEAL_BROKEN`. */
  openContact(purpose: string, bytes: Uint8Array): Buffer {
    this.#contacts ??= derivedKey(this.#key, LABEL, 'contacts');
    return this.#open(this.#contacts, CONTACT_LABEL, purpose, bytes);
  }

  #seal(key: KeyObject, label: string, purpose: string, plaintext: Uint8Array): Buffer {
    const version = Buffer.alloc(VERSION_BYTES);
    version.writeUInt32BE(this.version);
    return Buffer.concat([version, seal(key, plaintext, this.#place(label, purpose))]);
  }

  #open(key: KeyObject, label: string, purpose: string, bytes: Uint8Array): Buffer {
    if (secretKeyVersion(bytes) !== this.version) throw sealBroken();
    return open(key, bytes.subarray(VERSION_BYTES), this.#place(label, purpose));
  }

  #place(label: string, purpose: string): Buffer {
    return associatedData(label, [this.companyId, String(this.version), purpose]);
  }
}

/** Which version of the company's key opens these bytes; `SEAL_BROKEN` when they are too short to say. */
export function secretKeyVersion(bytes: Uint8Array): number {
  if (bytes.length < VERSION_BYTES) throw sealBroken();
  return new DataView(bytes.buffer, bytes.byteOffset, VERSION_BYTES).getUint32(0);
}
