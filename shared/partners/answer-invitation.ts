import { type Transaction } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import { connectedSide, type PartnerRole, StoredPartner, type Terms } from '../domain/partner.ts';
import { timestamp } from '../domain/time.ts';
import { addBothEntries, type Change, opposite, pairRef, termsFacts } from './connection.ts';
import type { Acting, PartnersDeps } from './deps.ts';
import { readInvitation } from './invitation-token.ts';
import { StoredPartnerInvitation } from './invite.ts';

/** The invitation by this id, and the token out of the link. */
export interface Invited {
  partnerId: string;
  token: string;
}

/** What whoever is invited sees before answering. */
export interface InvitationView {
  id: string;
  /** Of the company that invites. */
  name: string;
  /** What that company is going to be to this one. */
  role: PartnerRole;
  terms: Terms;
  expiresAt: string;
}

/** Who invites, and on what terms. */
export async function showInvitation(
  invited: Invited,
  { companyId }: Acting,
  deps: PartnersDeps,
): Promise<InvitationView> {
  const link = await readInvitation(invited.token, invited.partnerId, deps);
  return deps.db.runTransaction(async (tx) => {
    const { inviter, side, expiresAt } = await openInvitation(tx, invited, link, companyId, deps);
    const [company] = await deps.directory.companies(tx, inviter);
    if (company === undefined) throw new AppError('INVITATION_OVER');
    return {
      ...{ id: invited.partnerId, name: company.name, role: opposite(side.role), terms: side.terms },
      expiresAt,
    };
  });
}

/**
 * Connects the two companies on the terms of the invitation, once. `INVITATION_OVER` for whatever is wrong with the
 * link, `INVITATION_NOT_YOURS` unless an active member has the address, and a reason for two companies that can not be
 * connected. Whoever accepted already is told of no second time.
 */
export async function acceptInvitation(
  invited: Invited,
  acting: Acting,
  deps: PartnersDeps,
): Promise<AuditEntry | undefined> {
  const { db, directory, now } = deps;
  const { companyId } = acting;
  const { partnerId } = invited;
  const link = await readInvitation(invited.token, partnerId, deps);
  const ownRef = db.doc(paths.partner(companyId, partnerId));
  return db.runTransaction(async (tx) => {
    const before = await tx.get(ownRef);
    // The answer was lost, and the same company asks again.
    if (before.exists && StoredPartner.parse(before.data()).companyId !== null) return undefined;
    const { inviter, side } = await openInvitation(tx, invited, link, companyId, deps);
    const [own, theirs] = await directory.companies(tx, companyId, inviter);
    if (own === undefined || theirs === undefined) throw new AppError('INVITATION_OVER');
    if (own.mode !== theirs.mode) throw new AppError('PARTNER_OTHER_MODE');
    if (own.closing || theirs.closing) throw new AppError('PARTNER_CLOSING');
    const role = opposite(side.role);
    const pair = pairRef(db, companyId, inviter, role);
    if ((await tx.get(pair)).exists) throw new AppError('PARTNER_EXISTS');

    const ref = db.doc(paths.partner(inviter, partnerId));
    tx.delete(db.doc(paths.partnerInvitation(link.hash)));
    tx.update(ref, { companyId, state: 'active', invitation: null } satisfies Change);
    tx.create(ownRef, connectedSide(inviter, role, timestamp(now), side.terms));
    tx.create(pair, { partnerId });
    const facts = termsFacts(side.termsVersion, side.terms);
    const connection = { id: partnerId, other: { companyId: inviter, ref } };
    return addBothEntries(tx, connection, acting, 'partner.connected', facts, deps);
  });
}

/** Says no: the link is over, and the inviter reads so. */
export async function declineInvitation(
  invited: Invited,
  acting: Acting,
  deps: PartnersDeps,
): Promise<AuditEntry> {
  const { db, now } = deps;
  const { partnerId } = invited;
  const link = await readInvitation(invited.token, partnerId, deps);
  return db.runTransaction(async (tx) => {
    const { inviter } = await openInvitation(tx, invited, link, acting.companyId, deps);
    tx.delete(db.doc(paths.partnerInvitation(link.hash)));
    const ended: Change = { state: 'ended', invitation: null, endedAt: timestamp(now) };
    const ref = db.doc(paths.partner(inviter, partnerId));
    tx.update(ref, ended);
    const connection = { id: partnerId, other: { companyId: inviter, ref } };
    return addBothEntries(tx, connection, acting, 'partner.invitation_declined', {}, deps);
  });
}

/** Takes an open invitation back, in the caller's transaction. */
export function withdrawInvitation(
  tx: Transaction,
  { partnerId, own }: { partnerId: string; own: StoredPartner },
  acting: Acting,
  deps: Pick<PartnersDeps, 'db' | 'now'>,
): AuditEntry {
  const { db, now } = deps;
  if (own.invitation !== null) tx.delete(db.doc(paths.partnerInvitation(own.invitation.hash)));
  const ended: Change = { state: 'ended', invitation: null, endedAt: timestamp(now) };
  tx.update(db.doc(paths.partner(acting.companyId, partnerId)), ended);
  const record = { type: 'partner', id: partnerId } as const;
  const action = 'partner.invitation_withdrawn';
  return addEntry(tx, { ...acting, action, record, result: 'done', facts: {} }, deps);
}

/** The invitation that a link leads to, for a company in which the address is at home. */
async function openInvitation(
  tx: Transaction,
  { partnerId }: Invited,
  link: { hash: string; emailHash: string },
  companyId: string,
  { db, directory, now }: PartnersDeps,
): Promise<{ inviter: string; side: StoredPartner; expiresAt: string }> {
  const found = await tx.get(db.doc(paths.partnerInvitation(link.hash)));
  const open = StoredPartnerInvitation.safeParse(found.data()).data;
  if (open?.partnerId !== partnerId || open.emailHash !== link.emailHash) {
    throw new AppError('INVITATION_OVER');
  }
  const read = await tx.get(db.doc(paths.partner(open.companyId, partnerId)));
  const side = StoredPartner.safeParse(read.data()).data;
  const stands = side?.state === 'invited' && side.invitation?.hash === link.hash;
  if (!stands || open.expireAt.toMillis() <= now()) throw new AppError('INVITATION_OVER');
  if (open.companyId === companyId) throw new AppError('PARTNER_IS_SELF');
  if (!(await directory.holds(tx, companyId, link.emailHash))) throw new AppError('INVITATION_NOT_YOURS');
  return { inviter: open.companyId, side, expiresAt: open.expireAt.toDate().toISOString() };
}
