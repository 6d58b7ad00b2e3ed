import { dayOf, SEGMENTS } from '../audit/segment.ts';
import type { BackupBucket, BackupObject } from '../cloud/backup-buckets.ts';
import type { Clock } from '../domain/time.ts';
import { copyAll } from './copy-all.ts';

const DAY = 24 * 60 * 60_000;
/** A quiet hub moves something once a week. When nothing stands offsite of so many days, everything is looked at. */
const LOOK_BACK_DAYS = 40;
/** What has not come offsite in so many days is told. */
const CHECKED_DAYS = 7;

/**
 * Copies what has moved out of the logs and is not offsite, a day after the other: the newest day that stands there says
 * that all before it is complete, but for the one before, whose last objects may have come late. So a run that was killed is
 * gone on with, and a tick looks at days and not at ten years. Answers how many objects it copied.
 */
export async function pullLogs(source: BackupBucket, target: BackupBucket, now: Clock): Promise<number> {
  const newest = await newestDay(target, now);
  if (newest === undefined) return pullAll(source, target);
  let copied = 0;
  for (let day = newest - DAY; day <= now(); day += DAY) {
    const missing = await missingBelow(folderOf(day), source, target);
    copied += await copyAll(missing, source, target);
  }
  return copied;
}

/** How many objects of the last days, today's apart, are not offsite. */
export async function missingLogs(source: BackupBucket, target: BackupBucket, now: Clock): Promise<number> {
  let missing = 0;
  for (let ago = 1; ago <= CHECKED_DAYS; ago += 1) {
    missing += (await missingBelow(folderOf(now() - ago * DAY), source, target)).length;
  }
  return missing;
}

/** The first time, or after a long silence: in the order of the days as well, and what has none before all others. */
async function pullAll(source: BackupBucket, target: BackupBucket): Promise<number> {
  const missing = await missingBelow(SEGMENTS, source, target);
  const byDay = Map.groupBy(missing, ({ name }) => name.split('/').slice(1, -1).join('/'));
  let copied = 0;
  for (const day of [...byDay.keys()].sort()) copied += await copyAll(byDay.get(day) ?? [], source, target);
  return copied;
}

/** Its beginning, in milliseconds; undefined: none of the last days. */
async function newestDay(target: BackupBucket, now: Clock): Promise<number | undefined> {
  for (let ago = 0; ago <= LOOK_BACK_DAYS; ago += 1) {
    const day = Math.floor(now() / DAY - ago) * DAY;
    const found = await target.objects(folderOf(day))[Symbol.asyncIterator]().next();
    if (found.done !== true) return day;
  }
  return undefined;
}

/** The source first: what comes meanwhile is found by the next tick. */
async function missingBelow(
  folder: string,
  source: BackupBucket,
  target: BackupBucket,
): Promise<BackupObject[]> {
  const objects = await Array.fromAsync(source.objects(folder));
  if (objects.length === 0) return [];
  const there = new Map<string, string>();
  for await (const { name, crc32c } of target.objects(folder)) there.set(name, crc32c);
  return objects.filter(({ name, crc32c }) => there.get(name) !== crc32c);
}

function folderOf(time: number): string {
  return `${SEGMENTS}${dayOf(new Date(time).toISOString())}/`;
}
