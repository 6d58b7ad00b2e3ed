import type { Transaction } from '@google-cloud/firestore';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError, badFields } from '../domain/errors.ts';
import { type PartnerRole, type StoredPartner, Terms } from '../domain/partner.ts';
import { timestamp } from '../domain/time.ts';
import {
  addBothEntries,
  type Change,
  changeConnection,
  type Connection,
  opposite,
  requireBothStay,
  type Target,
  termsFacts,
} from './connection.ts';
import type { Acting, PartnersDeps } from './deps.ts';

/** Terms as somebody wants them: what is left out stays as it is. */
export interface TermsInput {
  priceListId?: string | null | undefined;
  bill?: boolean | undefined;
  shares?: { stock?: boolean | undefined } | undefined;
}

type TermsDeps = Pick<PartnersDeps, 'db' | 'directory' | 'now'>;

/**
 * The terms with what is wanted. `BAD_REQUEST` for a price list that is none of the supplier's: a retailer can take it
 * away or leave it, and names none.
 */
export async function changedTerms(
  tx: Transaction,
  terms: Terms,
  wanted: TermsInput,
  who: { companyId: string; as: PartnerRole },
  { db }: Pick<PartnersDeps, 'db'>,
): Promise<Terms> {
  const { priceListId = terms.priceListId, bill = terms.bill, shares } = wanted;
  const changed = Terms.parse({ priceListId, bill, shares: { stock: shares?.stock ?? terms.shares.stock } });
  if (priceListId === null || priceListId === terms.priceListId) return changed;
  const path = 'terms.priceListId';
  if (who.as === 'retailer') throw badFields({ path, message: 'is for the supplier to name' });
  const list = await tx.get(db.doc(`${paths.company(who.companyId)}/priceLists/${priceListId}`));
  if (!list.exists) throw badFields({ path, message: 'is no price list of yours' });
  return changed;
}

/**
 * Proposes other terms, in place of any that were proposed before. They hold once the other side accepts. `CONFLICT`
 * when they hold already.
 */
export async function proposeTerms(
  tx: Transaction,
  connection: Connection,
  wanted: TermsInput,
  acting: Acting,
  deps: TermsDeps,
): Promise<AuditEntry> {
  const { own, ownRef } = connection;
  const other = await requireTrading(tx, connection, acting, deps);
  const who = { companyId: acting.companyId, as: opposite(own.role) };
  const terms = await changedTerms(tx, own.terms, wanted, who, deps);
  if (sameTerms(terms, own.terms)) throw new AppError('CONFLICT', 'these terms hold already');
  const version = own.lastVersion + 1;
  const proposal = { version, terms, at: timestamp(deps.now) };
  tx.update(ownRef, { proposal: { ...proposal, by: 'us' }, lastVersion: version } satisfies Change);
  tx.update(other.ref, { proposal: { ...proposal, by: 'them' }, lastVersion: version } satisfies Change);
  return addBothEntries(tx, connection, acting, 'partner.terms_proposed', termsFacts(version, terms), deps);
}

/** The other side's yes. It names the version that it read: `CONFLICT` when that is not what is proposed now. */
export function acceptTerms(
  target: Target,
  version: number,
  acting: Acting,
  deps: TermsDeps,
): Promise<AuditEntry> {
  return changeConnection(target, deps, async (tx, connection) => {
    const other = await requireTrading(tx, connection, acting, deps);
    const { terms, by } = requireProposed(connection.own, version);
    if (by === 'us') throw new AppError('CONFLICT', 'the partner has to accept these terms');
    const billedBefore = connection.own.billedBefore || connection.own.terms.bill;
    const change: Change = { terms, billedBefore, termsVersion: version, proposal: null };
    tx.update(connection.ownRef, change);
    tx.update(other.ref, change);
    return addBothEntries(tx, connection, acting, 'partner.terms_accepted', termsFacts(version, terms), deps);
  });
}

/** The other side's no, or the proposer's second thought. The terms stay as they are. */
export function declineTerms(
  target: Target,
  version: number,
  acting: Acting,
  deps: TermsDeps,
): Promise<AuditEntry> {
  return changeConnection(target, deps, (tx, connection) => {
    const { terms, by } = requireProposed(connection.own, version);
    tx.update(connection.ownRef, { proposal: null } satisfies Change);
    if (connection.other) tx.update(connection.other.ref, { proposal: null } satisfies Change);
    const action = by === 'us' ? 'partner.terms_withdrawn' : 'partner.terms_declined';
    return addBothEntries(tx, connection, acting, action, termsFacts(version, terms), deps);
  });
}

/** The other side of a connection that terms can be agreed on: not before it is accepted, and not at its end. */
async function requireTrading(
  tx: Transaction,
  { own, other }: Connection,
  { companyId }: Acting,
  deps: Pick<PartnersDeps, 'directory'>,
): Promise<NonNullable<Connection['other']>> {
  if (own.state === 'closing') throw new AppError('PARTNER_CLOSING');
  if (other === undefined || (own.state !== 'active' && own.state !== 'paused')) {
    throw new AppError('CONFLICT', 'terms are agreed on while a connection is active or paused');
  }
  await requireBothStay(tx, [companyId, other.companyId], deps);
  return other;
}

function requireProposed(
  { proposal }: StoredPartner,
  version: number,
): NonNullable<StoredPartner['proposal']> {
  if (proposal?.version !== version) throw new AppError('CONFLICT', 'this version is not proposed');
  return proposal;
}

function sameTerms(one: Terms, other: Terms): boolean {
  return (
    one.priceListId === other.priceListId &&
    one.bill === other.bill &&
    one.shares.stock === other.shares.stock
  );
}
