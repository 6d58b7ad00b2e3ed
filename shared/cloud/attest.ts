import { publicJwk, type PublicJwk, signJws } from '../crypto/jws.ts';
import { AppError } from '../domain/errors.ts';
import type { Clock } from '../domain/time.ts';
import type { Kms } from './kms.ts';

/** Statements by the KMS `attest` key. `UNAVAILABLE` when KMS can not be reached. */
export interface Attest {
  /** A compact JWS (ES256) by the newest version. `typ` keeps statements of different kinds apart. */
  sign(typ: string, payload: object): Promise<string>;
  /** The public halves of every version that is enabled, newest first. */
  publicKeys(): Promise<PublicJwk[]>;
}

/** KMS is asked for its versions once in this time, in milliseconds. */
const KNOWN_FOR = 5 * 60_000;

export function createAttest(deps: { kms: Pick<Kms, 'publicKeys' | 'signDigest'>; now: Clock }): Attest {
  const { kms, now } = deps;
  let known: { versions: { version: string; jwk: PublicJwk }[]; readAt: number } | undefined;

  async function versions(): Promise<{ version: string; jwk: PublicJwk }[]> {
    if (known !== undefined && now() - known.readAt < KNOWN_FOR) return known.versions;
    const readAt = now();
    const read = await Promise.all(
      (await kms.publicKeys()).map(async ({ version, pem }) => ({ version, jwk: await publicJwk(pem) })),
    );
    known = { versions: read, readAt };
    return read;
  }

  return {
    async sign(typ, payload) {
      const newest = (await versions())[0];
      if (newest === undefined) throw new AppError('UNAVAILABLE', 'no version of the signing key is enabled');
      return signJws({ typ, kid: newest.jwk.kid, payload }, async (digest) => {
        const { signature } = await kms.signDigest(digest, newest.version);
        return signature;
      });
    },

    async publicKeys() {
      return (await versions()).map(({ jwk }) => jwk);
    },
  };
}
