import { randomUUID } from 'node:crypto';
import { Timestamp } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import { timestamp } from '../domain/time.ts';
import type { AccountsDeps } from './deps.ts';
import {
  EmailRef,
  type FactorKind,
  factorsOf,
  levelAfterPassword,
  type SessionLevel,
  StoredCompany,
  StoredMember,
} from './documents.ts';
import { emailHashOf } from './email.ts';
import { admitSignIn, type Origin } from './limits.ts';
import { crowdedOut, endAll, issueSession, type Session } from './sessions.ts';

/** What whoever signs in is given. */
export interface SignedIn {
  token: string;
  session: Session;
  level: SessionLevel;
  factors: FactorKind[];
  entry: AuditEntry;
}

/**
 * One hash of work, the same reads and as many writes whether the address is known or not; `UNAUTHENTICATED` in the
 * same words whatever is wrong, `TOO_MANY_REQUESTS` before anything is looked up.
 */
export async function signIn(
  input: { email: string; password: string },
  origin: Origin,
  deps: AccountsDeps,
): Promise<SignedIn> {
  const { db, keyring, passwords, throttle } = deps;
  const account = emailHashOf(await keyring.lookup(), input.email);
  const { logRefusal } = await admitSignIn(throttle, account, origin);

  const found = await findMember(account, deps);
  const usable = found?.member.state === 'active' ? found : undefined;
  const { good, renew } = await passwords.verify(usable?.member.passwordHash, input.password);
  if (usable === undefined || !good) {
    if (logRefusal) await noteRefusal(found?.ref, origin, deps);
    throw refused();
  }
  const renewed = renew ? await passwords.hash(input.password) : undefined;
  await throttle.befriend(account, origin.address);

  const { companyId, memberId } = usable.ref;
  return db.runTransaction(async (tx) => {
    const ref = db.doc(paths.member(companyId, memberId));
    const current = StoredMember.safeParse((await tx.get(ref)).data());
    // Removed, suspended or given another password while the hash was computed.
    const same = current.data?.passwordHash === usable.member.passwordHash && current.data.state === 'active';
    if (current.data === undefined || !same) throw refused();
    const member = current.data;
    const old = await crowdedOut(tx, memberId, deps);
    endAll(tx, old, deps);
    const level = levelAfterPassword(member);
    const of = { companyId, memberId, mode: usable.company.mode, role: member.role, level };
    const { token, session } = issueSession(tx, of, deps);
    tx.update(ref, { lastSignInAt: timestamp(deps.now), ...(renewed && { passwordHash: renewed }) });
    const entry = addEntry(
      tx,
      {
        companyId,
        actor: { type: 'member', id: memberId },
        action: 'session.started',
        record: { type: 'member', id: memberId },
        result: 'done',
        requestId: origin.requestId,
        facts: { sessionId: session.id, ...(old.length > 0 && { sessions: old.length }) },
      },
      deps,
    );
    return { token, session, level, factors: factorsOf(member), entry };
  });
}

interface Found {
  ref: EmailRef;
  member: StoredMember;
  company: StoredCompany;
}

async function findMember(account: string, { db }: AccountsDeps): Promise<Found | undefined> {
  const snapshot = await db.doc(paths.emailRef(account)).get();
  const ref = snapshot.exists ? EmailRef.parse(snapshot.data()) : undefined;
  // For an unknown address the same documents of nobody are read.
  const { companyId, memberId } = ref ?? { companyId: 'nobody', memberId: 'nobody' };
  const [member, company] = await db.getAll(
    db.doc(paths.member(companyId, memberId)),
    db.doc(paths.company(companyId)),
  );
  if (ref === undefined || !member?.exists || !company?.exists) return undefined;
  return { ref, member: StoredMember.parse(member.data()), company: StoredCompany.parse(company.data()) };
}

/** An entry in the log of the account that was tried; for an unknown address something as large that soon goes. */
export async function noteRefusal(
  ref: EmailRef | undefined,
  { requestId }: Pick<Origin, 'requestId'>,
  { db, now }: Pick<AccountsDeps, 'db' | 'now'>,
): Promise<void> {
  const batch = db.batch();
  if (ref === undefined) {
    const expireAt = Timestamp.fromMillis(now());
    batch.create(db.doc(paths.throttle(`refusal-${randomUUID()}`)), { requestId, expireAt });
  } else {
    addEntry(
      batch,
      {
        companyId: ref.companyId,
        actor: { type: 'anonymous', id: null },
        action: 'session.refused',
        record: { type: 'member', id: ref.memberId },
        result: 'refused',
        requestId,
        facts: { code: 'UNAUTHENTICATED' },
      },
      { db, now },
    );
  }
  await batch.commit();
}

function refused(): AppError {
  return new AppError('UNAUTHENTICATED', 'the address or the password is not right');
}
