import { AppError, badFields } from '../domain/errors.ts';
import type { Details, StoredOrder } from '../domain/order.ts';
import { MOST_LINES } from '../domain/order-data.ts';

/**
 * An order is one document and its sealed details are another, and Firestore takes none above 1 MiB. Whoever may
 * write to an order may do so for ever: what it can hold is bounded here, so that the last write is refused in words.
 */
const MOST_SHIPMENTS = 250;
/** Lines of all shipments together; each takes some 90 bytes. */
const MOST_SHIPPED_LINES = 2500;
const MOST_DETAILS_BYTES = 1_000_000;

/** BAD_REQUEST when events about an order have named more lines than it has room for. */
export function requireRoomForLines(order: Pick<StoredOrder, 'lines'>, details?: Details): void {
  if (order.lines.length > MOST_LINES || (details !== undefined && !fits(details))) {
    throw badFields({ path: 'lines', message: `more than ${MOST_LINES} lines, or too long ones, over time` });
  }
}

/** CONFLICT when an order has no room for another shipment. */
export function requireRoomForShipments({ fulfilments }: Pick<StoredOrder, 'fulfilments'>): void {
  const lines = fulfilments.reduce((sum, fulfilment) => sum + fulfilment.lines.length, 0);
  if (fulfilments.length > MOST_SHIPMENTS || lines > MOST_SHIPPED_LINES) {
    throw new AppError('CONFLICT', 'the order has no room for more shipments');
  }
}

/** CONFLICT when an order has no room for more tracking. */
export function requireRoomForTracking(details: Details): void {
  if (!fits(details)) throw new AppError('CONFLICT', 'the order has no room for more tracking');
}

function fits(details: Details): boolean {
  return Buffer.byteLength(JSON.stringify(details)) <= MOST_DETAILS_BYTES;
}
