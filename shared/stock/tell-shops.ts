import { type DocumentSnapshot, FieldValue, type Firestore } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { Log } from '../cloud/log.ts';
import type { Publisher } from '../cloud/pubsub.ts';
import { StoredPartner } from '../domain/partner.ts';
import { freeOf, type StockMessage, type StoredStock } from '../domain/stock.ts';
import { publishDeliveries } from '../outbox/outbox.ts';
import { askForStock, stockShopsOf } from '../outbox/shop-stock.ts';
import { isUntold, type StockDeps } from './stock-store.ts';

export type TellDeps = StockDeps & { publisher: Pick<Publisher, 'delivery'>; log: Log };

/** How often one message goes over a stock that keeps changing; its slot brings it back. */
const MOST_ROUNDS = 5;

/**
 * Asks for a delivery to each shop of a supplier, and of the retailers that it shows its stock to, when another number of
 * a SKU can be sold than they were told last. How many that are is read when it is sent, so that they may be asked twice.
 */
export async function tellShops({ supplierId, sku }: StockMessage, deps: TellDeps): Promise<void> {
  const { db } = deps;
  const ref = db.doc(paths.stock(supplierId, sku));
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const found = await ref.get();
    const stock = found.data() as StoredStock | undefined;
    if (stock === undefined || !isUntold(stock)) return;
    const companies = [supplierId, ...(await retailersOf(db, supplierId))];
    const shops = (await Promise.all(companies.map((each) => stockShopsOf(db, each)))).flat();
    await publishDeliveries(await askForStock(shops, sku, deps), deps);
    if (await noteTold(found, freeOf(stock), deps)) return;
  }
}

/** Notes the number that shops are told, unless the stock was written since it was read; then nothing is due any more. */
async function noteTold(
  { ref, updateTime }: DocumentSnapshot,
  told: number,
  { db }: StockDeps,
): Promise<boolean> {
  return db.runTransaction(async (tx) => {
    const now = await tx.get(ref);
    if (updateTime === undefined || now.updateTime?.isEqual(updateTime) !== true) return !now.exists;
    tx.update(ref, { told, due: FieldValue.delete() });
    return true;
  });
}

async function retailersOf(db: Firestore, supplierId: string): Promise<string[]> {
  const partners = await partnersOf(db, supplierId, 'retailer');
  return partners.map(({ companyId }) => companyId);
}

/** Partners of an active connection in which stock is shown, and when the connection last changed. */
export async function partnersOf(
  db: Firestore,
  companyId: string,
  role: 'supplier' | 'retailer',
): Promise<{ companyId: string; changedAt: string }[]> {
  const active = db
    .collection(paths.partners(companyId))
    .where('role', '==', role)
    .where('state', '==', 'active')
    .orderBy('createdAt');
  return (await active.get()).docs.flatMap((doc) => {
    const { companyId: partner, terms } = StoredPartner.parse(doc.data());
    const { seconds, nanoseconds } = doc.updateTime;
    return partner !== null && terms.shares.stock
      ? [{ companyId: partner, changedAt: `${seconds}.${nanoseconds}` }]
      : [];
  });
}

/**
 * How many of each SKU a company can sell: its own and its suppliers', as far as they are counted and shown to it. What
 * nobody counts is not among them.
 */
export async function sellable(
  db: Firestore,
  companyId: string,
  skus: readonly string[],
): Promise<Map<string, number>> {
  const suppliers = await partnersOf(db, companyId, 'supplier');
  const refs = [companyId, ...suppliers.map((each) => each.companyId)].flatMap((each) =>
    skus.map((sku) => db.doc(paths.stock(each, sku))),
  );
  const sums = new Map<string, number>();
  for (const doc of refs.length === 0 ? [] : await db.getAll(...refs)) {
    if (!doc.exists) continue;
    const stock = doc.data() as StoredStock;
    sums.set(stock.sku, (sums.get(stock.sku) ?? 0) + freeOf(stock));
  }
  return sums;
}
