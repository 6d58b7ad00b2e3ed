import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError, type ErrorCode } from '../domain/errors.ts';
import { ROLE_SCOPES } from '../domain/roles.ts';
import type { AccountsDeps } from './deps.ts';
import { readMember } from './member-store.ts';
import { MOST_MEMBERS } from './members.ts';
import { type MemberActing, ownMember, requireFreshPassword } from './own-member.ts';
import { tellOfRecovery } from './recovery-notices.ts';
import {
  entryAbout,
  lapsesAt,
  noteRecoveryRefused,
  readRecovery,
  type StoredRecovery,
  takeFactors,
} from './recovery-store.ts';
import { type Session, sessionsIn } from './sessions.ts';

export interface RecoveryView {
  memberId: string;
  startedAt: string;
  opensAt: string;
  until: string;
}

export function recoveryView(memberId: string, recovery: StoredRecovery): RecoveryView {
  const { startedAt, opensAt } = recovery;
  return { memberId, startedAt, opensAt, until: lapsesAt(recovery) };
}

/** Whose recoveries somebody sees and stops: owners all of the company's, everybody else their own. */
function concerns({ memberId, role }: Pick<Session, 'memberId' | 'role'>, whose: string): boolean {
  return memberId === whose || ROLE_SCOPES[role].includes('recoveries:write');
}

/** The recoveries that wait, the oldest first, as far as they concern the caller. */
export async function listRecoveries(
  session: Session,
  { db, now }: Pick<AccountsDeps, 'db' | 'now'>,
): Promise<RecoveryView[]> {
  const { companyId } = session;
  const found = await db
    .collection(paths.recoveries)
    .where('companyId', '==', companyId)
    .limit(MOST_MEMBERS)
    .get();
  return found.docs
    .filter(({ id }) => concerns(session, id))
    .flatMap((doc) => {
      const recovery = readRecovery(doc, now);
      return recovery === undefined ? [] : [recoveryView(doc.id, recovery)];
    })
    .sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
}

/** Stops a recovery: for any owner, and for the member, who has the factor after all. `NOT_FOUND` for any other. */
export async function stopRecovery(
  memberId: string,
  { session, requestId }: MemberActing,
  deps: AccountsDeps,
): Promise<AuditEntry> {
  const { db, now } = deps;
  const { companyId } = session;
  const ref = db.doc(paths.recovery(memberId));
  const entry = await db.runTransaction(async (tx) => {
    const actor = await ownMember(tx, session, deps);
    const recovery = readRecovery(await tx.get(ref), now);
    const may = concerns({ memberId: session.memberId, role: actor.member.role }, memberId);
    if (recovery?.companyId !== companyId || !may) throw new AppError('NOT_FOUND');
    tx.delete(ref);
    const about = entryAbout({ companyId, memberId }, { type: 'member', id: session.memberId }, requestId);
    return addEntry(tx, { ...about, action: 'recovery.stopped' }, deps);
  });
  await tellOfRecovery({ companyId, memberId }, 'recovery_stopped', deps);
  return entry;
}

/**
 * Takes another member's factors away at once, as they asked for. For an owner who has just signed in with password
 * and second factor, else `FRESH_SIGN_IN_NEEDED`; `FORBIDDEN` for one's own. Refusals are in the log.
 */
export async function approveRecovery(
  memberId: string,
  { session, requestId }: MemberActing,
  deps: AccountsDeps,
): Promise<AuditEntry> {
  const { db, now } = deps;
  const { companyId } = session;
  const own = { companyId, memberId };
  const about = entryAbout(own, { type: 'member', id: session.memberId }, requestId);
  try {
    const entry = await db.runTransaction(async (tx) => {
      const actor = await ownMember(tx, session, deps);
      const [found, foundMember] = await tx.getAll(
        db.doc(paths.recovery(memberId)),
        db.doc(paths.member(companyId, memberId)),
      );
      const recovery = found && readRecovery(found, now);
      if (recovery?.companyId !== companyId || !foundMember?.exists) throw new AppError('NOT_FOUND');
      if (actor.member.role !== 'owner') throw new AppError('FORBIDDEN', 'only an owner approves a recovery');
      if (memberId === session.memberId)
        throw new AppError('FORBIDDEN', 'nobody approves their own recovery');
      requireFreshPassword(actor.session, now);
      if (readMember(foundMember).state !== 'active')
        throw new AppError('CONFLICT', 'the member is suspended');
      const sessions = await sessionsIn(tx, memberId, deps);
      takeFactors(tx, own, sessions, deps);
      const facts = { sessions: sessions.length };
      return addEntry(tx, { ...about, action: 'recovery.approved', facts }, deps);
    });
    await tellOfRecovery(own, 'recovery_done', deps);
    return entry;
  } catch (error) {
    if (error instanceof AppError && NOTED.includes(error.code)) {
      await noteRecoveryRefused(about, error.code, deps);
    }
    throw error;
  }
}

/** What is known of the company's own: an id of others is never looked into, and writes nothing. */
const NOTED: readonly ErrorCode[] = ['FORBIDDEN', 'FRESH_SIGN_IN_NEEDED', 'CONFLICT'];
