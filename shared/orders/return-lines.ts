import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import type { OrderLine, StoredOrder } from '../domain/order.ts';
import { timestamp } from '../domain/time.ts';
import {
  type Acting,
  byPartner,
  changeOrder,
  orderDoc,
  type OrdersDeps,
  readOwned,
  readSupplies,
  type Target,
} from './order-store.ts';
import { chosen, type LineQuantity } from './quantities.ts';

/**
 * Notes what came back of what was shipped, on both sides, whoever of them it came back to. QUANTITY_EXCEEDED for
 * more than what was shipped and has not come back.
 */
export function returnLines(
  target: Target,
  lines: LineQuantity[],
  acting: Acting,
  deps: OrdersDeps,
): Promise<{ order: StoredOrder; entry: AuditEntry }> {
  return changeOrder(target, deps, async (tx, order) => {
    const quantities = chosen(order.lines, lines, returnable);
    const others = await otherSides(order, deps, tx);
    const updatedAt = timestamp(deps.now);
    const stored = {
      ...order,
      updatedAt,
      lines: returned(order.lines, (line) => quantities.get(line.id) ?? 0),
    };
    tx.set(orderDoc(deps.db, target.companyId, target.orderId), stored);

    const about = {
      ...acting,
      action: 'order.returned',
      result: 'done',
      facts: { lines: quantities.size },
    } as const;
    const rest = new Map(quantities);
    for (const [id, other] of others) {
      const counted = returned(other.lines, (line) => takeElsewhere(order, other, line, rest));
      if (counted.every((line, place) => line === other.lines[place])) continue;
      tx.set(orderDoc(deps.db, other.companyId, id), { ...other, updatedAt, lines: counted });
      const told = { ...about, ...byPartner(acting, order.origin === null ? other : order) };
      addEntry(tx, { companyId: other.companyId, ...told, record: { type: 'order', id } }, deps);
    }
    const record = { type: 'order', id: target.orderId } as const;
    return { order: stored, entry: addEntry(tx, { companyId: target.companyId, ...about, record }, deps) };
  });
}

function returnable(line: OrderLine): number {
  return line.fulfilledQuantity - line.returnedQuantity;
}

function returned(lines: OrderLine[], quantityOf: (line: OrderLine) => number): OrderLine[] {
  return lines.map((line) => {
    const quantity = quantityOf(line);
    return quantity === 0 ? line : { ...line, returnedQuantity: line.returnedQuantity + quantity };
  });
}

async function otherSides(
  order: StoredOrder,
  { db }: OrdersDeps,
  tx: Parameters<typeof readSupplies>[1],
): Promise<Map<string, StoredOrder>> {
  const { origin } = order;
  const owned = await readOwned(db, tx, order);
  if (origin === null || owned === undefined) return latestFirst(await readSupplies(db, tx, order));
  return new Map([[origin.orderId, owned]]);
}

/** Whoever was asked last first: nobody says which partner's piece it is. */
function latestFirst(supplies: Map<string, StoredOrder>): Map<string, StoredOrder> {
  return new Map([...supplies].toReversed());
}

/**
 * How much of what came back is the other side's line's. A supply line names the owner's line that it serves; in both
 * directions that is the link. Several partners may have shipped of one line, and each piece comes back to one of them.
 */
function takeElsewhere(
  here: StoredOrder,
  there: StoredOrder,
  line: OrderLine,
  rest: Map<string, number>,
): number {
  const mine = there.origin !== null ? line.origin : here.lines.find((each) => each.origin === line.id)?.id;
  const quantity = Math.min(rest.get(mine ?? '') ?? 0, returnable(line));
  rest.set(mine ?? '', (rest.get(mine ?? '') ?? 0) - quantity);
  return quantity;
}
