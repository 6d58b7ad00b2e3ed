import type { Transaction } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError, badFields, type ErrorCode } from '../domain/errors.ts';
import { timestamp } from '../domain/time.ts';
import { hasFactor } from '../factors/stored-factors.ts';
import type { AccountsDeps } from './deps.ts';
import { StoredCompany, type StoredLink, type StoredMember } from './documents.ts';
import { admitLink, admitRecovery, admitRecoveryStart, type Origin } from './limits.ts';
import { linkHash, linkOver } from './link-token.ts';
import { requireLink } from './mailed-link.ts';
import { readMember } from './member-store.ts';
import { sendNotice, tellOfRecovery } from './recovery-notices.ts';
import {
  entryAbout,
  isOpen,
  newRecovery,
  noteRecoveryRefused,
  readRecovery,
  type StoredRecovery,
  takeFactors,
} from './recovery-store.ts';
import { issueSession, sessionsIn } from './sessions.ts';
import type { SignedIn } from './sign-in.ts';

/** Whoever reads the member's mail: nothing more is known of them. */
const SOMEBODY = { type: 'anonymous', id: null } as const;

/**
 * Begins the seven days, by a link that is then used up. `CONFLICT` for whoever has no second factor to lose, and
 * while another recovery of the member waits. The first notice goes out at once.
 */
export async function startRecovery(
  token: string,
  origin: Origin,
  deps: AccountsDeps,
): Promise<{ memberId: string; recovery: StoredRecovery; entry: AuditEntry }> {
  const { db, throttle, now } = deps;
  await admitLink(throttle, origin);
  const linkRef = db.doc(paths.recoveryLink(linkHash(token)));
  const { companyId, memberId } = await requireLink(linkRef.get(), now());
  await admitRecoveryStart(throttle, memberId);
  const started = await db.runTransaction(async (tx) => {
    const { member } = await memberOfLink(tx, token, deps);
    const ref = db.doc(paths.recovery(memberId));
    const waiting = readRecovery(await tx.get(ref), now);
    if (!hasFactor(member.secondFactors)) throw new AppError('CONFLICT', 'there is no second factor');
    if (waiting !== undefined) throw new AppError('CONFLICT', 'a recovery has begun already');
    const recovery = newRecovery(companyId, now);
    tx.delete(linkRef);
    tx.set(ref, recovery);
    const about = entryAbout({ companyId, memberId }, SOMEBODY, origin.requestId);
    return { memberId, recovery, entry: addEntry(tx, { ...about, action: 'recovery.started' }, deps) };
  });
  // Whatever goes wrong here is made good by the next run of `recover`.
  await sendNotice(memberId, deps).catch((error: unknown) => {
    deps.log.recoveryStuck(companyId, error);
  });
  return started;
}

/**
 * Ends a recovery that nobody stopped for seven days, by another link and the password: the factors are gone, every
 * session has ended, and the answer is one that waits for a new factor. `CONFLICT` before its time. A link that was
 * refused here is still good, within its hour.
 */
export async function completeRecovery(
  input: { token: string; password: string },
  origin: Origin,
  deps: AccountsDeps,
): Promise<SignedIn> {
  const { db, passwords, throttle, now } = deps;
  await admitLink(throttle, origin);
  const linkRef = db.doc(paths.recoveryLink(linkHash(input.token)));
  const { companyId, memberId } = await requireLink(linkRef.get(), now());
  await admitRecovery(throttle, memberId);
  const own = { companyId, memberId };
  const refuse = async (code: ErrorCode, error: AppError): Promise<never> => {
    await noteRecoveryRefused(entryAbout(own, SOMEBODY, origin.requestId), code, deps);
    throw error;
  };

  const ref = db.doc(paths.recovery(memberId));
  const [found, foundMember] = await db.getAll(ref, db.doc(paths.member(companyId, memberId)));
  if (found === undefined || !foundMember?.exists) throw linkOver();
  if (!isReady(readRecovery(found, now), now)) await refuse('CONFLICT', notYet());
  const { passwordHash, emailHash } = readMember(foundMember);
  if (!(await passwords.verify(passwordHash, input.password)).good) {
    await refuse('BAD_REQUEST', badFields({ path: 'password', message: 'is not the password' }));
  }

  const done = await db.runTransaction(async (tx) => {
    const { member, company } = await memberOfLink(tx, input.token, deps);
    // Stopped, approved or given another password while the hash was computed.
    if (!isReady(readRecovery(await tx.get(ref), now), now)) throw notYet();
    if (member.passwordHash !== passwordHash) throw linkOver();
    const sessions = await sessionsIn(tx, memberId, deps);
    tx.delete(linkRef);
    takeFactors(tx, own, sessions, deps);
    tx.update(db.doc(paths.member(companyId, memberId)), { lastSignInAt: timestamp(now) });
    const level = 'needs_enrolment' as const;
    const of = { ...own, mode: company.mode, role: member.role, level };
    const { token, session } = issueSession(tx, of, deps);
    const about = entryAbout(own, { type: 'member', id: memberId }, origin.requestId);
    const facts = { sessions: sessions.length, sessionId: session.id };
    const entry = addEntry(tx, { ...about, action: 'recovery.completed', facts }, deps);
    return { token, session, level, factors: [], entry };
  });
  // The next sign-in comes from here, however many others try the password.
  await throttle.befriend(emailHash, origin.address);
  await tellOfRecovery(own, 'recovery_done', deps);
  return done;
}

function isReady(recovery: StoredRecovery | undefined, now: AccountsDeps['now']): boolean {
  return recovery !== undefined && isOpen(recovery, now);
}

function notYet(): AppError {
  return new AppError('CONFLICT', 'there is no recovery whose seven days are over');
}

/** Link and member as they are now. A password that was set meanwhile, or a suspension, ends the link. */
async function memberOfLink(
  tx: Transaction,
  token: string,
  { db, now }: AccountsDeps,
): Promise<{ link: StoredLink; member: StoredMember; company: StoredCompany }> {
  const link = await requireLink(tx.get(db.doc(paths.recoveryLink(linkHash(token)))), now());
  const [found, company] = await tx.getAll(
    db.doc(paths.member(link.companyId, link.memberId)),
    db.doc(paths.company(link.companyId)),
  );
  if (!found?.exists || !company?.exists) throw linkOver();
  const member = readMember(found);
  if (member.state !== 'active' || member.passwordChangedAt !== link.passwordChangedAt) throw linkOver();
  return { link, member, company: StoredCompany.parse(company.data()) };
}
