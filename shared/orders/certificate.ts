import type { Attest } from '../cloud/attest.ts';
import type { KeyringCopies } from '../domain/keyring-copies.ts';
import { orderHash, type StoredErasure } from './erasure.ts';

/** Firestore answers reads of the past for this long, in milliseconds, even without point-in-time recovery. */
const READABLE_PAST = 60 * 60_000;

/**
 * From when on no copy of a key that was destroyed is left: the end of the last backup that holds it, or one hour, as
 * Firestore reads one hour back, whichever is later.
 */
export async function horizonAfter(destroyedAt: string, copies: KeyringCopies): Promise<string> {
  const readable = new Date(Date.parse(destroyedAt) + READABLE_PAST).toISOString();
  const last = await copies.lastOf(destroyedAt);
  return last !== undefined && last > readable ? last : readable;
}

/**
 * The certificate of an erasure: a compact JWS of type `strongroom-erasure+jwt` by the `attest` key. It names the
 * orders by the SHA-256 of their ids, so that only who knows an id finds it, and says what it can not cover. Of
 * `orders` nobody can open the address any more; of `views` this company can not, while the retailer still may.
 */
export function certify(
  id: string,
  erasure: StoredErasure & { destroyedAt: string; horizon: string },
  state: 'destroyed' | 'confirmed',
  at: string,
  deps: { attest: Attest; issuer: string },
): Promise<string> {
  return deps.attest.sign('strongroom-erasure+jwt', {
    iss: deps.issuer,
    iat: Math.floor(Date.parse(at) / 1000),
    jti: id,
    sub: erasure.companyId,
    state,
    orders: erasure.orders.map(orderHash),
    views: erasure.views.map(orderHash),
    destroyedAt: erasure.destroyedAt,
    horizon: erasure.horizon,
    notCovered: ['the copy in the shop', 'exports that a merchant took', "the cloud provider's media"],
  });
}
