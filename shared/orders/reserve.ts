import type { DocumentData, DocumentReference, Firestore, WriteBatch } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { Party } from '../crypto/record-key.ts';
import { dueSlot } from '../domain/due.ts';
import type { OrderLine, StoredOrder } from '../domain/order.ts';
import type { StockMessage, StoredReservation } from '../domain/stock.ts';
import type { OrdersDeps } from './order-store.ts';
import { left } from './progress.ts';

/** Asks the supplier's stock for the lines of a supply order that are asked for, in the batch that makes them. */
export function reserve(
  batch: WriteBatch,
  { companyId, orderId }: Party,
  lines: OrderLine[],
  at: string,
  db: Firestore,
): StockMessage[] {
  for (const line of lines) {
    const reservation: StoredReservation = {
      ...{ companyId, sku: line.sku, orderId, quantity: left(line), shipped: 0, granted: 0, taken: 0 },
      ...{ state: 'asked', told: 'asked', createdAt: at, updatedAt: at, next: 'settle', due: dueSlot() },
    };
    batch.create(db.doc(paths.reservation(companyId, line.id)), reservation);
  }
  return messages(companyId, lines);
}

/** A batch or a transaction. */
interface Writer {
  update(ref: DocumentReference, data: DocumentData): unknown;
}

/**
 * Carries what happened to a supply order to its reservations, in the same transaction: what its lines have left and
 * what was shipped of them. What that means for the stock is settled by `allocate`, which the answered messages call.
 */
export function carryToStock(
  writer: Writer,
  before: StoredOrder,
  after: StoredOrder,
  db: Firestore,
): StockMessage[] {
  const known = new Map(before.lines.map((line) => [line.id, line]));
  const moved = after.lines.filter((line) => {
    const was = known.get(line.id);
    if (was === undefined || line.stock === null) return false;
    return left(line) !== left(was) || line.fulfilledQuantity !== was.fulfilledQuantity;
  });
  for (const line of moved) {
    const change: Partial<StoredReservation> = {
      ...{ quantity: left(line), shipped: line.fulfilledQuantity, updatedAt: after.updatedAt },
      ...{ next: 'settle', due: dueSlot() },
      // The line says so itself; what comes of it is told anew.
      ...(line.stock === 'asked' && { told: 'asked' }),
    };
    writer.update(db.doc(paths.reservation(after.companyId, line.id)), change);
  }
  return messages(after.companyId, moved);
}

/** One message settles all that a supplier's reservations ask for. */
function messages(supplierId: string, [first]: OrderLine[]): StockMessage[] {
  return first === undefined ? [] : [{ supplierId, sku: first.sku }];
}

/** Has reservations settled. A message that gets lost is made up for by `sweep`, so nothing fails here. */
export async function publishStock(
  asked: StockMessage[],
  { publisher, log }: Pick<OrdersDeps, 'publisher' | 'log'>,
): Promise<void> {
  await Promise.all(
    asked.map(async (message) => {
      try {
        await publisher.stock(message);
      } catch {
        log.stockPublishFailed(message.supplierId);
      }
    }),
  );
}
