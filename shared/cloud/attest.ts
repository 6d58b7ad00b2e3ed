import { publicJwk, signJws } from '../crypto/jws.ts';
import { AppError } from '../domain/errors.ts';
import type { Kms } from './kms.ts';

/** Signs statements by the KMS `attest` key; the public half is at `/.well-known/jwks.json`. */
export interface Attest {
  /** A compact JWS (ES256). `typ` keeps statements of different kinds apart. */
  sign(typ: string, payload: object): Promise<string>;
}

/** Signs by the newest version that is enabled, and names that version's public key. */
export function createAttest(kms: Kms): Attest {
  return {
    async sign(typ, payload) {
      const newest = (await kms.publicKeys())[0];
      if (newest === undefined) throw new AppError('UNAVAILABLE', 'no version of the signing key is enabled');
      const { kid } = await publicJwk(newest.pem);
      return signJws({ typ, kid, payload }, async (digest) => {
        const { signature } = await kms.signDigest(digest, newest.version);
        return signature;
      });
    },
  };
}
