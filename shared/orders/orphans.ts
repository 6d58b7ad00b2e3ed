import type { Firestore } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { Keyring } from '../cloud/keyring.ts';
import type { Clock } from '../domain/time.ts';
import type { OrderRef } from './order-store.ts';

/** How many record keys one tick looks at: all keys of a million orders in two weeks. */
const ORPHANS_A_TICK = 50;
/** A key that is younger may belong to an order that is just being stored. */
const ORPHAN_AGE = 24 * 60 * 60_000;

/**
 * Looks at one page of record keys and destroys those that are over 24 hours old and name an order that does not
 * exist: what a crash between the two databases leaves behind.
 */
export async function removeOrphans(
  after: string,
  deps: {
    db: Firestore;
    now: Clock;
    keyring: Pick<Keyring, 'recordKeys' | 'destroyUnused'>;
  },
): Promise<{ next: string; removed: number }> {
  const { db, now } = deps;
  const page = await deps.keyring.recordKeys(after, ORPHANS_A_TICK);
  const old = page.filter(({ createdAt }) => now() - Date.parse(createdAt) > ORPHAN_AGE);
  const refs = old.map(({ orderId }) => db.doc(paths.orderRef(orderId)));
  const found = refs.length === 0 ? [] : await db.getAll(...refs);
  const orphans = old.filter((_key, place) => {
    const { erasedAt, removedAt } = (found[place]?.data() ?? {}) as Partial<OrderRef>;
    return erasedAt !== null || removedAt !== undefined;
  });
  const destroyed = await Promise.all(orphans.map((key) => deps.keyring.destroyUnused(key)));
  const last = page.length < ORPHANS_A_TICK ? undefined : page.at(-1);
  return { next: last?.orderId ?? '', removed: destroyed.filter(Boolean).length };
}
