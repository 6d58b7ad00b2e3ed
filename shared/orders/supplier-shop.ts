import { AppError, type ErrorCode } from '../domain/errors.ts';
import type {
  IncomingLine,
  IncomingOrder,
  IncomingShipment,
  OrderLine,
  ShippedThere,
  StoredOrder,
} from '../domain/order.ts';
import type { LookupKey } from '../crypto/lookup.ts';
import { timestamp } from '../domain/time.ts';
import { decline } from './decline.ts';
import { correctFulfilment, fulfil } from './fulfil.ts';
import { type Acting, type OrdersDeps, readOrder, type Target } from './order-store.ts';
import type { OwnOrder } from './own-order.ts';
import { left } from './progress.ts';
import type { LineQuantity } from './quantities.ts';

/** How often one event goes over an order that is changed by others at the same time. */
const MOST_ROUNDS = 60;
/** What became of the order meanwhile: there is nothing left to tell it. */
const OVER: readonly ErrorCode[] = ['NOT_FOUND', 'ORDER_ERASED', 'KEY_GONE', 'QUANTITY_EXCEEDED'];

/** What a supplier's shop says of an order that we made there. */
export type Said = Pick<IncomingOrder, 'cancelled' | 'lines' | 'shipments'> & { updatedAt?: string };

/**
 * Carries what a supplier did in its own shop to the supply order: shipments first, then what was cancelled, which is
 * declined and goes to another partner. Only what the shop has shipped beyond what the supply order knows is told, so
 * that repeats, older events and what was told here already change nothing; and other tracking of what was shipped there.
 * True when something was carried.
 */
export async function takeFromSupplierShop(
  own: OwnOrder,
  said: Said,
  acting: Acting,
  deps: OrdersDeps,
): Promise<boolean> {
  let carried = false;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    try {
      if (!(await step(own, said, acting, deps))) return carried;
      carried = true;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (OVER.includes(error.code)) return carried;
      // Somebody else was faster: what is left is worked out anew.
      if (error.code !== 'PRECONDITION_FAILED') throw error;
    }
  }
  throw new AppError('UNAVAILABLE', 'the order keeps changing');
}

/** Tells one thing; false when there is nothing to tell. */
async function step(own: OwnOrder, said: Said, acting: Acting, deps: OrdersDeps): Promise<boolean> {
  const { companyId, orderId } = own;
  const { order, version } = await readOrder(deps.db, companyId, orderId);
  const checkVersion: Target['checkVersion'] = (now) => {
    if (!now.isEqual(version)) throw new AppError('PRECONDITION_FAILED');
  };
  const target = { companyId, orderId, checkVersion };
  const lines = order.lines.filter(({ id }) => own.lineIds.includes(id));
  const next = untold(lines, said);
  if (next !== undefined) {
    const there = thereOf(next, said, await deps.keyring.lookup(), deps);
    await fulfil(target, { ...next, shippedAt: undefined, there }, acting, deps);
    return true;
  }
  const other = await corrected(order, said, deps);
  if (other !== undefined) {
    await correctFulfilment(target, other.id, other, acting, deps);
    return true;
  }
  const dropped = lines.filter((line) => left(line) > 0 && isCancelled(line, said)).map(({ id }) => id);
  if (dropped.length === 0) return false;
  await decline(target, dropped, acting, deps);
  return true;
}

/** A shipment as it is at the shop: of what was shipped there, other tracking is told by this. */
function thereOf(
  { key, carrier, trackingNumbers, trackingUrls }: Omit<IncomingShipment, 'lines'>,
  { updatedAt }: Said,
  lookup: LookupKey,
  { now }: Pick<OrdersDeps, 'now'>,
): ShippedThere {
  const text = JSON.stringify([carrier, trackingNumbers, trackingUrls]);
  return {
    key,
    hash: lookup.hash('tracking', key, text).toString('base64'),
    at: updatedAt ?? timestamp(now),
  };
}

/** The first shipment that has other tracking at the shop than it had, by an event that is not older. */
async function corrected(
  { shippedThere }: StoredOrder,
  said: Said,
  deps: OrdersDeps,
): Promise<(Omit<IncomingShipment, 'lines'> & { id: string; there: ShippedThere }) | undefined> {
  if (shippedThere === undefined) return undefined;
  const lookup = await deps.keyring.lookup();
  for (const { lines: _lines, ...shipment } of said.shipments ?? []) {
    const there = thereOf(shipment, said, lookup, deps);
    const was = Object.entries(shippedThere).find(
      ([, { key, hash, at }]) =>
        key === there.key && hash !== there.hash && Date.parse(at) <= Date.parse(there.at),
    );
    if (was !== undefined) return { ...shipment, id: was[0], there };
  }
  return undefined;
}

/** The oldest shipment of the shop that the supply order does not know whole, with what is not known of it. */
function untold(
  lines: OrderLine[],
  { lines: there, shipments }: Said,
): (Omit<IncomingShipment, 'lines'> & { lines: LineQuantity[] }) | undefined {
  const known = new Map(lines.map((line) => [line.id, line.fulfilledQuantity]));
  const room = new Map(lines.map((line) => [line.id, left(line)]));
  for (const { lines: shipped, ...tracking } of shipments ?? []) {
    const quantities: LineQuantity[] = [];
    for (const { key, quantity } of shipped) {
      const item = there.find((each) => each.key === key);
      let rest = item === undefined ? 0 : quantity;
      for (const line of lines.filter((each) => item !== undefined && isOf(each, item))) {
        const before = Math.min(rest, known.get(line.id) ?? 0);
        known.set(line.id, (known.get(line.id) ?? 0) - before);
        const now = Math.min(rest - before, room.get(line.id) ?? 0);
        room.set(line.id, (room.get(line.id) ?? 0) - now);
        rest -= before + now;
        if (now > 0) quantities.push({ lineId: line.id, quantity: now });
      }
    }
    if (quantities.length > 0) return { ...tracking, lines: quantities };
  }
  return undefined;
}

/** The shop ended the order, or has nothing left to ship of the line's SKU. */
function isCancelled(line: OrderLine, { cancelled, lines }: Said): boolean {
  if (cancelled) return true;
  const items = lines.filter((item) => isOf(line, item));
  const open = items.map((item) => item.quantity - item.cancelledQuantity - item.fulfilledQuantity);
  return items.some((item) => item.cancelledQuantity > 0) && open.every((quantity) => quantity <= 0);
}

/** A shop that has no product of the SKU was given a line of its title, with the SKU behind it. */
function isOf({ sku }: OrderLine, item: IncomingLine): boolean {
  return item.sku === sku || item.title.endsWith(`(${sku})`);
}
