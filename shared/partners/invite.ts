import { Timestamp, type Transaction } from '@google-cloud/firestore';
import { z } from 'zod';
import { addEntry, type Beside } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import { idSchema, randomId } from '../domain/ids.ts';
import {
  connectedSide,
  DEFAULT_TERMS,
  type PartnerRole,
  StoredPartner,
  type Terms,
} from '../domain/partner.ts';
import { letterLink } from '../domain/letter-page.ts';
import { timestamp } from '../domain/time.ts';
import { opposite, termsFacts } from './connection.ts';
import { type Contact, sealContact } from './contact.ts';
import type { Acting, PartnersDeps } from './deps.ts';
import { signInvitation } from './invitation-token.ts';
import { changedTerms, type TermsInput } from './terms.ts';

const FOURTEEN_DAYS_MS = 14 * 24 * 60 * 60_000;

/** `partnerInvitations/{SHA-256 of the token's id}`: there until the link is used, withdrawn, or over. */
export const StoredPartnerInvitation = z.object({
  companyId: idSchema('company'),
  partnerId: idSchema('partner'),
  emailHash: z.string(),
  expireAt: z.instanceof(Timestamp),
});
export type StoredPartnerInvitation = z.infer<typeof StoredPartnerInvitation>;

/** What the inviter says: whom, what they are to it, and on what terms. */
export interface Inviting {
  contact: Contact;
  role: PartnerRole;
  terms?: TermsInput | undefined;
}

/**
 * Sends a link by which the company of that address becomes a partner. Whether the address has an account is not told.
 * An address that was invited and has not answered is invited anew: the link that it has is over. An invitation to be a
 * supplier and one to be a retailer stand beside each other.
 */
export async function invite(
  input: Inviting,
  acting: Acting,
  deps: PartnersDeps,
  beside?: Beside,
): Promise<{ partnerId: string; entry: AuditEntry }> {
  const { db, directory, mailer, hub, now } = deps;
  const { companyId } = acting;
  const emailHash = await directory.hashOf(input.contact.email);
  await directory.admitLetter(companyId, emailHash);
  const { partnerId, terms } = await db.runTransaction((tx) =>
    checkInvite(tx, input, emailHash, acting, deps),
  );
  const expires = now() + FOURTEEN_DAYS_MS;
  const { token, hash } = await signInvitation({ partnerId, emailHash, expires }, deps);
  const contact = await sealContact(companyId, partnerId, input.contact, deps);
  // The letter first: what is answered, or found by a repeat, has been sent. A link without an invitation leads nowhere.
  const link = letterLink(hub.baseUrl, 'partner', { partner: partnerId, token });
  await mailer.send(input.contact.email, 'partner_invitation', link);

  const entry = await db.runTransaction(async (tx) => {
    const ref = db.doc(paths.partner(companyId, partnerId));
    const found = await tx.get(ref);
    const before = found.exists ? StoredPartner.parse(found.data()) : undefined;
    if (before !== undefined && before.state !== 'invited') throw new AppError('CONFLICT');
    if (before?.invitation) tx.delete(db.doc(paths.partnerInvitation(before.invitation.hash)));
    tx.create(db.doc(paths.partnerInvitation(hash)), {
      ...{ companyId, partnerId, emailHash },
      expireAt: Timestamp.fromMillis(expires),
    } satisfies StoredPartnerInvitation);
    const createdAt = before?.createdAt ?? timestamp(now);
    tx.set(ref, {
      ...connectedSide(companyId, input.role, createdAt, terms),
      ...{ companyId: null, state: 'invited', contact, emailHash },
      invitation: { hash, expiresAt: timestamp(() => expires) },
    } satisfies StoredPartner);
    beside?.(tx, partnerId);
    const record = { type: 'partner', id: partnerId } as const;
    const facts = { partnerRole: input.role, ...termsFacts(1, terms) };
    return addEntry(tx, { ...acting, action: 'partner.invited', record, result: 'done', facts }, deps);
  });
  return { partnerId, entry };
}

/** Refuses what can be told without telling of others; answers the id of the invitation that this one replaces, or a new one. */
async function checkInvite(
  tx: Transaction,
  { role, terms: wanted }: Inviting,
  emailHash: string,
  { companyId }: Acting,
  deps: PartnersDeps,
): Promise<{ partnerId: string; terms: Terms }> {
  const { db, directory } = deps;
  const [own] = await directory.companies(tx, companyId);
  if (own === undefined || own.closing) throw new AppError('PARTNER_CLOSING');
  if (await directory.holds(tx, companyId, emailHash)) throw new AppError('PARTNER_IS_SELF');
  const open = await tx.get(
    db
      .collection(paths.partners(companyId))
      .where('emailHash', '==', emailHash)
      .where('state', '==', 'invited')
      .where('role', '==', role)
      .limit(1),
  );
  const terms =
    wanted === undefined
      ? DEFAULT_TERMS
      : await changedTerms(tx, DEFAULT_TERMS, wanted, { companyId, as: opposite(role) }, deps);
  return { partnerId: open.docs[0]?.id ?? randomId('partner'), terms };
}
