import { dueFrom } from '../cloud/due.ts';
import type { Publisher } from '../cloud/pubsub.ts';
import type { StockMessage, StoredReservation, StoredStock } from '../domain/stock.ts';
import type { StockDeps } from './stock-store.ts';

/** What is younger than this, in milliseconds, is on its way and left alone. */
const PATIENCE = 60_000;

/**
 * Has settled what waits for it since a minute: reservations, and stocks that have to be weighed. A supplier's
 * reservations take one message whatever their number, each stock one of its own. Answers how many were published; `cursor`
 * is where the next tick goes on.
 */
export async function republishStock(
  cursor: Record<string, string>,
  deps: StockDeps & { publisher: Publisher },
): Promise<number> {
  const reservations = await lateOf<StoredReservation>('reservations', cursor, deps);
  const stocks = await lateOf<StoredStock>('stock', cursor, deps);
  const messages = new Map<string, StockMessage>();
  for (const { companyId, sku } of reservations) messages.set(companyId, { supplierId: companyId, sku });
  for (const { companyId, sku } of stocks) {
    messages.set(`${companyId}/${sku}`, { supplierId: companyId, sku });
  }
  await Promise.all([...messages.values()].map((message) => deps.publisher.stock(message)));
  return messages.size;
}

async function lateOf<T extends { updatedAt: string }>(
  group: 'reservations' | 'stock',
  cursor: Record<string, string>,
  { db, now }: StockDeps,
): Promise<T[]> {
  const { docs, next } = await dueFrom(db, group, cursor[group]);
  cursor[group] = next;
  return docs
    .map((doc) => doc.data() as T)
    .filter(({ updatedAt }) => now() - Date.parse(updatedAt) >= PATIENCE);
}
