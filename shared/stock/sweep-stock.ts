import { FieldPath, type Query, type QueryDocumentSnapshot } from '@google-cloud/firestore';
import type { Publisher } from '../cloud/pubsub.ts';
import { SLOTS } from '../domain/due.ts';
import type { StockMessage, StoredReservation, StoredStock } from '../domain/stock.ts';
import type { StockDeps } from './stock-store.ts';

/** What is younger than this, in milliseconds, is on its way and left alone. */
const PATIENCE = 60_000;
const MOST_AT_ONCE = 500;
/** How many pages of unfinished work one tick looks at: work under way must not hide work that was lost. */
const MOST_PAGES = 10;

/**
 * Has settled what waits for it since a minute: reservations, and stocks that have to be weighed. A supplier's
 * reservations take one message whatever their number, each stock one of its own. Answers how many were published.
 */
export async function republishStock(deps: StockDeps & { publisher: Publisher }): Promise<number> {
  const reservations = (await lateOf('reservations', deps)).map((doc) => doc.data() as StoredReservation);
  const stocks = (await lateOf('stock', deps)).map((doc) => doc.data() as StoredStock);
  const messages = new Map<string, StockMessage>();
  for (const { companyId, sku } of reservations) messages.set(companyId, { supplierId: companyId, sku });
  for (const { companyId, sku } of stocks) {
    messages.set(`${companyId}/${sku}`, { supplierId: companyId, sku });
  }
  await Promise.all([...messages.values()].map((message) => deps.publisher.stock(message)));
  return messages.size;
}

async function lateOf(
  group: 'reservations' | 'stock',
  { db, now }: StockDeps,
): Promise<QueryDocumentSnapshot[]> {
  const first: Query = db.collectionGroup(group).where('due', 'in', SLOTS).orderBy(FieldPath.documentId());
  const due: QueryDocumentSnapshot[] = [];
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const last = due.at(-1);
    const { docs } = await (last === undefined ? first : first.startAfter(last)).limit(MOST_AT_ONCE).get();
    due.push(...docs);
    if (docs.length < MOST_AT_ONCE) break;
  }
  return due.filter((doc) => now() - Date.parse(String(doc.get('updatedAt'))) >= PATIENCE);
}
