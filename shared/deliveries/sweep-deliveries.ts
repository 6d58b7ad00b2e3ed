import type { Firestore } from '@google-cloud/firestore';
import { dueFrom } from '../cloud/due.ts';
import { withLease } from '../cloud/lease.ts';
import type { Log } from '../cloud/log.ts';
import type { Publisher } from '../cloud/pubsub.ts';
import { StoredDelivery } from '../domain/delivery.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { isWaiting } from './delivery-store.ts';

const LEASE = 5 * 60_000;
/** What is younger than this, in milliseconds, and was not tried yet is on its way. */
const PATIENCE = 60_000;

/** One tick: publishes what nobody is at and whose time has come. */
export async function sweepDeliveries(deps: {
  db: Firestore;
  publisher: Pick<Publisher, 'delivery'>;
  log: Log;
  now: Clock;
}): Promise<void> {
  const { db, publisher, log, now } = deps;
  await withLease(deps, 'sweep-deliveries', LEASE, async (turn) => {
    const { docs, next } = await dueFrom(db, 'deliveries', turn.cursor['after']);
    let published = 0;
    for (const doc of docs) {
      const delivery = StoredDelivery.parse(doc.data());
      if (!isLate(delivery, now)) continue;
      await publisher.delivery({ companyId: delivery.companyId, deliveryId: doc.id });
      published += 1;
    }
    turn.cursor['after'] = next;
    if (published > 0) log.sweepRepublished(published);
  });
}

function isLate(delivery: StoredDelivery, now: Clock): boolean {
  const untouched = delivery.nextAttemptAt === null && delivery.claimedUntil === null;
  if (untouched && now() - Date.parse(delivery.updatedAt) < PATIENCE) return false;
  return !isWaiting(delivery, timestamp(now));
}
