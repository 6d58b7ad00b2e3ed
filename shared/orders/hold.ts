import type { Transaction } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { AppError } from '../domain/errors.ts';
import type { StoredOrder } from '../domain/order.ts';
import { timestamp } from '../domain/time.ts';
import { type Acting, changeOrder, orderDoc, type OrdersDeps, type Target } from './order-store.ts';
import { withRouting } from './merge.ts';
import { left } from './progress.ts';
import { publishDue } from './publish-due.ts';

/** Sets an order aside whose routing failed for good, until its merchant retries it. Others are left as they are. */
export async function hold(
  target: Target,
  acting: Acting,
  deps: Pick<OrdersDeps, 'db' | 'log' | 'now'>,
): Promise<void> {
  const ref = orderDoc(deps.db, target.companyId, target.orderId);
  const held = await deps.db.runTransaction(async (tx) => {
    const order = (await tx.get(ref)).data() as StoredOrder | undefined;
    if (order?.routing !== 'pending' || order.erasing !== null) return false;
    const { due: _due, ...rest } = order;
    const at = timestamp(deps.now);
    tx.set(ref, { ...rest, routing: 'held', held: { code: 'ROUTING_FAILED', at }, updatedAt: at });
    const record = { type: 'order', id: target.orderId } as const;
    const facts = { code: 'ROUTING_FAILED' } as const;
    const about = { ...acting, action: 'order.held', record, result: 'done', facts } as const;
    addEntry(tx, { companyId: target.companyId, ...about }, deps);
    return true;
  });
  if (held) deps.log.orderHeld(target.orderId, target.companyId, 'ROUTING_FAILED');
}

/** Sets a held order going again. ORDER_NOT_HELD for any other, CONFLICT while its address is still missing. */
export async function retry(
  target: Target,
  acting: Acting,
  deps: OrdersDeps,
): Promise<{ order: StoredOrder; entry: AuditEntry }> {
  const retried = await changeOrder(target, deps, (tx, order) => {
    if (order.held === null) throw new AppError('ORDER_NOT_HELD');
    if (order.held.code === 'ADDRESS_EMPTY') {
      throw new AppError('CONFLICT', 'the order has no address; give it one with PATCH');
    }
    return setGoing(tx, order, target, acting, deps);
  });
  await publishDue(retried.order, target.orderId, target.companyId, deps);
  return retried;
}

/**
 * Offers what nobody supplies to the partners that there are now: one was paused when the order came, or is new. Whoever gave
 * a line back is not asked for it again. CONFLICT where the order waits for something else, or has no such line.
 */
export async function routeAgain(
  target: Target,
  acting: Acting,
  deps: OrdersDeps,
): Promise<{ order: StoredOrder; entry: AuditEntry }> {
  const routed = await changeOrder(target, deps, (tx, order) => {
    if (order.partner !== null) throw new AppError('CONFLICT', 'the retailer routes it');
    if (order.held !== null) throw new AppError('CONFLICT', 'the order is held; `held` says why');
    if (!order.paid) throw new AppError('CONFLICT', 'the order is not paid');
    if (!order.lines.some((line) => line.supplier === null && left(line) > 0)) {
      throw new AppError('CONFLICT', 'every line that is left has a supplier');
    }
    return setGoing(tx, order, target, acting, deps);
  });
  await publishDue(routed.order, target.orderId, target.companyId, deps);
  return routed;
}

function setGoing(
  tx: Transaction,
  order: StoredOrder,
  { companyId, orderId }: Target,
  acting: Acting,
  deps: OrdersDeps,
): { order: StoredOrder; entry: AuditEntry } {
  const stored = withRouting({ ...order, routing: 'pending', held: null, updatedAt: timestamp(deps.now) });
  tx.set(orderDoc(deps.db, companyId, orderId), stored);
  const record = { type: 'order', id: orderId } as const;
  const about = { ...acting, action: 'order.retried', record, result: 'done', facts: {} } as const;
  return { order: stored, entry: addEntry(tx, { companyId, ...about }, deps) };
}
