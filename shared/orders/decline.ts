import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { AppError } from '../domain/errors.ts';
import type { StoredOrder } from '../domain/order.ts';
import { timestamp } from '../domain/time.ts';
import {
  type Acting,
  byPartner,
  changeOrder,
  orderDoc,
  type OrdersDeps,
  readOwned,
  type Target,
} from './order-store.ts';
import { left, withLines, withSupplyState } from './progress.ts';
import { allOf, chosen } from './quantities.ts';

/**
 * A supplier gives back lines that it has not shipped, whole: they go back to the retailer, who ships them. CONFLICT
 * for a retailer, QUANTITY_EXCEEDED when nothing is left to decline.
 */
export function decline(
  target: Target,
  lineIds: string[] | undefined,
  acting: Acting,
  deps: Pick<OrdersDeps, 'db' | 'now'>,
): Promise<{ order: StoredOrder; entry: AuditEntry }> {
  return changeOrder(target, deps, async (tx, order) => {
    const { origin, partner } = order;
    const owned = await readOwned(deps.db, tx, order);
    if (origin === null || owned === undefined) {
      throw new AppError('CONFLICT', 'only a supplier declines; a retailer cancels');
    }
    const named = lineIds && [...new Set(lineIds)].map((lineId) => ({ lineId, quantity: 1 }));
    const declined = named === undefined ? allOf(order.lines, left) : chosen(order.lines, named, left);
    const updatedAt = timestamp(deps.now);

    const lines = order.lines.map((line) =>
      declined.has(line.id) ? { ...line, cancelledQuantity: line.cancelledQuantity + left(line) } : line,
    );
    const stored = withLines({ ...order, updatedAt }, lines);
    const givenBack = new Set(order.lines.filter((line) => declined.has(line.id)).map((line) => line.origin));
    const ownLines = owned.lines.map((line) =>
      givenBack.has(line.id) && line.supplier === partner ? { ...line, supplier: null } : line,
    );
    const told = withSupplyState(withLines({ ...owned, updatedAt }, ownLines), target.orderId, stored.state);

    tx.set(orderDoc(deps.db, target.companyId, target.orderId), stored);
    tx.set(orderDoc(deps.db, origin.companyId, origin.orderId), told);
    const about = { ...acting, action: 'order.declined', result: 'done' } as const;
    const facts = { lines: declined.size, supplyOrderId: target.orderId };
    const atOwner = { type: 'order', id: origin.orderId } as const;
    const entryThere = { ...about, ...byPartner(acting, order) };
    addEntry(tx, { companyId: origin.companyId, ...entryThere, record: atOwner, facts }, deps);
    const here = { type: 'order', id: target.orderId } as const;
    return {
      order: stored,
      entry: addEntry(tx, { companyId: target.companyId, ...about, record: here, facts }, deps),
    };
  });
}
