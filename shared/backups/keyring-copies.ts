import type { Firestore, Transaction } from '@google-cloud/firestore';
import { z } from 'zod';
import type { BackupBucket } from '../cloud/backup-buckets.ts';
import { paths } from '../cloud/firestore.ts';
import { KEYRING_GONE, snapshotOf } from './record.ts';

/** Which copies of the keyring there are outside the database. */
export interface KeyringCopies {
  /**
   * When the last copy that may hold what was there at `time` (RFC 3339) is purged, in RFC 3339; undefined: none is left,
   * and none is being made.
   */
  lastOf(time: string): Promise<string | undefined>;
}

/**
 * `keyringCopies/known`: when the snapshots of backups were or will be taken that are not purged, in milliseconds. Each is
 * here before it is taken, so that no key is destroyed between a snapshot and the first sign of it.
 */
const Known = z.object({ snapshots: z.array(z.number()) });

/** From what we know is being made, and from what lies in the buckets, whoever put it there. */
export function openKeyringCopies(deps: {
  db: Firestore;
  buckets: readonly Pick<BackupBucket, 'objects'>[];
}): KeyringCopies {
  return {
    async lastOf(time) {
      const destroyed = Date.parse(time);
      const snapshots = await knownSnapshots(deps.db);
      for (const bucket of deps.buckets) {
        for await (const object of bucket.objects()) {
          snapshots.push(snapshotOf(object.name) ?? Date.parse(object.createdAt));
        }
      }
      const holding = snapshots.filter((snapshot) => snapshot <= destroyed);
      if (holding.length === 0) return undefined;
      const last = holding.reduce((one, other) => Math.max(one, other));
      return new Date(last + KEYRING_GONE).toISOString();
    },
  };
}

async function knownSnapshots(db: Firestore): Promise<number[]> {
  const found = (await db.doc(paths.keyringCopies).get()).data();
  return found === undefined ? [] : Known.parse(found).snapshots;
}

/** In the transaction that plans a snapshot. Those whose copies are purged by now are forgotten. */
export async function addSnapshot(
  tx: Transaction,
  { db, now }: { db: Firestore; now: () => number },
  snapshot: number,
): Promise<void> {
  const ref = db.doc(paths.keyringCopies);
  const found = (await tx.get(ref)).data();
  const known = found === undefined ? [] : Known.parse(found).snapshots;
  const kept = known.filter((each) => each + KEYRING_GONE > now() && each !== snapshot);
  tx.set(ref, { snapshots: [...kept, snapshot] });
}
