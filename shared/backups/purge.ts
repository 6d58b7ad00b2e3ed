import { FieldPath } from '@google-cloud/firestore';
import type { BackupBucket } from '../cloud/backup-buckets.ts';
import { paths } from '../cloud/firestore.ts';
import type { Turn } from '../cloud/lease.ts';
import type { Log } from '../cloud/log.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import type { CheckDeps } from './check.ts';
import { isCopyMark } from './keyring-copies.ts';
import { KEYRING_KEPT, snapshotOf, StoredBackup } from './record.ts';

const DAY = 24 * 60 * 60_000;
/** Four a day stay this long, then one a day. */
const ALL_KEPT = 7 * DAY;
const DAILY_KEPT = 90 * DAY;
const PAGE = 100;

/**
 * Deletes every object of a keyring's bucket 23 h after its snapshot, by what is there and not by what we remember. What
 * has no name of ours goes 23 h after it was made. Answers the backups of which something went.
 */
export async function purgeBucket(
  bucket: BackupBucket,
  { log, now }: { log: Log; now: Clock },
): Promise<Set<string>> {
  const purged = new Set<string>();
  let count = 0;
  for await (const object of bucket.objects()) {
    const snapshot = snapshotOf(object.name) ?? Date.parse(object.createdAt);
    if (now() < snapshot + KEYRING_KEPT || isCopyMark(object.name)) continue;
    if (!(await bucket.remove(object))) {
      log.keyringRemembered();
      continue;
    }
    count += 1;
    if (snapshotOf(object.name) !== undefined) purged.add(object.name.split('/')[0] ?? '');
  }
  if (count > 0) log.keyringPurged(count);
  return purged;
}

/** The last one too: the live database remains, and newer exports. */
export async function purgeKeyring(deps: CheckDeps): Promise<void> {
  const { db, buckets, now } = deps;
  for (const id of await purgeBucket(buckets.keyringBackups, deps)) {
    const ref = db.doc(paths.backup(id));
    if ((await ref.get()).exists) await ref.update({ keyringPurgedAt: timestamp(now) });
  }
}

/**
 * Once a day: removes of the other databases' exports what is past its time, however long ago that was. Of a day the first
 * good one is kept. What the bucket still retains stays for later; offsite nobody removes anything.
 */
export async function thinOut(turn: Turn, deps: CheckDeps): Promise<void> {
  const { db, now } = deps;
  const today = timestamp(now).slice(0, 10);
  if (turn.cursor['thinnedOn'] === today) return;
  const daily = new Set<string>();
  const first = db
    .collection('backups')
    .where('state', 'in', ['good', 'failed'])
    .orderBy(FieldPath.documentId())
    .limit(PAGE);
  let query = first;
  for (;;) {
    const page = await query.get();
    for (const doc of page.docs) await thinOne(doc.id, StoredBackup.parse(doc.data()), daily, deps);
    const last = page.docs.at(-1);
    if (last === undefined || page.size < PAGE) break;
    query = first.startAfter(last.id);
  }
  turn.cursor['thinnedOn'] = today;
}

async function thinOne(
  id: string,
  record: StoredBackup,
  daily: Set<string>,
  { db, buckets, log, now }: CheckDeps,
): Promise<void> {
  if (record.state !== 'good' && record.state !== 'failed') return;
  const age = now() - Date.parse(record.snapshotTime);
  if (age < ALL_KEPT) return;
  const day = record.snapshotTime.slice(0, 10);
  if (record.state === 'good' && age < DAILY_KEPT && !daily.has(day)) {
    daily.add(day);
    return;
  }
  let whole = true;
  for await (const object of buckets.backups.objects(`${id}/`)) {
    whole = (await buckets.backups.remove(object)) && whole;
  }
  if (!whole) return;
  await db.doc(paths.backup(id)).update({ state: 'purged' });
  log.backupPurged(id);
}
