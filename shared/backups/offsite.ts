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
  // One that is stuck does not keep the others.
  const results: PromiseSettledResult<number>[] = [];
  for (const each of pulls) results.push(...(await Promise.allSettled([each()])));
  const copied = results.reduce((sum, each) => sum + (each.status === 'fulfilled' ? each.value : 0), 0);
  if (copied > 0) log.offsiteCopied(copied);
  const failed = results.find((each) => each.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
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
