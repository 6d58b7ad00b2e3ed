import type { OrderLine, StoredOrder } from '../domain/order.ts';
import { left, withLines, withSupplyState } from './progress.ts';

/**
 * Carries what changed on an owner's lines to the supply orders that serve them. A supplied line and its supply line
 * always have the same left to ship, so what is added or cancelled on one is added or cancelled on the other. A partner
 * that has put its order away is asked for nothing more: such a line goes back to the owner. Answers the owner's lines
 * and the supply orders that changed.
 */
export function carryToSupply(
  before: OrderLine[],
  after: OrderLine[],
  supplies: Map<string, StoredOrder>,
): { lines: OrderLine[]; changed: Map<string, StoredOrder> } {
  const old = new Map(before.map((line) => [line.id, line]));
  const owned = new Map(after.map((line) => [line.id, line]));
  const changed = new Map<string, StoredOrder>();
  for (const [id, supply] of supplies) {
    const lines = supply.lines.map((line) => {
      const now = owned.get(line.origin ?? '');
      const was = old.get(line.origin ?? '');
      if (now === undefined || was === undefined || now.supplier !== supply.partner) return line;
      const more = now.quantity - was.quantity;
      const cancelled = now.cancelledQuantity - was.cancelledQuantity;
      if (more === 0 && cancelled === 0) return line;
      if (supply.archived) {
        owned.set(now.id, { ...now, supplier: null, stock: null });
        return line;
      }
      const changedLine = {
        ...line,
        quantity: line.quantity + more,
        cancelledQuantity: line.cancelledQuantity + cancelled,
      };
      // More is asked of the stock again.
      if (line.stock === null || left(changedLine) <= left(line)) return changedLine;
      owned.set(now.id, { ...now, stock: 'asked' });
      return { ...changedLine, stock: 'asked' as const };
    });
    if (lines.some((line, place) => line !== supply.lines[place])) {
      changed.set(id, withSupplyLines(supply, lines));
    }
  }
  return { lines: [...owned.values()], changed };
}

/** The supply order with new lines, and with its state and totals to match. */
export function withSupplyLines(supply: StoredOrder, lines: OrderLine[]): StoredOrder {
  const items = lines.reduce((sum, line) => sum + line.unitPrice * line.quantity, 0);
  return withLines({ ...supply, totals: { ...supply.totals, items, total: items } }, lines);
}

/** The owner's order with the states of its supply orders as they are now. */
export function withSupplies(order: StoredOrder, supplies: Map<string, StoredOrder>): StoredOrder {
  let result = order;
  for (const [id, supply] of supplies) result = withSupplyState(result, id, supply.state);
  return result;
}
