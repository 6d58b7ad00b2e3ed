import type { KeyObject } from 'node:crypto';
import { open, seal, sealBroken } from './aead.ts';
import { associatedData } from './associated-data.ts';
import { derivedKey } from './derived-key.ts';

const LABEL = 'strongroom/company-key/v1';
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

  constructor(companyId: string, version: number, key: KeyObject) {
    this.companyId = companyId;
    this.version = version;
    this.#key = key;
  }

  /** Wraps and unwraps record keys. */
  get wrapping(): KeyObject {
    return (this.#wrapping ??= derivedKey(this.#key, LABEL, 'wrap record keys'));
  }

  get #sealing(): KeyObject {
    return (this.#credentials ??= derivedKey(this.#key, LABEL, 'credentials'));
  }

  /**
   * A secret of the company, such as a shop's webhook secret, bound to its purpose:
   * key version (32 bit, big endian) | sealed bytes.
   */
  sealSecret(purpose: string, plaintext: Uint8Array): Buffer {
    const version = Buffer.alloc(VERSION_BYTES);
    version.writeUInt32BE(this.version);
    return Buffer.concat([version, seal(this.#sealing, plaintext, this.#secretPlace(purpose))]);
  }

  /** The secret, or `SEAL_BROKEN`. */
  openSecret(purpose: string, bytes: Uint8Array): Buffer {
    if (secretKeyVersion(bytes) !== this.version) throw sealBroken();
    return open(this.#sealing, bytes.subarray(VERSION_BYTES), this.#secretPlace(purpose));
  }

  #secretPlace(purpose: string): Buffer {
    return associatedData(SECRET_LABEL, [this.companyId, String(this.version), purpose]);
  }
}

/** Which version of the company's key opens these bytes; `SEAL_BROKEN` when they are too short to say. */
export function secretKeyVersion(bytes: Uint8Array): number {
  if (bytes.length < VERSION_BYTES) throw sealBroken();
  return new DataView(bytes.buffer, bytes.byteOffset, VERSION_BYTES).getUint32(0);
}
