import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { AppError } from '../domain/errors.ts';
import type { StoredOrder } from '../domain/order.ts';
import { timestamp } from '../domain/time.ts';
import { publishDeliveries } from '../outbox/outbox.ts';
import { addEvents, endpointsOf } from '../outbox/targets.ts';
import { withRouting } from './merge.ts';
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
import { publishDue } from './publish-due.ts';
import { allOf, chosen } from './quantities.ts';
import { carryToStock, publishStock } from './reserve.ts';
import { activeSuppliers } from './suppliers.ts';

/**
 * A supplier gives back lines that it has not shipped, whole: the next partner that sells them is asked, and
 * without one the retailer ships them. CONFLICT for a retailer, QUANTITY_EXCEEDED when nothing is left to decline.
 */
export async function decline(
  target: Target,
  lineIds: string[] | undefined,
  acting: Acting,
  deps: Omit<OrdersDeps, 'keyring'>,
): Promise<{ order: StoredOrder; entry: AuditEntry }> {
  const { queued, ...done } = await changeOrder(target, deps, async (tx, order) => {
    const { origin, partner } = order;
    const owned = await readOwned(deps.db, tx, order);
    if (origin === null || owned === undefined) {
      throw new AppError('CONFLICT', 'only a supplier declines; a retailer cancels');
    }
    const endpoints = await endpointsOf(deps, origin.companyId);
    const named = lineIds && [...new Set(lineIds)].map((lineId) => ({ lineId, quantity: 1 }));
    const declined = named === undefined ? allOf(order.lines, left) : chosen(order.lines, named, left);
    const others = await tx.get(activeSuppliers(deps.db, origin.companyId).select());
    const another = others.docs.some(({ id }) => id !== partner);
    const updatedAt = timestamp(deps.now);

    const lines = order.lines.map((line) =>
      declined.has(line.id) ? { ...line, cancelledQuantity: line.cancelledQuantity + left(line) } : line,
    );
    const stored = withLines({ ...order, updatedAt }, lines);
    const givenBack = new Set(order.lines.filter((line) => declined.has(line.id)).map((line) => line.origin));
    const ownLines = owned.lines.map((line) =>
      givenBack.has(line.id) && line.supplier === partner ? { ...line, supplier: null, stock: null } : line,
    );
    const back = withSupplyState(withLines({ ...owned, updatedAt }, ownLines), target.orderId, stored.state);
    const told = another ? withRouting({ ...back, routing: again(back) }) : back;

    tx.set(orderDoc(deps.db, target.companyId, target.orderId), stored);
    tx.set(orderDoc(deps.db, origin.companyId, origin.orderId), told);
    const asked = carryToStock(tx, order, stored, deps.db);
    const about = { ...acting, action: 'order.declined', result: 'done' } as const;
    const facts = { lines: declined.size, supplyOrderId: target.orderId };
    const atOwner = { type: 'order', id: origin.orderId } as const;
    const entryThere = { ...about, ...byPartner(acting, order) };
    addEntry(tx, { companyId: origin.companyId, ...entryThere, record: atOwner, facts }, deps);
    const queued = addEvents(tx, { ...origin, event: 'order.declined' }, endpoints, deps);
    const here = { type: 'order', id: target.orderId } as const;
    return {
      order: stored,
      entry: addEntry(tx, { companyId: target.companyId, ...about, record: here, facts }, deps),
      ...{ asked, told, origin, queued },
    };
  });
  await publishStock(done.asked, deps);
  await publishDue(done.told, done.origin.orderId, done.origin.companyId, deps);
  await publishDeliveries(queued, deps);
  return done;
}

function again({ routing }: StoredOrder): StoredOrder['routing'] {
  return routing === 'held' ? 'held' : 'pending';
}
