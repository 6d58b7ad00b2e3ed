import type { Action } from './actions.ts';
import type { AuditEntry } from './entry.ts';

export interface AuditFilter {
  action?: Action | undefined;
  /** The id of an API key, of a connection or of a partner. */
  actor?: string | undefined;
  /** The id of the order, erasure or company that was acted on. */
  record?: string | undefined;
  /** RFC 3339 UTC with milliseconds: at or after. */
  from?: string | undefined;
  /** RFC 3339 UTC with milliseconds: before. */
  to?: string | undefined;
}

/** What the database's own query would answer for one entry. */
export function fits(entry: AuditEntry, { action, actor, record, from, to }: AuditFilter): boolean {
  return (
    (action === undefined || entry.action === action) &&
    (actor === undefined || entry.actor.id === actor) &&
    (record === undefined || entry.record.id === record) &&
    (from === undefined || entry.at >= from) &&
    (to === undefined || entry.at < to)
  );
}
