import { FieldPath, type Firestore } from '@google-cloud/firestore';
import { dueSlot } from '../domain/due.ts';
import type { StoredReservation, StoredStock } from '../domain/stock.ts';

const PAGE = 300;

/**
 * Counts anew, out of the reservations that there are, what of each stock is promised and who waits; what is on hand stays
 * as the merchant counted it. Each stock that had it otherwise is weighed by the next sweep. Runs while nobody writes.
 * Answers how many stocks were put right.
 */
export async function recountStock(db: Firestore): Promise<number> {
  let changed = 0;
  const first = db.collectionGroup('stock').orderBy(FieldPath.documentId()).limit(PAGE);
  let query = first;
  for (;;) {
    const page = await query.get();
    for (const doc of page.docs) {
      const stock = doc.data() as StoredStock;
      const { reserved, waiting } = await countedFor(stock, doc.ref.parent.parent?.path ?? '', db);
      if (reserved === stock.reserved && waiting === stock.waiting) continue;
      await doc.ref.update({ reserved, waiting, due: dueSlot() });
      changed += 1;
    }
    const last = page.docs.at(-1);
    if (last === undefined || page.size < PAGE) return changed;
    query = first.startAfter(last);
  }
}

async function countedFor(
  { sku }: Pick<StoredStock, 'sku'>,
  companyPath: string,
  db: Firestore,
): Promise<{ reserved: number; waiting: number }> {
  const found = await db.collection(`${companyPath}/reservations`).where('sku', '==', sku).get();
  const reservations = found.docs.map((doc) => doc.data() as StoredReservation);
  return {
    reserved: reservations.reduce((sum, { granted }) => sum + granted, 0),
    waiting: reservations.filter(({ state }) => state === 'backordered').length,
  };
}
