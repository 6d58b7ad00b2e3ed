import type { DocumentSnapshot, Firestore, Transaction } from '@google-cloud/firestore';
import { z } from 'zod';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import type { ErrorCode } from '../domain/errors.ts';
import { idSchema, randomId } from '../domain/ids.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { NO_FACTORS } from '../factors/stored-factors.ts';
import type { StoredMember } from './documents.ts';
import { endAll, type Session } from './sessions.ts';

const DAY_MS = 24 * 60 * 60_000;
/** How long anybody of the company can stop a recovery that nobody approved, and how long it is possible afterwards. */
const WAIT_DAYS = 7;
const OPEN_DAYS = 7;
/** When owners and the member are written to, in days since the start. */
const NOTICE_DAYS = [0, 1, 3, 6] as const;
/** A notice may be so late without anything being put off. */
const SLACK_MS = 60 * 60_000;

const Instant = z.iso.datetime({ precision: 3 });

/** `recoveries/{memberId}`: a member who lost the second factor and waits. It goes with its end, which is in the log. */
export const StoredRecovery = z.object({
  companyId: idSchema('company'),
  startedAt: Instant,
  /** From when on it can be completed. A notice that goes out late puts it off. */
  opensAt: Instant,
  /** So many notices went out. */
  notices: z.int().min(0).max(NOTICE_DAYS.length),
  /** When there is something to do next. Recoveries are few: an index on a time is no hot one. */
  due: Instant,
});
export type StoredRecovery = z.infer<typeof StoredRecovery>;

export function newRecovery(companyId: string, now: Clock): StoredRecovery {
  const startedAt = timestamp(now);
  return { companyId, startedAt, opensAt: later(startedAt, WAIT_DAYS), notices: 0, due: startedAt };
}

/** The recovery of a member; `undefined` when there is none or its time is over. */
export function readRecovery(snapshot: DocumentSnapshot, now: Clock): StoredRecovery | undefined {
  if (!snapshot.exists) return undefined;
  const recovery = StoredRecovery.parse(snapshot.data());
  return now() < Date.parse(lapsesAt(recovery)) ? recovery : undefined;
}

/** When it is over unless it was completed. */
export function lapsesAt({ opensAt }: StoredRecovery): string {
  return later(opensAt, OPEN_DAYS);
}

/** Whether all were told in time and nobody stopped it: from here on the member gets in without another owner. */
export function isOpen({ opensAt, notices }: StoredRecovery, now: Clock): boolean {
  return allNoticed({ notices }) && now() >= Date.parse(opensAt);
}

export function allNoticed({ notices }: Pick<StoredRecovery, 'notices'>): boolean {
  return notices === NOTICE_DAYS.length;
}

/** The recovery when the notice that is due has gone out: all that follows keeps its distance to it. */
export function afterNotice(recovery: StoredRecovery, now: Clock): StoredRecovery {
  const day = NOTICE_DAYS[recovery.notices] ?? WAIT_DAYS;
  const lateBy = now() - Date.parse(later(recovery.opensAt, day - WAIT_DAYS));
  const opensAt = lateBy > SLACK_MS ? later(recovery.opensAt, lateBy / DAY_MS) : recovery.opensAt;
  const notices = recovery.notices + 1;
  const next = NOTICE_DAYS[notices];
  const due = later(opensAt, next === undefined ? OPEN_DAYS : next - WAIT_DAYS);
  return { ...recovery, opensAt, notices, due };
}

/** The same, to be tried again: what can not be sent lets others pass, and puts the end off. */
export function afterFailure({ due }: StoredRecovery, now: Clock): StoredRecovery['due'] {
  return new Date(Math.max(Date.parse(due), now()) + SLACK_MS / 4).toISOString();
}

/** Takes the factors and every session, and leaves the password and the duty to set up a new factor. */
export function takeFactors(
  tx: Transaction,
  { companyId, memberId }: { companyId: string; memberId: string },
  sessions: readonly Session[],
  deps: { db: Firestore },
): Pick<StoredMember, 'secondFactors' | 'mustEnrol'> {
  const taken = { secondFactors: NO_FACTORS, mustEnrol: true };
  tx.update(deps.db.doc(paths.member(companyId, memberId)), taken);
  tx.delete(deps.db.doc(paths.recovery(memberId)));
  endAll(tx, sessions, deps);
  return taken;
}

/** What every entry about a recovery says. Without an actor it is nobody who has shown more than a link, or the hub. */
export function entryAbout(
  { companyId, memberId }: { companyId: string; memberId: string },
  actor: AuditEntry['actor'],
  requestId: string = randomId('request'),
) {
  const record = { type: 'member', id: memberId } as const;
  return { companyId, actor, record, requestId, result: 'done', facts: {} } as const;
}

/** A refusal is in the merchant's log too, though nothing was done. */
export async function noteRecoveryRefused(
  about: ReturnType<typeof entryAbout>,
  code: ErrorCode,
  { db, now }: { db: Firestore; now: Clock },
): Promise<void> {
  const batch = db.batch();
  const entry = { ...about, action: 'recovery.refused', result: 'refused', facts: { code } } as const;
  addEntry(batch, entry, { db, now });
  await batch.commit();
}

function later(instant: string, days: number): string {
  return new Date(Date.parse(instant) + days * DAY_MS).toISOString();
}
