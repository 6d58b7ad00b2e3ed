import type { Firestore } from '@google-cloud/firestore';
import { dueFrom } from '../cloud/due.ts';
import { paths } from '../cloud/firestore.ts';
import { type Turn, withLease } from '../cloud/lease.ts';
import type { Log } from '../cloud/log.ts';
import type { Publisher } from '../cloud/pubsub.ts';
import { SLOTS } from '../domain/due.ts';
import type { ErasureMessage, StoredOrder } from '../domain/order.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { confirmSlot, type StoredErasure } from './erasure.ts';

export interface SweepDeps {
  db: Firestore;
  publisher: Publisher;
  log: Log;
  now: Clock;
  /** Has stock settled that waits for it since a minute; answers how many messages that took. */
  republishStock: (cursor: Turn['cursor']) => Promise<number>;
  /** Removes a bounded number of record keys whose order does not exist, from a place on; answers the next place. */
  removeOrphans: (after: string) => Promise<{ next: string; removed: number }>;
}

/** Work that is younger than this, in milliseconds, is on its way and left alone. */
const PATIENCE = 60_000;
const MOST_AT_ONCE = 500;
/** An erasure that is not done after this is told to the people who run the hub. */
const STUCK = 60 * 60_000;
const LEASE = 5 * 60_000;

/** One tick: publishes unfinished work again, has past horizons confirmed, removes orphan keys. */
export async function sweep(deps: SweepDeps): Promise<void> {
  await withLease(deps, 'sweep', LEASE, async (turn) => {
    const orders = await republishOrders(turn, deps);
    const erasures = await republishErasures(turn, deps);
    const confirmations = await publishConfirmations(turn, deps);
    const stocks = await deps.republishStock(turn.cursor);
    const published = orders + erasures + confirmations + stocks;
    if (published > 0) deps.log.sweepRepublished(published);
    const orphans = await deps.removeOrphans(turn.cursor['orphans'] ?? '');
    turn.cursor['orphans'] = orphans.next;
    if (orphans.removed > 0) deps.log.sweepOrphansRemoved(orphans.removed);
  });
}

async function republishOrders({ cursor }: Turn, { db, publisher, now }: SweepDeps): Promise<number> {
  const { docs: due, next } = await dueFrom(db, 'orders', cursor['orders']);
  cursor['orders'] = next;
  const late = due.filter((doc) => isLate((doc.data() as StoredOrder).updatedAt, now));
  await Promise.all(
    late.map((doc) => publisher.order({ companyId: (doc.data() as StoredOrder).companyId, orderId: doc.id })),
  );
  return late.length;
}

async function republishErasures({ cursor }: Turn, { db, publisher, log, now }: SweepDeps): Promise<number> {
  const { docs: due, next } = await dueFrom(db, 'erasures', cursor['erasures']);
  cursor['erasures'] = next;
  const late = due.filter((doc) => isLate((doc.data() as StoredErasure).requestedAt, now));
  for (const doc of late) {
    const { companyId, requestedAt } = doc.data() as StoredErasure;
    if (now() - Date.parse(requestedAt) > STUCK) log.erasureStuck(doc.id, companyId);
    await publisher.erasure({ companyId, erasureId: doc.id });
  }
  return late.length;
}

function isLate(since: string, now: Clock): boolean {
  return now() - Date.parse(since) >= PATIENCE;
}

/** Once an hour is over, sends the erasures whose horizon lay in it to be confirmed. Missed hours are made up. */
async function publishConfirmations(turn: Turn, { db, publisher, now }: SweepDeps): Promise<number> {
  const current = hourOf(now());
  let hour = turn.cursor['confirmedUntil'] ?? hourOf(now() - 60 * 60_000);
  let published = 0;
  while (hour < current) {
    const due = SLOTS.map((slot) => `${hour}/${slot}`);
    const found = await db
      .collectionGroup('erasures')
      .where('confirmDue', 'in', due)
      .limit(MOST_AT_ONCE)
      .get();
    for (const doc of found.docs) {
      await publisher.erasure({ companyId: (doc.data() as StoredErasure).companyId, erasureId: doc.id });
    }
    published += found.size;
    // A full page says that there is more of this hour: it is asked for again by the next tick.
    if (found.size === MOST_AT_ONCE) break;
    hour = hourOf(Date.parse(`${hour}:00:00.000Z`) + 60 * 60_000);
  }
  turn.cursor['confirmedUntil'] = hour;
  return published;
}

/**
 * What delivering has given up on, an erasure never: one that is pending is published again by every tick, a
 * confirmation once this hour is over.
 */
export async function erasureGivenUp(
  { companyId, erasureId }: ErasureMessage,
  { db, log, now }: Pick<SweepDeps, 'db' | 'log' | 'now'>,
): Promise<void> {
  log.erasureStuck(erasureId, companyId);
  const ref = db.doc(paths.erasure(companyId, erasureId));
  await db.runTransaction(async (tx) => {
    const erasure = (await tx.get(ref)).data() as StoredErasure | undefined;
    if (erasure?.state === 'destroyed') tx.update(ref, { confirmDue: confirmSlot(timestamp(now)) });
  });
}

/** `2026-11-23T16`. */
function hourOf(time: number): string {
  return new Date(time).toISOString().slice(0, 13);
}
