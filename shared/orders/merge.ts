import type { OrderLine, StoredOrder } from '../domain/order.ts';
import type { MinimisedOrder } from './minimise.ts';
import { dueSlot, left, linesEnded, withLines } from './progress.ts';

/** What an event says of an order beside what is stored. */
export type Age = 'older' | 'equal' | 'newer';

export function ageOf(stored: StoredOrder, incoming: MinimisedOrder): Age {
  const known = Date.parse(stored.sourceUpdatedAt ?? stored.createdAt);
  const said = Date.parse(incoming.updatedAt);
  return said < known ? 'older' : said === known ? 'equal' : 'newer';
}

/**
 * The order after an event of equal or newer age. Equal times merge monotonically: cancelled and shipped quantities
 * only grow, and an order that was paid stays paid. `idOf` gives a line's id from its key.
 */
export function mergeEvent(
  stored: StoredOrder,
  incoming: MinimisedOrder,
  idOf: (key: string) => string,
): StoredOrder {
  const newer = ageOf(stored, incoming) === 'newer';
  const lines = newer ? newerLines(stored, incoming, idOf) : grownLines(stored, incoming, idOf);
  const added = lines.length > stored.lines.length;
  const merged: StoredOrder = {
    ...stored,
    routing: added && stored.routing === 'done' ? 'pending' : stored.routing,
    paid: newer ? incoming.paid : stored.paid || incoming.paid,
    ...(newer
      ? {
          totals: incoming.totals,
          shippingService: incoming.shippingService,
          sourceUpdatedAt: incoming.updatedAt,
        }
      : {}),
  };
  return withRouting(withLines(merged, lines));
}

/** True when the two differ in something that is stored. */
export function differs(before: StoredOrder, after: StoredOrder): boolean {
  return JSON.stringify(strip(before)) !== JSON.stringify(strip(after));
}

function strip({ due: _due, ...order }: StoredOrder): Omit<StoredOrder, 'due'> {
  return order;
}

/** Work is due when the order is paid, its address is known and a line has nobody who ships it yet. */
export function withRouting(order: StoredOrder): StoredOrder {
  const { due: _due, ...rest } = order;
  if (order.routing === 'held') return rest;
  if (linesEnded(order.lines)) return { ...rest, routing: 'done' };
  if (order.routing === 'done') return rest;
  return order.paid
    ? { ...rest, routing: 'pending', due: order.due ?? dueSlot() }
    : { ...rest, routing: 'pending' };
}

function newerLines(
  stored: StoredOrder,
  incoming: MinimisedOrder,
  idOf: (key: string) => string,
): OrderLine[] {
  const said = new Map(incoming.lines.map((line) => [idOf(line.key), line]));
  const kept = stored.lines.map((line) => {
    const event = said.get(line.id);
    said.delete(line.id);
    // A line that the shop no longer names will not be shipped.
    if (event === undefined) return { ...line, cancelledQuantity: line.cancelledQuantity + left(line) };
    const quantity = Math.max(line.quantity, event.quantity);
    // A line that shrank says by how much less is wanted now.
    const cancelled = event.cancelledQuantity + (quantity - event.quantity);
    return grown({ ...line, quantity, unitPrice: event.unitPrice }, cancelled, event.fulfilledQuantity);
  });
  return [...kept, ...[...said].map(([id, line]) => newLine(id, line))];
}

function grownLines(
  stored: StoredOrder,
  incoming: MinimisedOrder,
  idOf: (key: string) => string,
): OrderLine[] {
  const said = new Map(incoming.lines.map((line) => [idOf(line.key), line]));
  return stored.lines.map((line) => {
    const event = said.get(line.id);
    return event === undefined ? line : grown(line, event.cancelledQuantity, event.fulfilledQuantity);
  });
}

/** Raises what was shipped and cancelled, within what was ordered. What a partner ships, only the partner tells. */
function grown(line: OrderLine, cancelled: number, fulfilled: number): OrderLine {
  const fulfilledQuantity =
    line.supplier === null
      ? Math.min(Math.max(line.fulfilledQuantity, fulfilled), line.quantity - line.cancelledQuantity)
      : line.fulfilledQuantity;
  const cancelledQuantity = Math.min(
    Math.max(line.cancelledQuantity, cancelled),
    line.quantity - fulfilledQuantity,
  );
  return { ...line, fulfilledQuantity, cancelledQuantity };
}

/** A line as an event first names it. */
export function newLine(id: string, line: MinimisedOrder['lines'][number]): OrderLine {
  return {
    id,
    origin: null,
    sku: line.sku,
    title: null,
    quantity: line.quantity,
    fulfilledQuantity: line.fulfilledQuantity,
    cancelledQuantity: line.cancelledQuantity,
    returnedQuantity: 0,
    unitPrice: line.unitPrice,
    supplier: null,
    stock: null,
  };
}
