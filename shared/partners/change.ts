import type { AuditEntry } from '../audit/entry.ts';
import { addEntry } from '../audit/append.ts';
import { AppError, badFields } from '../domain/errors.ts';
import { type Change, changeConnection, type Target } from './connection.ts';
import { type Contact, sealContact } from './contact.ts';
import type { Acting, PartnersDeps } from './deps.ts';
import { proposeTerms, type TermsInput } from './terms.ts';

/** What a company changes: its own settings at once, terms by a proposal. */
export interface PartnerChange {
  terms?: TermsInput | undefined;
  preference?: number | undefined;
  contact?: Contact | null | undefined;
}

/**
 * Changes a connection. `CONFLICT` before it is accepted and after its end; `BAD_REQUEST` for a preference of a
 * supplier, who is asked and does not ask.
 */
export async function changePartner(
  target: Target,
  { terms, preference, contact }: PartnerChange,
  acting: Acting,
  deps: PartnersDeps,
): Promise<AuditEntry | undefined> {
  const { companyId, partnerId } = target;
  const sealed = contact && (await sealContact(companyId, partnerId, contact, deps));
  return changeConnection(target, deps, async (tx, connection) => {
    const { own, ownRef } = connection;
    if (own.state === 'invited') throw new AppError('CONFLICT', 'the invitation has not been accepted');
    if (own.state === 'ended') throw new AppError('CONFLICT', 'the connection has ended');
    if (preference !== undefined && own.role === 'retailer') {
      throw badFields({ path: 'preference', message: 'is a setting of the retailer' });
    }
    const proposed = terms && (await proposeTerms(tx, connection, terms, acting, deps));
    const change: Change = {
      ...(preference !== undefined && { preference }),
      ...(sealed !== undefined && { contact: sealed }),
    };
    if (Object.keys(change).length === 0) return proposed;
    tx.update(ownRef, change);
    const record = { type: 'partner', id: partnerId } as const;
    const changed = addEntry(
      tx,
      { ...acting, action: 'partner.changed', record, result: 'done', facts: {} },
      deps,
    );
    return proposed ?? changed;
  });
}
