import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { AppError } from '../domain/errors.ts';
import type { StoredOrder } from '../domain/order.ts';
import { timestamp } from '../domain/time.ts';
import { type Acting, changeOrder, orderDoc, type OrdersDeps, type Target } from './order-store.ts';
import { canArchive } from './progress.ts';

/** `entry` is undefined when the order was archived before. */
export interface Archived {
  order: StoredOrder;
  entry: AuditEntry | undefined;
}

/**
 * Puts an ended order away, which is what allows deleting it. ORDER_NOT_ENDED while a line of it or a supply order
 * has something left to ship. Archiving twice changes nothing and leaves no second entry.
 */
export function archive(target: Target, acting: Acting, deps: OrdersDeps): Promise<Archived> {
  return changeOrder<Archived>(target, deps, (tx, order) => {
    if (order.archived) return { order, entry: undefined };
    if (!canArchive(order)) throw new AppError('ORDER_NOT_ENDED');
    const at = timestamp(deps.now);
    const stored = { ...order, archived: true, archivedAt: at, updatedAt: at };
    tx.set(orderDoc(deps.db, target.companyId, target.orderId), stored);
    const record = { type: 'order', id: target.orderId } as const;
    const about = { ...acting, action: 'order.archived', record, result: 'done', facts: {} } as const;
    return { order: stored, entry: addEntry(tx, { companyId: target.companyId, ...about }, deps) };
  });
}
