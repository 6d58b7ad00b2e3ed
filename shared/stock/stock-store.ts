import { type DocumentSnapshot, FieldValue, type Firestore, type Transaction } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { dueSlot } from '../domain/due.ts';
import { freeOf, type StoredReservation, type StoredStock } from '../domain/stock.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { type Count, shortage } from './settle.ts';

export interface StockDeps {
  db: Firestore;
  now: Clock;
}

/** Stocks that one transaction has read, by SKU. */
export type Stocks = Map<string, StoredStock>;

/** Reads the stocks of these SKUs in the caller's transaction; one that is not tracked is not among them. */
export async function readStocks(
  tx: Transaction,
  companyId: string,
  skus: Iterable<string>,
  { db }: Pick<StockDeps, 'db'>,
): Promise<Stocks> {
  const refs = [...new Set(skus)].map((sku) => db.doc(paths.stock(companyId, sku)));
  if (refs.length === 0) return new Map();
  const found = (await tx.getAll(...refs)).map((snapshot) => snapshot.data() as StoredStock | undefined);
  return new Map(found.filter((stock) => stock !== undefined).map((stock) => [stock.sku, stock]));
}

/** Writes a stock once, with a slot when `weigh` says that it has to be weighed anew, or when shops are to be told. */
export function writeStock(
  tx: Transaction,
  stock: StoredStock,
  weigh: boolean,
  { db, now }: StockDeps,
): void {
  const { due: _due, ...rest } = stock;
  const slot = weigh || isUntold(stock) ? { due: dueSlot() } : {};
  const written: StoredStock = { ...rest, updatedAt: timestamp(now), ...slot };
  tx.set(db.doc(paths.stock(stock.companyId, stock.sku)), written);
}

/** Nothing is promised that is not there, and nobody waits while something is free. */
export function isBalanced(stock: Count): boolean {
  return shortage(stock) === 0 && (stock.waiting === 0 || freeOf(stock) === 0);
}

/** Whether shops were told another number than what can be sold now, or none. */
export function isUntold(stock: Pick<StoredStock, 'told'> & Count): boolean {
  return stock.told !== freeOf(stock);
}

/** Writes what settling came to. What the line does not say yet is told next. */
export function writeSettled(
  tx: Transaction,
  { ref }: DocumentSnapshot,
  { granted, taken, state, told }: StoredReservation,
  { now }: StockDeps,
): void {
  const next =
    state === 'released' || state === told
      ? { next: FieldValue.delete(), due: FieldValue.delete() }
      : { next: 'tell', due: dueSlot() };
  tx.update(ref, { granted, taken, state, updatedAt: timestamp(now), ...next });
}
