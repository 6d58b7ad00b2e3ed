import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { confirmReturns, type OrderLine, type StoredOrder } from '../domain/order.ts';
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
 * Notes what came back of what was shipped, on both sides, whoever of them it came back to. What the retailer notes is
 * unconfirmed at its supplier, who charges for what it shipped; what the supplier notes confirms that first, and counts
 * anew only beyond it. QUANTITY_EXCEEDED for more than what was shipped and has not come back.
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
      lines: order.lines.map((line) => confirmed(line, quantities.get(line.id) ?? 0)),
    };
    tx.set(orderDoc(deps.db, target.companyId, target.orderId), stored);

    const about = {
      ...acting,
      action: 'order.returned',
      result: 'done',
      facts: { lines: quantities.size },
    } as const;
    const rest = new Map(order.lines.map((line) => [line.id, beyond(line, quantities.get(line.id) ?? 0)]));
    for (const [id, other] of others) {
      const claimed = other.origin !== null;
      const counted = other.lines.map((line) =>
        returned(line, takeElsewhere(order, other, line, rest), claimed),
      );
      // A retailer is told of what its partner has confirmed, too.
      if (claimed && counted.every((line, place) => line === other.lines[place])) continue;
      tx.set(orderDoc(deps.db, other.companyId, id), { ...other, updatedAt, lines: counted });
      const told = { ...about, ...byPartner(acting, order.origin === null ? other : order) };
      addEntry(tx, { companyId: other.companyId, ...told, record: { type: 'order', id } }, deps);
    }
    const record = { type: 'order', id: target.orderId } as const;
    return { order: stored, entry: addEntry(tx, { companyId: target.companyId, ...about, record }, deps) };
  });
}

/** What its own company may note of a line. */
function returnable(line: OrderLine): number {
  return left(line) + unconfirmed(line);
}

function left(line: OrderLine): number {
  return line.fulfilledQuantity - line.returnedQuantity;
}

function unconfirmed({ unconfirmedReturnQuantity = 0 }: OrderLine): number {
  return unconfirmedReturnQuantity;
}

/** How much of what its own company notes of a line was not noted before. */
function beyond(line: OrderLine, quantity: number): number {
  return Math.max(0, quantity - unconfirmed(line));
}

function confirmed(line: OrderLine, quantity: number): OrderLine {
  const more = beyond(line, quantity);
  return returned(confirmReturns(line, quantity - more), more, false);
}

function returned(line: OrderLine, quantity: number, claimed: boolean): OrderLine {
  if (quantity === 0) return line;
  const counted = { ...line, returnedQuantity: line.returnedQuantity + quantity };
  return claimed ? { ...counted, unconfirmedReturnQuantity: unconfirmed(line) + quantity } : counted;
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
  const quantity = Math.min(rest.get(mine ?? '') ?? 0, left(line));
  rest.set(mine ?? '', (rest.get(mine ?? '') ?? 0) - quantity);
  return quantity;
}
