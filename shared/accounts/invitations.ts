import { Timestamp } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import { randomId } from '../domain/ids.ts';
import { letterLink } from '../domain/letter-page.ts';
import { covers, type MemberRole } from '../domain/roles.ts';
import { timestamp } from '../domain/time.ts';
import type { AccountsDeps } from './deps.ts';
import { EmailRef, levelAfterPassword, StoredCompany, StoredInvitation, StoredMember } from './documents.ts';
import { emailHashOf, openEmail, sealEmail } from './email.ts';
import { admitInvitation, admitLink, type Origin } from './limits.ts';
import { linkHash, linkOver, newLinkToken } from './link-token.ts';
import { addMember, newMember, readMember } from './member-store.ts';
import { type ActingMember, type MemberView, invitationView, requireCovers } from './members.ts';
import { openInvitations, withdrawAll } from './open-invitations.ts';
import { requireGoodPassword } from './passwords.ts';
import { issueSession } from './sessions.ts';
import type { SignedIn } from './sign-in.ts';

const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * Sends a link by which the address joins with a role, at most the inviter's own; an earlier link of the company leads
 * nowhere then. Whether the address has an account elsewhere is not told: the answer, the work and the letter are the
 * same, and joining is refused then.
 */
export async function invite(
  acting: ActingMember,
  input: { email: string; role: MemberRole },
  deps: AccountsDeps,
): Promise<{ invitation: MemberView; entry: AuditEntry }> {
  const { db, keyring, throttle, mailer, baseUrl, now } = deps;
  const { companyId, memberId, requestId } = acting;
  const emailHash = emailHashOf(await keyring.lookup(), input.email);
  await requireMayGive(acting, input.role, deps);
  await admitInvitation(throttle, companyId, emailHash);

  const id = randomId('invitation');
  const token = newLinkToken();
  const expires = now() + WEEK_MS;
  const stored: StoredInvitation = {
    ...{ id, companyId, emailHash, role: input.role, invitedBy: memberId },
    email: await sealEmail(keyring, companyId, id, input.email),
    createdAt: timestamp(now),
    expiresAt: timestamp(() => expires),
    expireAt: Timestamp.fromMillis(expires),
  };
  const by = { type: 'member', id: memberId } as const;
  const entry = await db.runTransaction(async (tx) => {
    const [actor, taken] = await tx.getAll(
      db.doc(paths.member(companyId, memberId)),
      db.doc(paths.emailRef(emailHash)),
    );
    const earlier = await openInvitations(tx, stored, deps);
    if (!actor?.exists) throw new AppError('UNAUTHENTICATED');
    requireCovers(readMember(actor), input.role, ...earlier.map(({ invitation }) => invitation.role));
    if (taken?.exists === true && EmailRef.parse(taken.data()).companyId === companyId) {
      throw new AppError('CONFLICT', 'this address is a member already');
    }
    // Of two links to one address the second would still lead in whoever used the first and was taken out.
    withdrawAll(tx, earlier, { actor: by, requestId }, deps);
    tx.create(db.doc(paths.invitation(linkHash(token))), stored);
    return addEntry(
      tx,
      {
        companyId,
        actor: by,
        action: 'member.invited',
        record: { type: 'company', id: companyId },
        result: 'done',
        requestId,
        facts: { invitationId: id, role: input.role },
      },
      deps,
    );
  });
  await mailer.send(input.email, 'invitation', letterLink(baseUrl, 'join', { token }));
  return { invitation: await invitationView(stored, deps), entry };
}

/** Before anything is counted: nobody uses up letters by what they may not do. */
async function requireMayGive(
  { companyId, memberId }: ActingMember,
  role: MemberRole,
  { db }: Pick<AccountsDeps, 'db'>,
): Promise<void> {
  const actor = await db.doc(paths.member(companyId, memberId)).get();
  if (!actor.exists) throw new AppError('UNAUTHENTICATED');
  requireCovers(readMember(actor), role);
}

/** Takes an invitation back: its link leads nowhere. */
export async function withdrawInvitation(
  acting: ActingMember,
  invitationId: string,
  deps: AccountsDeps,
): Promise<AuditEntry> {
  const { db } = deps;
  const { companyId, memberId, requestId } = acting;
  const mine = db
    .collection('invitations')
    .where('companyId', '==', companyId)
    .where('id', '==', invitationId)
    .limit(1);
  return db.runTransaction(async (tx) => {
    const [doc] = (await tx.get(mine)).docs;
    if (doc === undefined) throw new AppError('NOT_FOUND');
    const actor = await tx.get(db.doc(paths.member(companyId, memberId)));
    if (!actor.exists) throw new AppError('UNAUTHENTICATED');
    const { role } = StoredInvitation.parse(doc.data());
    requireCovers(readMember(actor), role);
    tx.delete(doc.ref);
    return addEntry(
      tx,
      {
        companyId,
        actor: { type: 'member', id: memberId },
        action: 'member.invitation_withdrawn',
        record: { type: 'company', id: companyId },
        result: 'done',
        requestId,
        facts: { invitationId, role },
      },
      deps,
    );
  });
}

/**
 * Makes the member that a link was sent to, with that address and no other. The link works once and only while the
 * inviter may still give the role; `CONFLICT` when the address has an account elsewhere.
 */
export async function acceptInvitation(
  input: { token: string; password: string },
  origin: Origin,
  deps: AccountsDeps,
): Promise<SignedIn> {
  const { db, keyring, passwords, throttle, now } = deps;
  await admitLink(throttle, origin);
  const ref = db.doc(paths.invitation(linkHash(input.token)));
  const found = await ref.get();
  if (!found.exists) throw linkOver();
  const invitation = StoredInvitation.parse(found.data());
  const { companyId, role } = invitation;
  if (Date.parse(invitation.expiresAt) <= now()) throw linkOver();
  const email = await openEmail(keyring, companyId, invitation.id, invitation.email);
  await requireGoodPassword(input.password, 'password', [email]);
  const memberId = randomId('member');
  const passwordHash = await passwords.hash(input.password);
  const member = await newMember({ companyId, memberId, email, role, passwordHash }, deps);

  return db.runTransaction(async (tx) => {
    const [link, company, inviter, taken] = await tx.getAll(
      ref,
      db.doc(paths.company(companyId)),
      db.doc(paths.member(companyId, invitation.invitedBy)),
      db.doc(paths.emailRef(invitation.emailHash)),
    );
    const by = StoredMember.safeParse(inviter?.data()).data;
    const stillMay = by?.state === 'active' && covers(by.role, role);
    if (!link?.exists || !company?.exists || !stillMay) throw linkOver();
    if (taken?.exists) throw new AppError('CONFLICT', 'this address has an account already');
    const others = (await openInvitations(tx, invitation, deps)).filter((each) => each.ref.path !== ref.path);
    tx.delete(ref);
    withdrawAll(tx, others, { actor: { type: 'member', id: memberId }, requestId: origin.requestId }, deps);
    addMember(tx, { ...member, stored: { ...member.stored, lastSignInAt: timestamp(now) } }, deps);
    const level = levelAfterPassword(member.stored);
    const { mode } = StoredCompany.parse(company.data());
    const { token, session } = issueSession(tx, { companyId, memberId, mode, role, level }, deps);
    const entry = addEntry(
      tx,
      {
        companyId,
        actor: { type: 'member', id: memberId },
        action: 'member.joined',
        record: { type: 'member', id: memberId },
        result: 'done',
        requestId: origin.requestId,
        facts: { invitationId: invitation.id, role, sessionId: session.id },
      },
      deps,
    );
    return { token, session, level, factors: [], entry };
  });
}
