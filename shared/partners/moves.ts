import type { AuditEntry } from '../audit/entry.ts';
import { AppError } from '../domain/errors.ts';
import { timestamp } from '../domain/time.ts';
import { withdrawInvitation } from './answer-invitation.ts';
import {
  addBothEntries,
  type Change,
  changeConnection,
  pairRef,
  requireBothStay,
  type Target,
} from './connection.ts';
import type { Acting, PartnersDeps } from './deps.ts';

type MoveDeps = Pick<PartnersDeps, 'db' | 'directory' | 'now'>;

/** Either side pauses what is active: nothing new is routed, open orders are finished. */
export function pause(target: Target, acting: Acting, deps: MoveDeps): Promise<AuditEntry> {
  return changeConnection(target, deps, async (tx, connection) => {
    const { own, ownRef, other } = connection;
    if (own.state === 'closing') throw new AppError('PARTNER_CLOSING');
    if (own.state !== 'active' || other === undefined) {
      throw new AppError('CONFLICT', 'only an active connection is paused');
    }
    await requireBothStay(tx, [acting.companyId, other.companyId], deps);
    tx.update(ownRef, { state: 'paused', pausedBy: 'us' } satisfies Change);
    tx.update(other.ref, { state: 'paused', pausedBy: 'them' } satisfies Change);
    return addBothEntries(tx, connection, acting, 'partner.paused', {}, deps);
  });
}

/** Whoever paused resumes. */
export function resume(target: Target, acting: Acting, deps: MoveDeps): Promise<AuditEntry> {
  return changeConnection(target, deps, async (tx, connection) => {
    const { own, ownRef, other } = connection;
    if (own.state !== 'paused' || other === undefined) {
      throw new AppError('CONFLICT', 'only a paused connection is resumed');
    }
    if (own.pausedBy !== 'us') throw new AppError('CONFLICT', 'the partner paused it, and resumes it');
    await requireBothStay(tx, [acting.companyId, other.companyId], deps);
    const active: Change = { state: 'active', pausedBy: null };
    tx.update(ownRef, active);
    tx.update(other.ref, active);
    return addBothEntries(tx, connection, acting, 'partner.resumed', {}, deps);
  });
}

/**
 * Either side ends a connection, for good: nothing new is routed, open orders are finished. The inviter withdraws what
 * nobody has accepted. A company that is being deleted can be left too.
 */
export function end(target: Target, acting: Acting, deps: MoveDeps): Promise<AuditEntry> {
  return changeConnection(target, deps, (tx, connection) => {
    const { id, own, ownRef, other } = connection;
    if (own.state === 'ended') throw new AppError('CONFLICT', 'the connection has ended already');
    if (own.companyId === null) return withdrawInvitation(tx, { partnerId: id, own }, acting, deps);
    const ended: Change = {
      ...{ state: 'ended', pausedBy: null, proposal: null, endedAt: timestamp(deps.now) },
    };
    tx.update(ownRef, ended);
    if (other !== undefined) tx.update(other.ref, ended);
    tx.delete(pairRef(deps.db, acting.companyId, own.companyId, own.role));
    return addBothEntries(tx, connection, acting, 'partner.ended', {}, deps);
  });
}
