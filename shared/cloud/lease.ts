import type { Firestore } from '@google-cloud/firestore';
import type { Clock } from '../domain/time.ts';
import { paths } from './firestore.ts';

/** `leases/{name}`: who works until when, and where the last run stopped. */
interface Lease {
  until: number;
  cursor: Record<string, string>;
}

/** Where a run starts, and how it says where the next one goes on. */
export interface Turn {
  cursor: Record<string, string>;
}

/**
 * Lets one run at a time do a piece of scheduled work, for as long as the lease lasts (milliseconds). False when
 * another run has it. A run that died is followed when its lease is over; the cursor is as far as the last run came.
 */
export async function withLease(
  deps: { db: Firestore; now: Clock },
  name: string,
  lasts: number,
  work: (turn: Turn) => Promise<void>,
): Promise<boolean> {
  const { db, now } = deps;
  const ref = db.doc(paths.lease(name));
  const until = now() + lasts;
  const taken = await db.runTransaction(async (tx) => {
    const lease = (await tx.get(ref)).data() as Lease | undefined;
    if (lease !== undefined && lease.until > now()) return undefined;
    const next: Lease = { until, cursor: lease?.cursor ?? {} };
    tx.set(ref, next);
    return next;
  });
  if (taken === undefined) return false;
  const turn: Turn = { cursor: { ...taken.cursor } };
  try {
    await work(turn);
  } finally {
    // Unless it took so long that another run has the lease by now.
    await db.runTransaction(async (tx) => {
      const lease = (await tx.get(ref)).data() as Lease | undefined;
      if (lease?.until === until) tx.set(ref, { until: 0, cursor: turn.cursor } satisfies Lease);
    });
  }
  return true;
}
