import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { AppError } from '../domain/errors.ts';
import type { AccountsDeps } from './deps.ts';
import { endAll, type Session, sessionsIn } from './sessions.ts';

/** Ends one of the caller's own sessions; `NOT_FOUND` for any other. */
export async function endOwnSession(
  caller: Session,
  sessionId: string,
  requestId: string,
  deps: Pick<AccountsDeps, 'db' | 'now'>,
): Promise<AuditEntry> {
  return deps.db.runTransaction(async (tx) => {
    const sessions = await sessionsIn(tx, caller.memberId, deps);
    const wanted = sessions.filter((session) => session.id === sessionId);
    if (wanted.length === 0) throw new AppError('NOT_FOUND');
    endAll(tx, wanted, deps);
    return addEntry(tx, entryOf(caller, 'session.ended', requestId, { sessionId }), deps);
  });
}

/** Ends all of the caller's sessions, this one too. */
export async function endOwnSessions(
  caller: Session,
  requestId: string,
  deps: Pick<AccountsDeps, 'db' | 'now'>,
): Promise<AuditEntry> {
  return deps.db.runTransaction(async (tx) => {
    const sessions = await sessionsIn(tx, caller.memberId, deps);
    endAll(tx, sessions, deps);
    return addEntry(tx, entryOf(caller, 'sessions.ended', requestId, { sessions: sessions.length }), deps);
  });
}

function entryOf(
  { companyId, memberId }: Session,
  action: 'session.ended' | 'sessions.ended',
  requestId: string,
  facts: AuditEntry['facts'],
): Omit<AuditEntry, 'id' | 'at'> {
  return {
    companyId,
    actor: { type: 'member', id: memberId },
    action,
    record: { type: 'member', id: memberId },
    result: 'done',
    requestId,
    facts,
  };
}
