import type { Firestore } from '@google-cloud/firestore';
import { LRUCache } from 'lru-cache';
import { paths } from '../cloud/firestore.ts';
import type { ErrorCode } from '../domain/errors.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import type { Connection } from './connections.ts';
import type { Health } from './stored-connection.ts';

interface HealthDeps {
  db: Firestore;
  now: Clock;
}
type Of = Pick<Connection, 'id' | 'companyId'>;

const NOTED_MS = 5 * 60_000;

/** Writes down that a shop's events come, at most every five minutes on an instance. */
export function eventNoter(deps: HealthDeps): (connection: Of) => Promise<void> {
  const noted = new LRUCache<string, number>({ max: 10_000 });
  return async (connection) => {
    const last = noted.get(connection.id);
    if (last !== undefined && deps.now() - last < NOTED_MS) return;
    noted.set(connection.id, deps.now());
    await noteHealth(connection, { lastEventAt: timestamp(deps.now) }, deps);
  };
}

export function noteFailure(connection: Of, code: ErrorCode, deps: HealthDeps): Promise<void> {
  return noteHealth(connection, { lastFailure: { at: timestamp(deps.now), code } }, deps);
}

/** Changes what is named of a connection's health. Nobody waits for it to be right: what fails here is left out. */
export async function noteHealth(
  { companyId, id }: Of,
  change: Partial<Health>,
  { db }: HealthDeps,
): Promise<void> {
  const fields = Object.fromEntries(Object.entries(change).map(([name, value]) => [`health.${name}`, value]));
  try {
    await db.doc(paths.connection(companyId, id)).update(fields);
  } catch {
    // A connection that was removed meanwhile, or a database that is away: there will be another event.
  }
}
