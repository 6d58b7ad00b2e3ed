import { FieldPath, type Firestore, type QueryDocumentSnapshot } from '@google-cloud/firestore';
import { withLease } from '../cloud/lease.ts';
import type { Log } from '../cloud/log.ts';
import type { Publisher } from '../cloud/pubsub.ts';
import { DUE_SLOTS } from '../domain/due.ts';
import type { Clock } from '../domain/time.ts';

interface TurnDeps {
  db: Firestore;
  publisher: Pick<Publisher, 'pull'>;
  log: Log;
  now: Clock;
}

const MINUTE = 60_000;
/** Longer than a run works: what it had no time for, the next one publishes. */
const LEASE = 50_000;
const MOST_MS = 40_000;
const PAGE = 200;
/** So many minutes can pass between two ticks without anything being wrong. */
const LATE_MINUTES = 2;

/**
 * One tick: publishes a poll for every shop whose slot's minute has come since the last tick, so that each has its turn
 * every sixteen minutes and no index grows with time. After minutes without a tick, and at the very first one, that is every
 * shop, and platforms may have disabled webhooks meanwhile: those polls look at them.
 */
export async function publishPolls(deps: TurnDeps): Promise<void> {
  const { now, log } = deps;
  await withLease(deps, 'polls', LEASE, async ({ cursor }) => {
    const startedAt = now();
    const current = minuteOf(startedAt);
    const missed = missedSince(cursor['minute'], current);
    if (missed > LATE_MINUTES && cursor['minute'] !== undefined) log.pollsLate();
    const slots = missed > LATE_MINUTES ? DUE_SLOTS : missed;
    // Sixteen minutes in a row are sixteen slots; a run that was cut off goes on with what is left of them.
    for (let minute = current - slots + 1; minute <= current; minute += 1) {
      if (now() - startedAt >= MOST_MS) break;
      await publishSlot(minute % DUE_SLOTS, missed > LATE_MINUTES, deps);
      cursor['minute'] = String(minute);
    }
  });
}

function minuteOf(time: number): number {
  return Math.floor(time / MINUTE);
}

/** How many minutes' slots were not published yet; all of them when nothing is known, or time went back. */
function missedSince(published: string | undefined, current: number): number {
  const last = published === undefined ? NaN : Number.parseInt(published, 10);
  const missed = current - last;
  return missed >= 0 ? Math.min(missed, DUE_SLOTS) : DUE_SLOTS;
}

async function publishSlot(slot: number, webhooks: boolean, deps: TurnDeps): Promise<void> {
  const inSlot = deps.db
    .collectionGroup('connections')
    .where('slot', '==', slot)
    .select('platform', 'state')
    .orderBy(FieldPath.documentId());
  let last: QueryDocumentSnapshot | undefined;
  do {
    const { docs } = await (last === undefined ? inSlot : inSlot.startAfter(last)).limit(PAGE).get();
    await Promise.all(docs.filter(isPolled).map((doc) => publish(doc, webhooks, deps)));
    last = docs.length < PAGE ? undefined : docs.at(-1);
  } while (last !== undefined);
}

function isPolled(doc: QueryDocumentSnapshot): boolean {
  return doc.get('platform') !== 'standard' && (doc.get('state') ?? 'active') === 'active';
}

async function publish(
  doc: QueryDocumentSnapshot,
  webhooks: boolean,
  { publisher }: TurnDeps,
): Promise<void> {
  const companyId = doc.ref.parent.parent?.id ?? '';
  await publisher.pull({ companyId, connectionId: doc.id, ...(webhooks && { webhooks }) });
}
