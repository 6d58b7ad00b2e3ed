import type { Context } from 'hono';
import { type AuditEntry, auditHeader } from '../../audit/entry.ts';
import type { StoredOrder } from '../../domain/order.ts';
import type { Acting, Target } from '../../orders/order-store.ts';
import { listView } from '../../orders/view.ts';
import type { ApiEnv } from '../app.ts';
import { checkIfMatch } from '../etag.ts';

type ApiContext = Context<ApiEnv>;

/** Who acts, for the log: the API key, under this request. */
export function actingIn(c: ApiContext): Acting {
  return { actor: c.var.caller.actor, requestId: c.var.requestId };
}

/** An order of the caller's own company, in the version that `If-Match` names. No other company can be named. */
export function targetIn(c: ApiContext, orderId: string): Target {
  const ifMatch = c.req.header('if-match');
  return {
    companyId: c.var.caller.companyId,
    orderId,
    checkVersion: (version) => {
      checkIfMatch(ifMatch, version);
    },
  };
}

/** Names the entry of an action on its answer. */
export function showEntry(c: ApiContext, entry: AuditEntry | undefined): void {
  if (entry !== undefined) c.header('Audit-Entry', auditHeader(entry));
}

/** The order as it is after an action, with the action's entry named. */
export function changed(
  c: ApiContext,
  orderId: string,
  done: { order: StoredOrder; entry: AuditEntry | undefined },
) {
  showEntry(c, done.entry);
  return c.json(listView(orderId, done.order), 200);
}
