import type { DocumentReference, Firestore, Timestamp, Transaction } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { Action } from '../audit/actions.ts';
import type { AuditEntry, Facts } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import { type PartnerRole, StoredPartner, type Terms } from '../domain/partner.ts';
import type { Acting, PartnersDeps } from './deps.ts';

/** Which connection of which company an action is about. `checkVersion` throws when it was changed since it was read. */
export interface Target {
  companyId: string;
  partnerId: string;
  checkVersion?: ((version: Timestamp) => void) | undefined;
}

/** A connection as both companies have it. Before anybody accepted there is no other side. */
export interface Connection {
  id: string;
  own: StoredPartner;
  ownRef: DocumentReference;
  other: { companyId: string; ref: DocumentReference } | undefined;
}

/** A change of some fields of a side. */
export type Change = Partial<StoredPartner>;

/** Reads both sides and changes them in one transaction. `NOT_FOUND` for what is no connection of the company. */
export function changeConnection<T>(
  target: Target,
  { db }: Pick<PartnersDeps, 'db'>,
  change: (tx: Transaction, connection: Connection) => T | Promise<T>,
): Promise<T> {
  const ownRef = db.doc(paths.partner(target.companyId, target.partnerId));
  return db.runTransaction(async (tx): Promise<T> => {
    const found = await tx.get(ownRef);
    if (!found.exists || found.updateTime === undefined) throw new AppError('NOT_FOUND');
    target.checkVersion?.(found.updateTime);
    const own = StoredPartner.parse(found.data());
    const other = await otherSide(tx, own, target.partnerId, db);
    return change(tx, { id: target.partnerId, own, ownRef, other });
  });
}

async function otherSide(
  tx: Transaction,
  { companyId }: StoredPartner,
  partnerId: string,
  db: Firestore,
): Promise<Connection['other']> {
  if (companyId === null) return undefined;
  const ref = db.doc(paths.partner(companyId, partnerId));
  // A company that was deleted has left nothing behind.
  return (await tx.get(ref)).exists ? { companyId, ref } : undefined;
}

/** `PARTNER_CLOSING` once either company has asked for its deletion. */
export async function requireBothStay(
  tx: Transaction,
  companyIds: readonly string[],
  { directory }: Pick<PartnersDeps, 'directory'>,
): Promise<void> {
  const companies = await directory.companies(tx, ...companyIds);
  if (companies.some((company) => company === undefined || company.closing)) {
    throw new AppError('PARTNER_CLOSING');
  }
}

/** Writes an action into the log of whoever acts and, as the partner's, into the other company's. */
export function addBothEntries(
  tx: Transaction,
  connection: Pick<Connection, 'id' | 'other'>,
  acting: Acting,
  action: Action,
  facts: Facts,
  deps: Pick<PartnersDeps, 'db' | 'now'>,
): AuditEntry {
  const { id, other } = connection;
  const about = { action, record: { type: 'partner', id }, result: 'done', facts } as const;
  if (other !== undefined) {
    // Which of its keys or members it was is the partner's own matter.
    const byPartner = { actor: { type: 'partner', id }, requestId: acting.requestId } as const;
    addEntry(tx, { companyId: other.companyId, ...byPartner, ...about }, deps);
  }
  return addEntry(tx, { ...acting, ...about }, deps);
}

/** What a log says of terms. The name of a price list is the supplier's own word, and is not in it. */
export function termsFacts(version: number, { bill, shares }: Terms): Facts {
  return { termsVersion: version, bill, sharesStock: shares.stock };
}

export function opposite(role: PartnerRole): PartnerRole {
  return role === 'supplier' ? 'retailer' : 'supplier';
}

/** By which two companies find that they are connected, given what the other one is to the first. */
export function pairRef(
  db: Firestore,
  companyId: string,
  other: string,
  role: PartnerRole,
): DocumentReference {
  return db.doc(
    role === 'supplier' ? paths.partnerPair(companyId, other) : paths.partnerPair(other, companyId),
  );
}
