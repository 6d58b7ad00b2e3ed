import type { OrderLine, StoredOrder } from '../domain/order.ts';
import { withLines, withSupplyState } from './progress.ts';

/**
 * Carries what changed on an owner's lines to the supply orders that serve them. A supplied line and its supply line
 * always have the same left to ship, so what is added or cancelled on one is added or cancelled on the other.
 * Returns the supply orders that changed.
 */
export function carryToSupply(
  before: OrderLine[],
  after: OrderLine[],
  supplies: Map<string, StoredOrder>,
): Map<string, StoredOrder> {
  const old = new Map(before.map((line) => [line.id, line]));
  const changed = new Map<string, StoredOrder>();
  for (const [id, supply] of supplies) {
    const lines = supply.lines.map((line) => {
      const owned = after.find((each) => each.id === line.origin && each.supplier === supply.partner);
      const was = owned === undefined ? undefined : old.get(owned.id);
      if (owned === undefined || was?.supplier !== owned.supplier) return line;
      const more = owned.quantity - was.quantity;
      const cancelled = owned.cancelledQuantity - was.cancelledQuantity;
      return more === 0 && cancelled === 0
        ? line
        : { ...line, quantity: line.quantity + more, cancelledQuantity: line.cancelledQuantity + cancelled };
    });
    if (lines.some((line, place) => line !== supply.lines[place])) changed.set(id, withLines(supply, lines));
  }
  return changed;
}

/** The owner's order with the states of its supply orders as they are now. */
export function withSupplies(order: StoredOrder, supplies: Map<string, StoredOrder>): StoredOrder {
  let result = order;
  for (const [id, supply] of supplies) result = withSupplyState(result, id, supply.state);
  return result;
}
