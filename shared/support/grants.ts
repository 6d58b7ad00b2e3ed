import type { Firestore } from '@google-cloud/firestore';
import { status } from '@grpc/grpc-js';
import { z } from 'zod';
import { hasStatus } from '../cloud/grpc-error.ts';
import { idSchema } from '../domain/ids.ts';
import { PublicKey, Reach } from '../domain/support.ts';

/**
 * `grants/{support request}` in the `keyring` database: what a merchant allowed, to whom and until when. The staff's
 * desk can neither read nor write there, so nothing that it stores elsewhere is ever taken for an approval.
 */
const Grant = z.object({
  companyId: idSchema('company'),
  staffId: idSchema('staff'),
  reach: Reach,
  publicKey: PublicKey,
  approvedBy: idSchema('member'),
  approvedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  revokedAt: z.iso.datetime().nullable(),
});
export type Grant = z.infer<typeof Grant>;

export interface Grants {
  /** False when the request has a grant already, or can get none any more. */
  give(supportRequestId: string, grant: Omit<Grant, 'revokedAt'>): Promise<boolean>;
  /** From now on the grant opens nothing; a request without one can not get one any more. */
  revoke(supportRequestId: string, at: string): Promise<void>;
  /** Only for a merchant that is gone, whose requests are gone too. */
  remove(supportRequestId: string): Promise<void>;
  /** Undefined when there is none. A grant that is over is a grant: the reader looks at its times. */
  read(supportRequestId: string): Promise<Grant | undefined>;
}

/** `keyring` is the keyring's database. */
export function createGrants(keyring: Firestore): Grants {
  const documentOf = (id: string) => keyring.collection('grants').doc(id);
  return {
    async give(id, grant) {
      try {
        await documentOf(id).create({ ...grant, revokedAt: null } satisfies Grant);
        return true;
      } catch (error) {
        if (hasStatus(error, status.ALREADY_EXISTS)) return false;
        throw error;
      }
    },
    async revoke(id, at) {
      // Where there is no grant this leaves a document that is none, and on which `give` fails.
      await documentOf(id).set({ revokedAt: at }, { merge: true });
    },
    async remove(id) {
      await documentOf(id).delete();
    },
    async read(id) {
      const grant = Grant.safeParse((await documentOf(id).get()).data());
      return grant.success ? grant.data : undefined;
    },
  };
}
