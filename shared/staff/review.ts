import { paths } from '../cloud/firestore.ts';
import type { Log } from '../cloud/log.ts';
import { suspend } from './accounts.ts';
import { attestedAt, type AttestDeps } from './attest.ts';
import { hasAccess, toStaff } from './staff-store.ts';

/** One day's review: whoever has no signature of the last 90 days has no access from now on. */
export async function review(deps: AttestDeps & { log: Log }): Promise<void> {
  const { db, log, now } = deps;
  const active = await db.collection(paths.staff).where('state', '==', 'active').get();
  for (const read of active.docs.map(toStaff)) {
    if (read === undefined) continue;
    const at = await attestedAt(read, deps);
    // What the account says of itself does not count, only the list that was signed.
    const attested = at === undefined || read.staff.attested === null ? null : { ...read.staff.attested, at };
    if (hasAccess({ ...read.staff, attested }, now)) continue;
    await suspend(read.id, { db });
    log.staffSuspended(read.id);
  }
}
