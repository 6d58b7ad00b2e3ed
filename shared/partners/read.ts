import { FieldPath, type Query, type Timestamp } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import { type PartnerRole, type PartnerState, StoredPartner } from '../domain/partner.ts';
import { type Contact, openContact } from './contact.ts';
import type { PartnersDeps } from './deps.ts';

/** A connection as the company sees it. */
export interface PartnerView extends Pick<
  StoredPartner,
  'role' | 'state' | 'pausedBy' | 'terms' | 'termsVersion' | 'proposal' | 'createdAt' | 'endedAt'
> {
  id: string;
  /** The partner's own name for itself; `null` before it has accepted, and when it is gone. */
  name: string | null;
  /** `null` where this company is the supplier. */
  preference: number | null;
  contact: Contact | null;
  invitation: { expiresAt: string } | null;
}

type ReadDeps = Pick<PartnersDeps, 'db' | 'keyring' | 'directory'>;
interface Row {
  id: string;
  partner: StoredPartner;
}

/** Up to `limit` connections, the newest first, after a place in the list. */
export async function listPartners(
  companyId: string,
  filter: { state?: PartnerState | undefined; role?: PartnerRole | undefined },
  page: { limit: number; after: [createdAt: string, id: string] | undefined },
  deps: ReadDeps,
): Promise<PartnerView[]> {
  let query: Query = deps.db.collection(paths.partners(companyId));
  if (filter.state !== undefined) query = query.where('state', '==', filter.state);
  if (filter.role !== undefined) query = query.where('role', '==', filter.role);
  query = query.orderBy('createdAt', 'desc').orderBy(FieldPath.documentId(), 'desc');
  if (page.after !== undefined) query = query.startAfter(...page.after);
  const found = await query.limit(page.limit).get();
  return views(
    companyId,
    found.docs.map((doc) => ({ id: doc.id, partner: StoredPartner.parse(doc.data()) })),
    deps,
  );
}

/** One connection, and when it was last written. */
export async function readPartner(
  companyId: string,
  partnerId: string,
  deps: ReadDeps,
): Promise<{ view: PartnerView; version: Timestamp }> {
  const found = await deps.db.doc(paths.partner(companyId, partnerId)).get();
  if (!found.exists || found.updateTime === undefined) throw new AppError('NOT_FOUND');
  const row = { id: partnerId, partner: StoredPartner.parse(found.data()) };
  const [view] = await views(companyId, [row], deps);
  if (view === undefined) throw new AppError('NOT_FOUND');
  return { view, version: found.updateTime };
}

async function views(
  companyId: string,
  rows: Row[],
  { keyring, directory }: ReadDeps,
): Promise<PartnerView[]> {
  const ids = rows.map(({ partner }) => partner.companyId).filter((id) => id !== null);
  const names = await directory.names(ids);
  return Promise.all(
    rows.map(async ({ id, partner }) => {
      const { role, state, pausedBy, terms, termsVersion, proposal, createdAt, endedAt } = partner;
      return {
        ...{ id, name: names.get(partner.companyId ?? '') ?? null, role, state, pausedBy },
        ...{ terms, termsVersion, proposal },
        preference: role === 'supplier' ? partner.preference : null,
        contact: await openContact(companyId, id, partner.contact, { keyring }),
        invitation: partner.invitation && { expiresAt: partner.invitation.expiresAt },
        ...{ createdAt, endedAt },
      };
    }),
  );
}
