import type { BackupBucket, BackupBucketName, BackupObject } from '../cloud/backup-buckets.ts';
import type { Log } from '../cloud/log.ts';
import { type Clock } from '../domain/time.ts';
import { purgeBucket } from './purge.ts';
import { copyAll } from './copy-all.ts';
import { isManifest } from './manifest.ts';
import { pullLogs } from './offsite-logs.ts';
import { KEYRING_KEPT, snapshotOf } from './record.ts';

export interface OffsiteDeps {
  buckets: Record<BackupBucketName, BackupBucket>;
  /** The bucket of moved logs. */
  logs: BackupBucket;
  log: Log;
  now: Clock;
}

/**
 * One tick: pulls into the offsite project whatever is not there, object by object and inside the service. It only adds:
 * what stands there is never replaced. Two runs at once do no harm. `backup-check` says when a copy is whole.
 */
export async function copyOffsite(deps: OffsiteDeps): Promise<void> {
  const { buckets, logs, log, now } = deps;
  const pulls = [
    () => pull(buckets.backups, buckets.offsiteBackups, () => true),
    // What is about to be purged would come back for a moment.
    () =>
      pull(buckets.keyringBackups, buckets.offsiteKeyringBackups, ({ name, createdAt }) => {
        return now() < (snapshotOf(name) ?? Date.parse(createdAt)) + KEYRING_KEPT;
      }),
    () => pullLogs(logs, buckets.offsiteLogs, now),
  ];
  let copied = 0;
  const failures: unknown[] = [];
  // One that is stuck does not keep the others.
  for (const each of pulls) {
    try {
      copied += await each();
    } catch (error) {
      failures.push(error);
    }
  }
  if (copied > 0) log.offsiteCopied(copied);
  if (failures.length > 0) throw failures[0];
}

/** Deletes the offsite keyring's backups 23 h after their snapshot, and tells when that bucket would remember. */
export async function purgeOffsite(deps: { bucket: BackupBucket; log: Log; now: Clock }): Promise<void> {
  const { bucket, log } = deps;
  await purgeBucket(bucket, deps);
  if (!(await bucket.forgets())) log.keyringRemembered();
}

async function pull(
  source: BackupBucket,
  target: BackupBucket,
  wanted: (object: BackupObject) => boolean,
): Promise<number> {
  const there = new Set<string>();
  for await (const { name } of target.objects()) there.add(name);
  const missing: BackupObject[] = [];
  const whole = new Set<string>();
  for await (const object of source.objects()) {
    if (object.name.endsWith('.overall_export_metadata')) whole.add(exportOf(object.name));
    if (!there.has(object.name) && wanted(object)) missing.push(object);
  }
  // An export that is cut off, or under way, has no last object; a manifest is whole by itself.
  const ready = missing.filter(({ name }) => whole.has(exportOf(name)) || isManifest(name));
  return copyAll(ready, source, target);
}

/** `{id}/{part}`. */
function exportOf(name: string): string {
  return name.split('/').slice(0, 2).join('/');
}
