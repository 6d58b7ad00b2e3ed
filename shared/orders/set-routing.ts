import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import type { RoutingCriterion } from '../domain/routing.ts';
import type { Acting, OrdersDeps } from './order-store.ts';

/** Sets by what a retailer's lines find their partner, for what is routed from now on. */
export function setRoutingOrder(
  companyId: string,
  routing: RoutingCriterion[],
  acting: Acting,
  deps: Pick<OrdersDeps, 'db' | 'now'>,
): Promise<AuditEntry> {
  const ref = deps.db.doc(paths.company(companyId));
  return deps.db.runTransaction(async (tx) => {
    if (!(await tx.get(ref)).exists) throw new AppError('NOT_FOUND');
    tx.update(ref, { routing });
    const record = { type: 'company', id: companyId } as const;
    const about = { ...acting, action: 'company.routing_set', record, result: 'done', facts: {} } as const;
    return addEntry(tx, { companyId, ...about }, deps);
  });
}
