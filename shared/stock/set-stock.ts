import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import type { Log } from '../cloud/log.ts';
import type { Publisher } from '../cloud/pubsub.ts';
import { badFields } from '../domain/errors.ts';
import { MOST_PLACES, type StockMessage, type StoredStock } from '../domain/stock.ts';
import { timestamp } from '../domain/time.ts';
import { isBalanced, isUntold, readStocks, type StockDeps, writeStock } from './stock-store.ts';

/** How many pieces of a SKU a merchant has counted in one place. */
export interface Counted {
  sku: string;
  place: string;
  onHand: number;
}

/**
 * Writes what a merchant has counted, all of it or nothing. A SKU that is named for the first time is tracked from now
 * on. Where that leaves lines without stock, stock for lines that wait, or another number for shops, `allocate` is asked. BAD_REQUEST for a SKU
 * in more places than it can lie in.
 */
export async function setStock(
  companyId: string,
  counted: Counted[],
  acting: Pick<AuditEntry, 'actor' | 'requestId'>,
  deps: StockDeps & { publisher: Publisher; log: Log },
): Promise<{ stocks: StoredStock[]; entry: AuditEntry }> {
  const { db, now } = deps;
  const skus = [...new Set(counted.map(({ sku }) => sku))];
  const set = await db.runTransaction(async (tx) => {
    const stocks = await readStocks(tx, companyId, skus, deps);
    counted.forEach(({ sku, place, onHand }, index) => {
      const stock = stocks.get(sku) ?? untouched(companyId, sku);
      const places = withRoom({ ...stock.places, [place]: onHand });
      if (Object.keys(places).length > MOST_PLACES) {
        const message = `a SKU lies in at most ${MOST_PLACES} places`;
        throw badFields({ path: `stock.${index}.place`, message });
      }
      stocks.set(sku, { ...stock, places });
    });
    const updatedAt = timestamp(now);
    for (const stock of stocks.values()) writeStock(tx, stock, !isBalanced(stock), deps);
    const record = { type: 'company', id: companyId } as const;
    const about = { ...acting, action: 'stock.set', record, result: 'done' } as const;
    const entry = addEntry(tx, { companyId, ...about, facts: { skus: skus.length } }, deps);
    return { stocks: [...stocks.values()].map((stock) => ({ ...stock, updatedAt })), entry };
  });
  await publishUnsettled(set.stocks, deps);
  return set;
}

/** Where there are too many places, those in which nothing lies any more are forgotten. */
function withRoom(places: StoredStock['places']): StoredStock['places'] {
  if (Object.keys(places).length <= MOST_PLACES) return places;
  return Object.fromEntries(Object.entries(places).filter(([, onHand]) => onHand > 0));
}

/** Has settled and told what a change of these stocks leads to. */
export async function publishUnsettled(
  stocks: StoredStock[],
  { publisher, log }: { publisher: Publisher; log: Log },
): Promise<void> {
  const unsettled = stocks.filter((stock) => !isBalanced(stock) || isUntold(stock));
  await Promise.all(
    unsettled.map(async ({ companyId, sku }) => {
      try {
        await publisher.stock({ supplierId: companyId, sku } satisfies StockMessage);
      } catch {
        // The stock's slot brings it to `sweep`.
        log.stockPublishFailed(companyId);
      }
    }),
  );
}

/** The stock of a SKU that was not tracked until now. */
export function untouched(companyId: string, sku: string): StoredStock {
  return { companyId, sku, places: {}, reserved: 0, waiting: 0, updatedAt: '' };
}

/** Up to `limit` stocks in the order of their SKUs, after one of them; or the one of a SKU, if it is tracked. */
export async function listStock(
  { db }: Pick<StockDeps, 'db'>,
  companyId: string,
  { sku, after, limit }: { sku?: string | undefined; after?: string | undefined; limit: number },
): Promise<StoredStock[]> {
  if (sku !== undefined) {
    const found = await db.doc(paths.stock(companyId, sku)).get();
    return found.exists ? [found.data() as StoredStock] : [];
  }
  const all = db.collection(paths.stocks(companyId)).orderBy('sku');
  const from = after === undefined ? all : all.startAfter(after);
  return (await from.limit(limit).get()).docs.map((doc) => doc.data() as StoredStock);
}
