import { FieldPath, type Firestore } from '@google-cloud/firestore';
import { withLease } from '../cloud/lease.ts';
import type { Log } from '../cloud/log.ts';
import type { Publisher } from '../cloud/pubsub.ts';
import { StoredDelivery } from '../domain/delivery.ts';
import { SLOTS } from '../domain/due.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { isWaiting } from './delivery-store.ts';

const LEASE = 5 * 60_000;
/** What is younger than this, in milliseconds, and was not tried yet is on its way. */
const PATIENCE = 60_000;
const MOST_AT_ONCE = 500;
const MOST_PAGES = 10;

/**
 * One tick: publishes what nobody is at and whose time has come. Each tick goes on where the last one stopped, so that
 * very many that wait for one shop do not hide those of others.
 */
export async function sweepDeliveries(deps: {
  db: Firestore;
  publisher: Pick<Publisher, 'delivery'>;
  log: Log;
  now: Clock;
}): Promise<void> {
  const { db, publisher, log, now } = deps;
  await withLease(deps, 'sweep-deliveries', LEASE, async (turn) => {
    const all = db.collectionGroup('deliveries').where('due', 'in', SLOTS).orderBy(FieldPath.documentId());
    let after = turn.cursor['after'] ?? '';
    let published = 0;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const { docs } = await (after === '' ? all : all.startAfter(db.doc(after))).limit(MOST_AT_ONCE).get();
      for (const doc of docs) {
        const delivery = StoredDelivery.parse(doc.data());
        if (!isLate(delivery, now)) continue;
        await publisher.delivery({ companyId: delivery.companyId, deliveryId: doc.id });
        published += 1;
      }
      after = docs.length < MOST_AT_ONCE ? '' : (docs.at(-1)?.ref.path ?? '');
      if (after === '') break;
    }
    turn.cursor['after'] = after;
    if (published > 0) log.sweepRepublished(published);
  });
}

function isLate(delivery: StoredDelivery, now: Clock): boolean {
  const untouched = delivery.nextAttemptAt === null && delivery.claimedUntil === null;
  if (untouched && now() - Date.parse(delivery.updatedAt) < PATIENCE) return false;
  return !isWaiting(delivery, timestamp(now));
}
