import { publicJwk, signJws } from '../crypto/jws.ts';
import type { Kms } from './kms.ts';

/** Signs statements by the KMS `attest` key; the public half is at `/.well-known/jwks.json`. */
export interface Attest {
  /** A compact JWS (ES256). `typ` keeps statements of different kinds apart. */
  sign(typ: string, payload: object): Promise<string>;
}
