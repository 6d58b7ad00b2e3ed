import type { OrderLine, OrderState, StoredOrder } from '../domain/order.ts';

/** What of a line can still be shipped or cancelled. */
export function left(line: Pick<OrderLine, 'quantity' | 'fulfilledQuantity' | 'cancelledQuantity'>): number {
  return line.quantity - line.fulfilledQuantity - line.cancelledQuantity;
}

/** An order has ended when shipped + cancelled = ordered on every line. */
export function linesEnded(lines: OrderLine[]): boolean {
  return lines.every((line) => left(line) === 0);
}

/** The trade's state, from the lines and from whether somebody was asked to supply them. */
export function stateOf(lines: OrderLine[], asked: boolean): OrderState {
  const shipped = lines.some((line) => line.fulfilledQuantity > 0);
  if (linesEnded(lines)) return shipped ? 'fulfilled' : 'cancelled';
  if (shipped) return 'part_fulfilled';
  return asked ? 'routed' : 'received';
}

export function hasEnded(state: OrderState): boolean {
  return state === 'fulfilled' || state === 'cancelled';
}

/** An order can be archived when it and every supply order of it has ended. */
export function canArchive(order: Pick<StoredOrder, 'lines' | 'supplyOrders'>): boolean {
  return linesEnded(order.lines) && order.supplyOrders.every((supply) => hasEnded(supply.state));
}

/** The order with new lines, and its state to match. */
export function withLines(order: StoredOrder, lines: OrderLine[]): StoredOrder {
  return { ...order, lines, state: stateOf(lines, order.partner !== null || order.supplyOrders.length > 0) };
}

/** The order with the state of one of its supply orders as it is now. */
export function withSupplyState(order: StoredOrder, supplyOrderId: string, state: OrderState): StoredOrder {
  return {
    ...order,
    supplyOrders: order.supplyOrders.map((supply) =>
      supply.id === supplyOrderId ? { ...supply, state } : supply,
    ),
  };
}
