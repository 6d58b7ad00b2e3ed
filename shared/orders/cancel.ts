import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { AppError } from '../domain/errors.ts';
import type { StoredOrder } from '../domain/order.ts';
import type { StockMessage } from '../domain/stock.ts';
import { timestamp } from '../domain/time.ts';
import { publishDeliveries, type Queued } from '../outbox/outbox.ts';
import { addEvents, endpointsOf } from '../outbox/targets.ts';
import { withRouting } from './merge.ts';
import {
  type Acting,
  byPartner,
  changeOrder,
  orderDoc,
  type OrdersDeps,
  readSupplies,
  type Target,
} from './order-store.ts';
import { left, withLines } from './progress.ts';
import { allOf, chosen, type LineQuantity } from './quantities.ts';
import { carryToStock, publishStock } from './reserve.ts';
import { carryToSupply, withSupplies } from './supply.ts';

/**
 * Ends quantities that were not shipped yet, of some lines or of all, on the retailer's order and on the supply
 * orders that serve it. CONFLICT for a supplier, who declines instead; QUANTITY_EXCEEDED for more than what is left.
 */
export async function cancel(
  target: Target,
  lines: LineQuantity[] | undefined,
  acting: Acting,
  deps: Pick<OrdersDeps, 'db' | 'now' | 'publisher' | 'log'>,
): Promise<{ order: StoredOrder; entry: AuditEntry }> {
  const { queued, ...done } = await changeOrder(target, deps, async (tx, order) => {
    if (order.partner !== null) throw new AppError('CONFLICT', 'a supplier declines, it does not cancel');
    const quantities = lines === undefined ? allOf(order.lines, left) : chosen(order.lines, lines, left);
    const supplies = await readSupplies(deps.db, tx, order);
    const companies = [
      ...new Set([target.companyId, ...[...supplies.values()].map((each) => each.companyId)]),
    ];
    const found = await Promise.all(companies.map((each) => endpointsOf(deps, each)));
    const endpoints = new Map(companies.map((each, place) => [each, found[place] ?? []]));
    const queued: Queued = [];
    const tell = (companyId: string, orderId: string): void => {
      const about = { companyId, orderId, event: 'order.cancelled' } as const;
      queued.push(...addEvents(tx, about, endpoints.get(companyId) ?? [], deps));
    };
    const updatedAt = timestamp(deps.now);
    const fewer = order.lines.map((line) => ({
      ...line,
      cancelledQuantity: line.cancelledQuantity + (quantities.get(line.id) ?? 0),
    }));

    const { lines: kept, changed } = carryToSupply(order.lines, fewer, supplies);
    const asked: StockMessage[] = [];
    for (const [id, supply] of changed) {
      const written = { ...supply, updatedAt };
      tx.set(orderDoc(deps.db, supply.companyId, id), written);
      asked.push(...carryToStock(tx, supplies.get(id) ?? supply, written, deps.db));
      addEntry(tx, cancelled(supply.companyId, id, supply, byPartner(acting, supply)), deps);
      tell(supply.companyId, id);
    }
    const stored = withRouting(withSupplies(withLines({ ...order, updatedAt }, kept), changed));
    tx.set(orderDoc(deps.db, target.companyId, target.orderId), stored);
    const entry = addEntry(tx, cancelled(target.companyId, target.orderId, stored, acting), deps);
    tell(target.companyId, target.orderId);
    return { order: stored, entry, asked, queued };
  });
  await publishStock(done.asked, deps);
  await publishDeliveries(queued, deps);
  return done;
}

function cancelled(
  companyId: string,
  id: string,
  { state }: StoredOrder,
  acting: Acting,
): Omit<AuditEntry, 'id' | 'at'> {
  const record = { type: 'order', id } as const;
  return { companyId, ...acting, action: 'order.cancelled', record, result: 'done', facts: { state } };
}
