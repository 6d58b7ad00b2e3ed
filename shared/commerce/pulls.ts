import type { Firestore } from '@google-cloud/firestore';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { dueFrom } from '../cloud/due.ts';
import { paths } from '../cloud/firestore.ts';
import type { Keyring } from '../cloud/keyring.ts';
import { withLease } from '../cloud/lease.ts';
import type { Log } from '../cloud/log.ts';
import type { Publisher } from '../cloud/pubsub.ts';
import { dueSlot } from '../domain/due.ts';
import { idSchema, keyedId } from '../domain/ids.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import type { Connection } from './connections.ts';

/**
 * `companies/{companyId}/pulls/{pullId}`: an order that is to be read at its shop, until it was. One for each order,
 * however many events named it; and one for all that a shop changed, when that has to be read before its turn.
 */
export const StoredPull = z.object({
  companyId: idSchema('company'),
  connectionId: idSchema('connection'),
  /** `null`: whatever the shop changed. */
  externalId: z.string().nullable(),
  requestedAt: z.string(),
  /** How often the shop could not be asked; that we could not does not count. */
  attempts: z.int(),
  /** Not before this it is tried again. */
  notBefore: z.string(),
  due: z.int(),
});
export type StoredPull = z.infer<typeof StoredPull>;

export interface AskDeps {
  db: Firestore;
  keyring: Pick<Keyring, 'lookup'>;
  publisher: Pick<Publisher, 'pull'>;
  log: Log;
  now: Clock;
}

/** Writes down that an order is to be read, and says so. A message that gets lost is made up for by the next tick. */
export async function askForPull(
  connection: Pick<Connection, 'id' | 'companyId'>,
  externalId: string,
  deps: AskDeps,
): Promise<void> {
  const { db, log, now } = deps;
  const { companyId } = connection;
  const lookup = await deps.keyring.lookup();
  const pullId = keyedId('pull', lookup.hash('pull', connection.id, externalId));
  const at = timestamp(now);
  const pull: StoredPull = {
    ...{ companyId, connectionId: connection.id, externalId, requestedAt: at },
    ...{ attempts: 0, notBefore: at, due: dueSlot() },
  };
  // Over the one that is there: whoever is reading the order now finds that it was asked for again.
  await db.doc(paths.pull(companyId, pullId)).set(pull);
  log.pullAsked(pullId, companyId);
  await publishPull({ companyId, pullId }, deps);
}

const MINUTE = 60_000;

/**
 * The whole minute that comes next, at which the schedule does too. Who waits for a cloud that is away is looked at by that
 * tick; a minute from now would be just after it, and every second tick would pass.
 */
export function nextTick(now: Clock): string {
  return new Date((Math.floor(now() / MINUTE) + 1) * MINUTE).toISOString();
}

/** What a shop shows is not clear before a minute has passed. */
export function inAMinute(now: Clock): string {
  return new Date(now() + MINUTE).toISOString();
}

/** Gives a shop its turn anew, and then until it works: what it shows is not clear yet, or we could not read it. */
export async function pollLater(
  { id, companyId }: Pick<Connection, 'id' | 'companyId'>,
  notBefore: string,
  { db, log, now }: Pick<AskDeps, 'db' | 'log' | 'now'>,
): Promise<void> {
  // The key that others are named by may be what can not be had. A connection's id is random already.
  const pullId = keyedId('pull', createHash('sha256').update(`poll/${id}`).digest());
  const pull: StoredPull = {
    ...{ companyId, connectionId: id, externalId: null, requestedAt: timestamp(now), attempts: 0 },
    ...{ notBefore, due: dueSlot() },
  };
  await db.doc(paths.pull(companyId, pullId)).set(pull);
  log.pullAsked(pullId, companyId);
}

async function publishPull(
  message: { companyId: string; pullId: string },
  { publisher, log }: Pick<AskDeps, 'publisher' | 'log'>,
): Promise<void> {
  try {
    await publisher.pull(message);
  } catch {
    log.publishFailed('pulls', message.pullId, message.companyId);
  }
}

/** In milliseconds. The next tick follows one that died. */
const LEASE = 50_000;

/** Asks again for the orders whose message was lost, or whose shop could not be asked and has had its rest. */
export async function republishPulls(deps: Omit<AskDeps, 'keyring'>): Promise<void> {
  await withLease(deps, 'pulls', LEASE, async ({ cursor }) => {
    const { docs, next } = await dueFrom(deps.db, 'pulls', cursor['after']);
    const due = docs.filter((doc) => isLate(doc.data() as StoredPull, deps.now));
    await Promise.all(
      due.map((doc) =>
        publishPull({ companyId: (doc.data() as StoredPull).companyId, pullId: doc.id }, deps),
      ),
    );
    cursor['after'] = next;
  });
}

/** What was asked for just now is on its way; what is to wait, waits. */
function isLate({ requestedAt, attempts, notBefore }: StoredPull, now: Clock): boolean {
  return now() >= Date.parse(notBefore) + (attempts === 0 && requestedAt === notBefore ? MINUTE : 0);
}
