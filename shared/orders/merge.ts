import { dueSlot } from '../domain/due.ts';
import type { OrderLine, StoredOrder } from '../domain/order.ts';
import type { MinimisedOrder } from './minimise.ts';
import { left, linesEnded, withLines } from './progress.ts';

/** What an event says of an order beside what is stored. */
export type Age = 'older' | 'equal' | 'newer';

export function ageOf(stored: StoredOrder, incoming: MinimisedOrder): Age {
  const known = Date.parse(stored.sourceUpdatedAt ?? stored.createdAt);
  const said = Date.parse(incoming.updatedAt);
  return said < known ? 'older' : said === known ? 'equal' : 'newer';
}

/**
 * The order after an event of equal or newer age. Equal times merge monotonically: lines and quantities only grow, and
 * an order that was paid stays paid, so that it does not matter which came first. `idOf` gives a line's id from its key.
 */
export function mergeEvent(
  stored: StoredOrder,
  incoming: MinimisedOrder,
  idOf: (key: string) => string,
): StoredOrder {
  const newer = ageOf(stored, incoming) === 'newer';
  const paid = newer ? incoming.paid : stored.paid || incoming.paid;
  const lines = mergedLines(stored, incoming, idOf, { newer, paid });
  const merged: StoredOrder = {
    ...stored,
    routing: stored.routing === 'done' && wantsMore(stored.lines, lines) ? 'pending' : stored.routing,
    paid,
    ...(newer
      ? {
          totals: incoming.totals,
          shippingService: incoming.shippingService,
          sourceUpdatedAt: incoming.updatedAt,
        }
      : {}),
    // What the shop opens again is not put away any more: only an ended order can be deleted.
    ...(stored.archived && !linesEnded(lines) ? { archived: false, archivedAt: null } : {}),
  };
  return withRouting(withLines(merged, lines));
}

/** Whether a line that nobody supplies has more to ship than before. */
function wantsMore(before: OrderLine[], after: OrderLine[]): boolean {
  const known = new Map(before.map((line) => [line.id, left(line)]));
  return after.some((line) => line.supplier === null && left(line) > (known.get(line.id) ?? 0));
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

/** How an event stands to the stored order: whether it is newer, and whether the order counts as paid with it. */
interface Standing {
  newer: boolean;
  paid: boolean;
}

function mergedLines(
  stored: StoredOrder,
  incoming: MinimisedOrder,
  idOf: (key: string) => string,
  standing: Standing,
): OrderLine[] {
  const said = new Map(incoming.lines.map((line) => [idOf(line.key), line]));
  const known = stored.lines.map((line) => {
    const event = said.get(line.id);
    said.delete(line.id);
    if (event !== undefined) return mergedLine(line, event, standing);
    // A line that the shop no longer names will not be shipped.
    return standing.newer
      ? { ...line, saidQuantity: 0, cancelledQuantity: line.cancelledQuantity + left(line) }
      : line;
  });
  return [...known, ...[...said].map(([id, line]) => newLine(id, line))];
}

/** What the shop names more than the last time is ordered on top; what it names less is cancelled. */
function mergedLine(
  line: OrderLine,
  event: MinimisedOrder['lines'][number],
  { newer, paid }: Standing,
): OrderLine {
  const named = newer ? event.quantity : Math.max(line.saidQuantity, event.quantity);
  // A partner is not asked for more until that is paid.
  const saidQuantity = paid || line.supplier === null ? named : Math.min(line.saidQuantity, named);
  const quantity = line.quantity + Math.max(0, saidQuantity - line.saidQuantity);
  const unitPrice = newer ? event.unitPrice : line.unitPrice;
  const cancelled = event.cancelledQuantity + quantity - named;
  return grown({ ...line, quantity, saidQuantity, unitPrice }, cancelled, event.fulfilledQuantity);
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
    saidQuantity: line.quantity,
    fulfilledQuantity: line.fulfilledQuantity,
    cancelledQuantity: line.cancelledQuantity,
    returnedQuantity: 0,
    unitPrice: line.unitPrice,
    supplier: null,
    stock: null,
  };
}
