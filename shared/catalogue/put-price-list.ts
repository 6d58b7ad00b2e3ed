import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  type DocumentSnapshot,
  FieldPath,
  FieldValue,
  type Firestore,
  type Transaction,
} from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError, badFields, type FieldError } from '../domain/errors.ts';
import { keyedId } from '../domain/ids.ts';
import { timestamp } from '../domain/time.ts';
import { type PriceList, type PriceRule, StoredPriceList } from './price-list.ts';
import { toPriceList } from './price-list-store.ts';
import type { StoredProduct } from './stored-product.ts';
import { type Acting, type CatalogueDeps, type CheckVersion, refOf, toProduct } from './write-products.ts';

/** A product is read with every page: what lists say of it must not make that long. */
const MOST_LISTS = 50;

/** What a merchant says of a whole list. */
export type PriceListSettings = Omit<StoredPriceList, 'createdAt' | 'updatedAt'>;

/** What it says of one SKU; `null` takes that back. */
export interface ListItem {
  sku: string;
  rule: PriceRule | null;
}

export interface PutList {
  list: PriceList;
  created: boolean;
  entry: AuditEntry | undefined;
}

/**
 * Makes or replaces a list, and changes what it says of the SKUs that are named: all of it, or nothing. The currency
 * of a list stays, since partners have agreed on it (`CONFLICT`).
 */
export async function putPriceList(
  companyId: string,
  id: string,
  put: { settings: PriceListSettings; items: readonly ListItem[] },
  acting: Acting,
  deps: CatalogueDeps,
  check: CheckVersion,
): Promise<PutList> {
  const { db } = deps;
  const ref = db.doc(paths.priceList(companyId, id));
  const made = await db.runTransaction(async (tx) => {
    const snapshot = await tx.get(ref);
    check(snapshot);
    const before = snapshot.exists ? StoredPriceList.parse(snapshot.data()) : undefined;
    if (before !== undefined && before.currency !== put.settings.currency) {
      throw new AppError('CONFLICT', 'the currency of a price list stays as it is');
    }
    await requireExceptions(tx, companyId, put.settings, db);
    const found = await readItems(tx, companyId, put.items, db);
    const products = writeItems(tx, id, put.items, found);
    const at = timestamp(deps.now);
    const after = { ...put.settings, createdAt: before?.createdAt ?? at };
    const same = before !== undefined && isDeepStrictEqual({ ...after, updatedAt: before.updatedAt }, before);
    if (same && products === 0) return { created: false, entry: undefined };
    // Only another version of the list makes partners look at all of its prices again.
    if (!same) tx.set(ref, { ...after, updatedAt: at } satisfies StoredPriceList);
    const record = { type: 'price_list', id: priceListLogId(companyId, id) } as const;
    const what = { action: 'price_list.changed', record, result: 'done', facts: { products } } as const;
    return { created: before === undefined, entry: addEntry(tx, { companyId, ...acting, ...what }, deps) };
  });
  return { ...made, list: await readPriceList(db, companyId, id) };
}

/** How the merchant's log names a list. */
export function priceListLogId(companyId: string, id: string): string {
  return keyedId('priceList', createHash('sha256').update(`${companyId}/priceLists/${id}`).digest());
}

export async function readPriceList(db: Firestore, companyId: string, id: string): Promise<PriceList> {
  const list = toPriceList(await db.doc(paths.priceList(companyId, id)).get());
  if (list === undefined) throw new AppError('NOT_FOUND');
  return list;
}

/** Up to `limit` lists of one company by id, after an id. */
export async function listPriceLists(
  db: Firestore,
  companyId: string,
  page: { limit: number; after: string | undefined },
): Promise<PriceList[]> {
  let query = db.collection(paths.priceLists(companyId)).orderBy(FieldPath.documentId());
  if (page.after !== undefined) query = query.startAfter(page.after);
  const found = await query.limit(page.limit).get();
  return found.docs.map(toPriceList).filter((list) => list !== undefined);
}

async function requireExceptions(
  tx: Transaction,
  companyId: string,
  { exceptions, currency }: PriceListSettings,
  db: Firestore,
): Promise<void> {
  if (exceptions.length === 0) return;
  const found = await tx.getAll(...exceptions.map((each) => db.doc(paths.priceList(companyId, each))));
  const wrong = found.flatMap((snapshot, place): FieldError[] => {
    const path = `exceptions.${place}`;
    const list = toPriceList(snapshot);
    if (list === undefined) return [{ path, message: 'there is no such price list' }];
    return list.currency === currency ? [] : [{ path, message: 'is in another currency' }];
  });
  if (wrong.length > 0) throw badFields(...wrong);
}

interface FoundItem {
  snapshot: DocumentSnapshot;
  product: StoredProduct;
}

async function readItems(
  tx: Transaction,
  companyId: string,
  items: readonly ListItem[],
  db: Firestore,
): Promise<FoundItem[]> {
  if (items.length === 0) return [];
  const snapshots = await tx.getAll(...items.map(({ sku }) => refOf(db, companyId, sku)));
  const found = snapshots.map((snapshot) => ({ snapshot, product: toProduct(snapshot) }));
  const wrong = found.flatMap(({ product }, place) => (product === undefined ? [place] : []));
  if (wrong.length > 0) {
    throw badFields(
      ...wrong
        .slice(0, 20)
        .map((place) => ({ path: `items.${place}.sku`, message: 'there is no such product' })),
    );
  }
  return found.filter((each): each is FoundItem => each.product !== undefined);
}

/** How many products were changed. */
function writeItems(
  tx: Transaction,
  listId: string,
  items: readonly ListItem[],
  found: readonly FoundItem[],
): number {
  const changed = found.filter(({ snapshot, product }, place) => {
    const { [listId]: before, ...others } = product.rules;
    const rule = items[place]?.rule ?? null;
    if (isDeepStrictEqual(rule, before ?? null)) return false;
    const rules = rule === null ? others : { ...others, [listId]: rule };
    const lists = Object.keys(rules).sort();
    if (lists.length > MOST_LISTS) {
      throw badFields({ path: `items.${place}.sku`, message: `is on ${MOST_LISTS} price lists already` });
    }
    tx.set(snapshot.ref, { ...product, rules, lists, changedAt: FieldValue.serverTimestamp() });
    return true;
  });
  return changed.length;
}
