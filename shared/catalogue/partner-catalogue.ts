import { createHash } from 'node:crypto';
import { FieldPath, type Firestore, type QueryDocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import { z } from 'zod';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import { DEFAULT_TERMS } from '../domain/partner.ts';
import { freeOf, type StoredStock } from '../domain/stock.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { exceptionsOf, isInForce, type Price, type PriceLists, pricesOf } from './price.ts';
import { readPriceLists } from './price-list-store.ts';
import { skuOf, type StoredProduct, TOMBSTONE_MS } from './stored-product.ts';
import { toProduct } from './write-products.ts';

/** What of `companies/{companyId}/partners/{partnerId}` says what is sold to whom, and by which list. */
const Partner = z.object({
  companyId: z.string().nullable(),
  role: z.enum(['supplier', 'retailer']),
  state: z.string(),
  terms: z
    .object({ priceListId: z.string().nullable(), shares: z.object({ stock: z.boolean() }) })
    .optional(),
});

/**
 * A place in a partner's catalogue, which goes by the time of each product's last change. A walk through all of it
 * shows what is sold now; what was changed or removed since then is after the time at which that walk began.
 */
export interface FeedPlace {
  /** Of the terms and lists that the prices are made by: under another one every price may be another. */
  version: string;
  /** When the walk through everything began; `null` in a walk through changes. */
  began: Timestamp | null;
  /** The last that was seen. */
  at: Timestamp;
  id: string;
}

export interface FeedRow {
  sku: string;
  /** `null`: not sold any more. */
  sold: { product: StoredProduct; prices: Price[]; available?: number | null } | null;
}

export interface FeedPage {
  rows: FeedRow[];
  /** Where this walk goes on; `null` when it is over. */
  next: FeedPlace | null;
  /** From where to look for changes once it is over. */
  changes: FeedPlace;
  /** Whether this is a walk through everything: what it does not show is not sold. */
  whole: boolean;
}

/**
 * One page of what a supplier sells to the company, at its prices, and if asked how much of it there is now, where the terms
 * share that. Reads the partner, its price list with the exceptions, `limit + 1` products and, if asked, up to `limit`
 * stocks, however many there are. A connection that is not active sells nothing.
 */
export async function partnerCatalogue(
  asked: {
    companyId: string;
    partnerId: string;
    limit: number;
    after: FeedPlace | undefined;
    stock: boolean;
  },
  { db, now }: { db: Firestore; now: Clock },
): Promise<FeedPage> {
  const supplier = await supplierOf(db, asked.companyId, asked.partnerId);
  const at = timestamp(now);
  const lists = supplier.active
    ? await readPriceLists(db, supplier.companyId, supplier.priceListId)
    : 'missing';
  const version = versionOf(supplier, lists, at);
  const after = isCurrent(asked.after, version, now) ? asked.after : undefined;
  const whole = after === undefined || after.began !== null;
  if (sellsNothing(lists, at)) {
    const changes = { version, began: null, at: Timestamp.fromMillis(now()), id: '' };
    return { rows: [], next: null, changes, whole };
  }
  const found = await readChanged(db, supplier.companyId, { whole, after, limit: asked.limit + 1 });
  const began = after?.began ?? found.readTime;
  const docs = found.docs.slice(0, asked.limit);
  const shown = docs.map((doc) => rowOf(doc, lists, at)).filter(({ sold }) => !whole || sold !== null);
  const rows = asked.stock ? await withStock(shown, supplier, db) : shown;
  const last = docs.at(-1);
  const place = last && { version, began: whole ? began : null, at: changedAt(last), id: last.id };
  const seen = place ?? after;
  return {
    rows,
    next: found.docs.length > asked.limit && place !== undefined ? place : null,
    changes:
      whole || seen === undefined ? { version, began: null, at: began, id: '' } : { ...seen, began: null },
    whole,
  };
}

interface Supplier {
  companyId: string;
  active: boolean;
  priceListId: string | null;
  showsStock: boolean;
}

async function supplierOf(db: Firestore, companyId: string, partnerId: string): Promise<Supplier> {
  const found = await db.doc(paths.partner(companyId, partnerId)).get();
  if (!found.exists) throw new AppError('NOT_FOUND');
  const partner = Partner.parse(found.data());
  if (partner.role !== 'supplier') throw new AppError('CONFLICT', 'this partner supplies nothing to you');
  const priceListId = partner.terms?.priceListId ?? null;
  return {
    companyId: partner.companyId ?? '',
    active: partner.companyId !== null && partner.state === 'active',
    priceListId,
    showsStock: (partner.terms ?? DEFAULT_TERMS).shares.stock,
  };
}

/** Then no product is looked at: a place in between them would name one, also to whom nothing is sold any more. */
function sellsNothing(lists: PriceLists, at: string): boolean {
  return lists === 'missing' || (lists !== 'none' && !isInForce(lists.base, at));
}

/** Another one whenever any price may be: by other terms, another version of a list, or a list in force or not. */
function versionOf(supplier: Supplier, lists: PriceLists, at: string): string {
  const used =
    typeof lists === 'string'
      ? [lists]
      : [lists.base, ...exceptionsOf(lists, at)].map((list) => [list.id, list.version, isInForce(list, at)]);
  const all = JSON.stringify([supplier, used]);
  return createHash('sha256').update(all).digest('base64url').slice(0, 16);
}

/** Not under other prices, and not so old that a removal could have been forgotten. */
function isCurrent(place: FeedPlace | undefined, version: string, now: Clock): boolean {
  if (place?.version !== version) return false;
  return now() - (place.began ?? place.at).toMillis() < TOMBSTONE_MS;
}

async function readChanged(
  db: Firestore,
  companyId: string,
  page: { whole: boolean; after: FeedPlace | undefined; limit: number },
): Promise<{ docs: QueryDocumentSnapshot[]; readTime: Timestamp }> {
  const products = db.collection(paths.products(companyId));
  const some = page.whole ? products.where('active', '==', true) : products;
  const sorted = some.orderBy('changedAt').orderBy(FieldPath.documentId());
  const { after } = page;
  // Without an id it is the time alone: whatever was changed just then is shown again.
  const placed =
    after === undefined
      ? sorted
      : after.id === ''
        ? sorted.startAt(after.at)
        : sorted.startAfter(after.at, after.id);
  return placed.limit(page.limit).get();
}

function rowOf(doc: QueryDocumentSnapshot, lists: PriceLists, at: string): FeedRow {
  const product = toProduct(doc);
  if (product === undefined) return { sku: skuOf(doc.id), sold: null };
  const prices = pricesOf(product, lists, at);
  return { sku: product.sku, sold: prices.length === 0 ? null : { product, prices } };
}

/** The same with what the supplier has of each now; `null` of what it does not count, or does not show. */
async function withStock(
  rows: FeedRow[],
  { companyId, showsStock }: Supplier,
  db: Firestore,
): Promise<FeedRow[]> {
  const sold = rows.filter((row) => showsStock && row.sold !== null);
  const refs = sold.map(({ sku }) => db.doc(paths.stock(companyId, sku)));
  const found = (refs.length === 0 ? [] : await db.getAll(...refs)).map(
    (doc) => doc.data() as StoredStock | undefined,
  );
  const free = new Map(
    found.filter((stock) => stock !== undefined).map((stock) => [stock.sku, freeOf(stock)]),
  );
  return rows.map((row) => ({
    sku: row.sku,
    sold: row.sold && { ...row.sold, available: free.get(row.sku) ?? null },
  }));
}

function changedAt(doc: QueryDocumentSnapshot): Timestamp {
  const at: unknown = doc.get('changedAt');
  if (!(at instanceof Timestamp)) throw new AppError('INTERNAL');
  return at;
}
