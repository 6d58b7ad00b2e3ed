import type { BackupBucket, BackupObject } from '../cloud/backup-buckets.ts';

const AT_ONCE = 8;

/** Copies objects under their names, inside the service. Answers how many: where one of the name stands nothing is replaced. */
export async function copyAll(
  objects: readonly BackupObject[],
  source: BackupBucket,
  target: BackupBucket,
): Promise<number> {
  let copied = 0;
  for (let from = 0; from < objects.length; from += AT_ONCE) {
    const some = objects.slice(from, from + AT_ONCE);
    const done = await Promise.all(some.map((object) => source.copyTo(object, target)));
    copied += done.filter(Boolean).length;
  }
  return copied;
}
