import type { DocumentReference, Transaction } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import type { Clock } from '../domain/time.ts';
import { StoredMember, StoredSession } from './documents.ts';
import { isOver, type Session, type SessionDeps } from './sessions.ts';

/** How long a sign-in, or a second factor shown since, is good for what an unlocked screen should not be. */
const FRESH_MS = 10 * 60_000;

/** A member who acts, in a session, by a request. */
export interface MemberActing {
  session: Session;
  requestId: string;
}

/** The member and the session as they are now, not as they were when the request was let in. */
export interface OwnMember {
  session: Session;
  member: StoredMember;
  ref: DocumentReference;
}

/** Reads whoever acts in a transaction. `UNAUTHENTICATED` when the session has ended or the member is suspended. */
export async function ownMember(
  tx: Transaction,
  { hash, companyId, memberId }: Session,
  { db, now }: SessionDeps,
): Promise<OwnMember> {
  const ref = db.doc(paths.member(companyId, memberId));
  const [found, foundMember] = await tx.getAll(db.doc(paths.session(hash)), ref);
  if (found?.exists !== true || foundMember?.exists !== true) throw new AppError('UNAUTHENTICATED');
  const session = { ...StoredSession.parse(found.data()), hash };
  const member = StoredMember.parse(foundMember.data());
  if (isOver(session, now) || member.state !== 'active') throw new AppError('UNAUTHENTICATED');
  return { session, member, ref };
}

/** `FRESH_SIGN_IN_NEEDED` unless the password, and the second factor of whoever has one, were shown within ten minutes. */
export function requireFreshPassword(session: Pick<Session, 'createdAt' | 'passwordAt'>, now: Clock): void {
  requireFreshSignIn(session, now);
  if (now() - Date.parse(session.passwordAt) > FRESH_MS) throw new AppError('FRESH_SIGN_IN_NEEDED');
}

/** `FRESH_SIGN_IN_NEEDED` unless the password, or a second factor after it, was shown within ten minutes. */
export function requireFreshSignIn(session: Pick<Session, 'createdAt'>, now: Clock): void {
  // A session begins with what was shown: each rise of level and each factor shown makes a new one.
  if (now() - Date.parse(session.createdAt) > FRESH_MS) throw new AppError('FRESH_SIGN_IN_NEEDED');
}
