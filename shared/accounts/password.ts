import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError, badFields } from '../domain/errors.ts';
import { letterLink } from '../domain/letter-page.ts';
import type { AccountsDeps } from './deps.ts';
import { factorsOf, type StoredMember } from './documents.ts';
import { openEmail } from './email.ts';
import { admitLink, admitPasswordCheck, type Origin } from './limits.ts';
import { linkHash, linkOver } from './link-token.ts';
import { requireLink } from './mailed-link.ts';
import { readMember } from './member-store.ts';
import { ownMember } from './own-member.ts';
import { requireGoodPassword } from './passwords.ts';
import { endAll, raiseSession, type Session, sessionsIn } from './sessions.ts';
import type { SignedIn } from './sign-in.ts';

/** Sets the password of the member that a link was sent to, and ends every session. Second factors stay as they are. */
export async function confirmReset(
  input: { token: string; password: string },
  origin: Origin,
  deps: AccountsDeps,
): Promise<AuditEntry> {
  const { db, keyring, passwords, throttle, mailer, baseUrl, now } = deps;
  await admitLink(throttle, origin);
  const ref = db.doc(paths.reset(linkHash(input.token)));
  const { companyId, memberId } = await requireLink(ref.get(), now());
  const memberRef = db.doc(paths.member(companyId, memberId));
  const before = await memberRef.get();
  if (!before.exists) throw linkOver();
  const email = await openEmail(keyring, companyId, memberId, readMember(before).email);
  await requireGoodPassword(input.password, 'password', [email]);
  const passwordHash = await passwords.hash(input.password);

  const { entry, account } = await db.runTransaction(async (tx) => {
    const reset = await requireLink(tx.get(ref), now());
    const snapshot = await tx.get(memberRef);
    if (!snapshot.exists) throw linkOver();
    const member = readMember(snapshot);
    if (member.state !== 'active' || member.passwordChangedAt !== reset.passwordChangedAt) throw linkOver();
    const sessions = await sessionsIn(tx, memberId, deps);
    tx.delete(ref);
    tx.update(memberRef, { passwordHash, passwordChangedAt: changedAt(member, now) });
    endAll(tx, sessions, deps);
    const entry = addEntry(
      tx,
      {
        companyId,
        actor: { type: 'member', id: memberId },
        action: 'password.reset',
        record: { type: 'member', id: memberId },
        result: 'done',
        requestId: origin.requestId,
        facts: { sessions: sessions.length },
      },
      deps,
    );
    return { entry, account: member.emailHash };
  });
  // Whoever reads the account's mail gets in from here, however many others try its password.
  await throttle.befriend(account, origin.address);
  await mailer.send(email, 'password_changed', letterLink(baseUrl, 'forgotten'));
  return entry;
}

/** Changes the caller's own password, ends every session and answers a new one of the same level. */
export async function changePassword(
  session: Session,
  input: { current: string; new: string },
  origin: Origin,
  deps: AccountsDeps,
): Promise<SignedIn> {
  const { db, keyring, passwords, throttle, mailer, baseUrl, now } = deps;
  const { companyId, memberId } = session;
  await admitPasswordCheck(throttle, memberId);
  const ref = db.doc(paths.member(companyId, memberId));
  const before = readMember(await ref.get());
  if (!(await passwords.verify(before.passwordHash, input.current)).good) {
    await noteWrongPassword(session, origin, deps);
    throw badFields({ path: 'current', message: 'is not the password' });
  }
  const email = await openEmail(keyring, companyId, memberId, before.email);
  await requireGoodPassword(input.new, 'new', [email]);
  const passwordHash = await passwords.hash(input.new);

  const changed = await db.runTransaction(async (tx) => {
    // As they are now: whoever was given another role while the hash was computed goes on with that.
    const { member, session: own } = await ownMember(tx, session, deps);
    if (member.passwordHash !== before.passwordHash) throw new AppError('CONFLICT');
    const sessions = await sessionsIn(tx, memberId, deps);
    tx.update(ref, { passwordHash, passwordChangedAt: changedAt(member, now) });
    endAll(
      tx,
      sessions.filter((each) => each.hash !== session.hash),
      deps,
    );
    const raised = raiseSession(tx, own, own.level, deps);
    const entry = addEntry(
      tx,
      {
        companyId,
        actor: { type: 'member', id: memberId },
        action: 'password.changed',
        record: { type: 'member', id: memberId },
        result: 'done',
        requestId: origin.requestId,
        facts: { sessions: sessions.length, sessionId: raised.session.id },
      },
      deps,
    );
    return { ...raised, level: own.level, factors: factorsOf(member), entry };
  });
  await mailer.send(email, 'password_changed', letterLink(baseUrl, 'forgotten'));
  return changed;
}

/** Always another instant than before: links to set a password are bound to it. */
function changedAt({ passwordChangedAt }: StoredMember, now: () => number): string {
  return new Date(Math.max(now(), Date.parse(passwordChangedAt) + 1)).toISOString();
}

/** Whoever has the session and tries passwords stands in the log; `admitPasswordCheck` bounds how often. */
async function noteWrongPassword(
  { companyId, memberId, id: sessionId }: Session,
  { requestId }: Origin,
  { db, now }: Pick<AccountsDeps, 'db' | 'now'>,
): Promise<void> {
  const member = { type: 'member', id: memberId } as const;
  const about = { companyId, actor: member, record: member, requestId } as const;
  const facts = { code: 'BAD_REQUEST', sessionId } as const;
  const batch = db.batch();
  addEntry(batch, { ...about, action: 'password.changed', result: 'refused', facts }, { db, now });
  await batch.commit();
}
