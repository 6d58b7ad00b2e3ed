import type { Firestore, QueryDocumentSnapshot, Transaction } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import type { Clock } from '../domain/time.ts';
import { StoredInvitation } from './documents.ts';

export interface OpenInvitation {
  ref: QueryDocumentSnapshot['ref'];
  invitation: StoredInvitation;
}

/** What an address was sent to join one company by, and has not used. */
export async function openInvitations(
  tx: Transaction,
  { companyId, emailHash }: { companyId: string; emailHash: string },
  { db }: { db: Firestore },
): Promise<OpenInvitation[]> {
  const ofAddress = db
    .collection('invitations')
    .where('companyId', '==', companyId)
    .where('emailHash', '==', emailHash);
  const { docs } = await tx.get(ofAddress);
  return docs.map((doc) => ({ ref: doc.ref, invitation: StoredInvitation.parse(doc.data()) }));
}

/** Their links lead nowhere from now on; the company's log has each of them. */
export function withdrawAll(
  tx: Transaction,
  found: readonly OpenInvitation[],
  { actor, requestId }: Pick<AuditEntry, 'actor' | 'requestId'>,
  deps: { db: Firestore; now: Clock },
): void {
  for (const { ref, invitation } of found) {
    const { companyId, id, role } = invitation;
    tx.delete(ref);
    const record = { type: 'company', id: companyId } as const;
    const facts = { invitationId: id, role };
    const about = { companyId, actor, record, requestId, result: 'done', facts } as const;
    addEntry(tx, { ...about, action: 'member.invitation_withdrawn' }, deps);
  }
}
