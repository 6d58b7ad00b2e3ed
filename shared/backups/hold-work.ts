import type { Firestore } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { Clock } from '../domain/time.ts';

/** Scheduled work that changes what it finds, by the names of its leases. `sweep` would take keys for orphans. */
export const HELD = [
  ...['sweep', 'sweep-deliveries', 'support-ends', 'close', 'recover', 'bill'],
  ...['checkpoint', 'archive-log', 'backup', 'restore-drill', 'polls', 'pulls'],
];
const LONGEST = 24 * 60 * 60_000;

/** Takes the leases of all scheduled work in a database that is being restored, for a day at most. */
export async function holdWork(db: Firestore, now: Clock): Promise<void> {
  await setLeases(db, now() + LONGEST);
}

/**
 * From now on scheduled work runs again, from where the backup knew it to be. `restored`: when that was, and now, RFC 3339;
 * `bill` looks by it for what was paid in between.
 */
export async function letWork(
  db: Firestore,
  restored?: { restoredTo: string; restoredAt: string },
): Promise<void> {
  await setLeases(db, 0, restored);
}

async function setLeases(db: Firestore, until: number, more: Record<string, string> = {}): Promise<void> {
  for (const name of HELD) {
    const ref = db.doc(paths.lease(name));
    const cursor = (await ref.get()).get('cursor') as Record<string, string> | undefined;
    await ref.set({ until, cursor: { ...cursor, ...(name === 'bill' && more) } });
  }
}
