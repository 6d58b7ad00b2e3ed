import type { Firestore } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { Clock } from '../domain/time.ts';
import { StoredDrill } from './drill-record.ts';
import { ALARM_AFTER, StoredBackup } from './record.ts';

/** What everybody may know of backups. Times are RFC 3339, durations milliseconds. */
export interface BackupState {
  /** The newest good one: whole, here and offsite. */
  newest: { snapshotTime: string; goodAt: string } | null;
  /** No good one is young enough: the alarm. */
  overdue: boolean;
  /** The newest drill; how long it took to an opened order and how old the copy was, where it passed. */
  drill: { at: string; passed: boolean; recoveryTime: number | null; recoveryPoint: number | null } | null;
}

/** Two days of them, and some that failed. */
const LATEST = 12;
const DAY = 24 * 60 * 60_000;
const DRILL_DAYS = 7;

export async function backupState(deps: { db: Firestore; now: Clock }): Promise<BackupState> {
  const { db, now } = deps;
  const { docs } = await db.collection('backups').orderBy('snapshotTime', 'desc').limit(LATEST).get();
  const good = docs
    .flatMap((doc) => StoredBackup.safeParse(doc.data()).data ?? [])
    .find(({ state }) => state === 'good');
  const days = Array.from({ length: DRILL_DAYS }, (_, ago) =>
    new Date(now() - ago * DAY).toISOString().slice(0, 10),
  );
  const drills = await db.getAll(...days.map((day) => db.doc(paths.drill(day))));
  const [drill] = drills.flatMap((doc) => StoredDrill.safeParse(doc.data()).data ?? []);
  return {
    newest: good?.goodAt ? { snapshotTime: good.snapshotTime, goodAt: good.goodAt } : null,
    overdue: await isOverdue(deps),
    drill: drill === undefined ? null : shown(drill),
  };
}

/** Whether no good backup is young enough. Before the first one was due there is none to miss. */
export async function isOverdue({ db, now }: { db: Firestore; now: Clock }): Promise<boolean> {
  const since = new Date(now() - ALARM_AFTER).toISOString();
  const backups = db.collection('backups');
  const young = await backups.where('snapshotTime', '>=', since).get();
  if (young.docs.some((doc) => StoredBackup.safeParse(doc.data()).data?.state === 'good')) return false;
  const old = await backups.where('snapshotTime', '<', since).limit(1).get();
  return !old.empty;
}

function shown({ at, passed, recoveryTime, recoveryPoint }: StoredDrill): BackupState['drill'] {
  return passed
    ? { at, passed, recoveryTime, recoveryPoint }
    : { at, passed, recoveryTime: null, recoveryPoint: null };
}
