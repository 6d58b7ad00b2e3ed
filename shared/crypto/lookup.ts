import { createHmac, type KeyObject } from 'node:crypto';
import { associatedData } from './associated-data.ts';
import { derivedKey } from './derived-key.ts';

const LABEL = 'strongroom/lookup/v1';

/** What a lookup hash may stand for. Two uses never give the same hash. */
export type LookupUse =
  | 'order'
  | 'line'
  | 'supplyOrder'
  | 'pull'
  | 'connection'
  | 'shop'
  | 'idempotency'
  | 'email'
  | 'throttle'
  | 'marker'
  | 'tracking';

/**
 * Finds things again by names that we do not want to store: whoever has the databases without this key can neither
 * read a name out of a hash nor try names against it.
 */
export class LookupKey {
  readonly #key: KeyObject;

  constructor(key: KeyObject) {
    this.#key = key;
  }

  /** A key of its own for links that the hub signs for itself and that nobody else has to verify. */
  signingKey(use: 'partner invitation'): KeyObject {
    return derivedKey(this.#key, LABEL, `sign ${use}`);
  }

  /** 32 bytes of HMAC-SHA256 over the use and the parts; `BAD_REQUEST` for a part that is not well-formed Unicode. */
  hash(use: LookupUse, ...parts: string[]): Buffer {
    return createHmac('sha256', this.#key)
      .update(associatedData(LABEL, [use, ...parts]))
      .digest();
  }
}
