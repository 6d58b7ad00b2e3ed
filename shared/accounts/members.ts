import type { Firestore, Transaction } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import type { Keyring } from '../cloud/keyring.ts';
import { AppError } from '../domain/errors.ts';
import { covers, type MemberRole } from '../domain/roles.ts';
import type { AccountsDeps } from './deps.ts';
import { type FactorKind, factorsOf, StoredInvitation, StoredMember } from './documents.ts';
import { openEmail } from './email.ts';
import { readMember } from './member-store.ts';
import { openInvitations, withdrawAll } from './open-invitations.ts';
import { endAll, regrade, sessionsIn } from './sessions.ts';

/** Who acts in a company, and the request for its log. */
export interface ActingMember {
  companyId: string;
  memberId: string;
  requestId: string;
}

/** A member, or somebody who was invited and has not joined yet. */
export interface MemberView {
  id: string;
  email: string;
  role: MemberRole;
  state: 'invited' | 'active' | 'suspended';
  factors: FactorKind[];
  createdAt: string;
  lastSignInAt: string | null;
  /** Of an invitation. */
  expiresAt: string | null;
}

/** Bounds what one answer holds and what one transaction reads. */
export const MOST_MEMBERS = 500;

/** All members of a company and all invitations that still hold, the oldest first. */
export async function listMembers(companyId: string, deps: AccountsDeps): Promise<MemberView[]> {
  const { db, now } = deps;
  const [members, invitations] = await Promise.all([
    db.collection(paths.members(companyId)).limit(MOST_MEMBERS).get(),
    db.collection('invitations').where('companyId', '==', companyId).limit(MOST_MEMBERS).get(),
  ]);
  const shown = [
    ...members.docs.map((doc) => memberView(companyId, doc.id, StoredMember.parse(doc.data()), deps)),
    ...invitations.docs
      .map((doc) => StoredInvitation.parse(doc.data()))
      .filter(({ expiresAt }) => Date.parse(expiresAt) > now())
      .map((invitation) => invitationView(invitation, deps)),
  ];
  return (await Promise.all(shown)).sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
}

export async function memberView(
  companyId: string,
  id: string,
  member: StoredMember,
  { keyring }: { keyring: Pick<Keyring, 'openContact'> },
): Promise<MemberView> {
  const { role, state, createdAt, lastSignInAt } = member;
  const email = await openEmail(keyring, companyId, id, member.email);
  return { id, email, role, state, factors: factorsOf(member), createdAt, lastSignInAt, expiresAt: null };
}

export async function invitationView(
  { id, companyId, email, role, createdAt, expiresAt }: StoredInvitation,
  { keyring }: { keyring: Pick<Keyring, 'openContact'> },
): Promise<MemberView> {
  return {
    ...{ id, email: await openEmail(keyring, companyId, id, email), role, state: 'invited', factors: [] },
    ...{ createdAt, lastSignInAt: null, expiresAt },
  };
}

/**
 * Gives a member another role or state. It counts at once: the sessions get the role in the same commit, or end.
 * `FORBIDDEN` above one's own role, `LAST_OWNER` for the last owner.
 */
export async function changeMember(
  acting: ActingMember,
  memberId: string,
  change: { role?: MemberRole | undefined; state?: 'active' | 'suspended' | undefined },
  deps: AccountsDeps,
): Promise<{ member: StoredMember; entry: AuditEntry | undefined }> {
  const { db } = deps;
  const { companyId } = acting;
  return db.runTransaction(async (tx) => {
    const ref = db.doc(paths.member(companyId, memberId));
    const [actor, before] = await actorAndOther(tx, acting, memberId, deps);
    const member = { ...before, role: change.role ?? before.role, state: change.state ?? before.state };
    if (member.role === before.role && member.state === before.state) {
      return { member, entry: undefined };
    }
    requireCovers(actor, before.role, member.role);
    if (isOwner(before) && !isOwner(member)) await requireAnotherOwner(tx, companyId, deps);
    const sessions = await sessionsIn(tx, memberId, deps);
    tx.update(ref, { role: member.role, state: member.state });
    if (member.state === 'suspended') endAll(tx, sessions, deps);
    else regrade(tx, sessions, member, deps);
    const action =
      member.state === before.state
        ? 'member.role_changed'
        : member.state === 'suspended'
          ? 'member.suspended'
          : 'member.resumed';
    const facts = { role: member.role, roleBefore: before.role, sessions: sessions.length };
    return { member, entry: addMemberEntry(tx, acting, action, memberId, facts, deps) };
  });
}

/** Takes a member out of the company: the address is free again, every session ends, and no link leads back in. */
export async function removeMember(
  acting: ActingMember,
  memberId: string,
  deps: AccountsDeps,
): Promise<AuditEntry> {
  const { db } = deps;
  const { companyId } = acting;
  return db.runTransaction(async (tx) => {
    const [actor, member] = await actorAndOther(tx, acting, memberId, deps);
    requireCovers(actor, member.role);
    if (isOwner(member)) await requireAnotherOwner(tx, companyId, deps);
    const sessions = await sessionsIn(tx, memberId, deps);
    const links = await openInvitations(tx, { companyId, emailHash: member.emailHash }, deps);
    const by = { type: 'member', id: acting.memberId } as const;
    withdrawAll(tx, links, { actor: by, requestId: acting.requestId }, deps);
    tx.delete(db.doc(paths.member(companyId, memberId)));
    tx.delete(db.doc(paths.emailRef(member.emailHash)));
    tx.delete(db.doc(paths.recovery(memberId)));
    endAll(tx, sessions, deps);
    const facts = { roleBefore: member.role, sessions: sessions.length };
    return addMemberEntry(tx, acting, 'member.removed', memberId, facts, deps);
  });
}

/** Both as they are now, whatever a session says; who was taken out meanwhile does nothing any more. */
async function actorAndOther(
  tx: Transaction,
  { companyId, memberId }: ActingMember,
  otherId: string,
  { db }: { db: Firestore },
): Promise<[StoredMember, StoredMember]> {
  const [actor, other] = await tx.getAll(
    db.doc(paths.member(companyId, memberId)),
    db.doc(paths.member(companyId, otherId)),
  );
  if (!actor?.exists || other === undefined) throw new AppError('UNAUTHENTICATED');
  const acting = readMember(actor);
  if (acting.state !== 'active') throw new AppError('UNAUTHENTICATED');
  return [acting, readMember(other)];
}

/** `FORBIDDEN` when one of the roles is above the actor's own. */
export function requireCovers(actor: Pick<StoredMember, 'role'>, ...roles: MemberRole[]): void {
  if (roles.every((role) => covers(actor.role, role))) return;
  throw new AppError('FORBIDDEN', 'nobody gives, changes or takes away a role above their own');
}

function isOwner({ role, state }: StoredMember): boolean {
  return role === 'owner' && state === 'active';
}

/** Read in the transaction: of two owners who step down at the same moment, one stays. */
async function requireAnotherOwner(
  tx: Transaction,
  companyId: string,
  { db }: { db: Firestore },
): Promise<void> {
  const owners = await tx.get(db.collection(paths.members(companyId)).where('role', '==', 'owner'));
  const active = owners.docs.filter((doc) => StoredMember.parse(doc.data()).state === 'active');
  if (active.length < 2) throw new AppError('LAST_OWNER');
}

function addMemberEntry(
  tx: Transaction,
  { companyId, memberId, requestId }: ActingMember,
  action: AuditEntry['action'],
  onId: string,
  facts: AuditEntry['facts'],
  deps: AccountsDeps,
): AuditEntry {
  return addEntry(
    tx,
    {
      companyId,
      actor: { type: 'member', id: memberId },
      action,
      record: { type: 'member', id: onId },
      result: 'done',
      requestId,
      facts,
    },
    deps,
  );
}
