import { isDeepStrictEqual } from 'node:util';
import {
  type DocumentData,
  type DocumentReference,
  type DocumentSnapshot,
  FieldValue,
  type Firestore,
  type Precondition,
  Timestamp,
} from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { type Product, PRODUCT_DEFAULTS, productLogId } from './product.ts';
import { runningImports } from './running-imports.ts';
import { type RemovedProduct, StoredProduct, TOMBSTONE_MS } from './stored-product.ts';

/** Who acts, and under which request. */
export interface Acting {
  actor: AuditEntry['actor'];
  requestId: string;
}

export interface CatalogueDeps {
  db: Firestore;
  now: Clock;
}

/** What is said of one SKU. What is not said stays as it is, or is as it is by default. */
export interface ProductWrite {
  sku: string;
  product: Pick<Product, 'title' | 'price' | 'currency'> & Partial<Product>;
}

export type WriteResult = 'created' | 'changed' | 'unchanged';

/** When writes were asked for: those of a file are carried out later. */
export interface Asked {
  askedAt: string;
  /** Whether what changes nothing is newer than what stands there, all the same. */
  renews: boolean;
}

/** Told the version of the one document that is written; throws where the caller wants another one. */
export type CheckVersion = (snapshot: DocumentSnapshot) => void;

/**
 * Writes products of one company, all of them or none, with one entry in its log. What changes nothing is not written:
 * neither is then its time, by which partners look for changes. While a file is imported it is said to be newer.
 */
export async function putProducts(
  companyId: string,
  writes: readonly ProductWrite[],
  acting: Acting,
  deps: CatalogueDeps,
  check: CheckVersion = () => undefined,
): Promise<{ results: WriteResult[]; entry: AuditEntry | undefined }> {
  const clean = await cleanWrites(writes);
  const askedAt = timestamp(deps.now);
  return deps.db.runTransaction(async (tx) => {
    const found = await tx.getAll(...writes.map(({ sku }) => refOf(deps.db, companyId, sku)));
    found.forEach(check);
    const nothingNew = clean.some((write, place) => isSame(write, found[place]));
    const renews = nothingNew && !(await tx.get(runningImports(deps.db, companyId).limit(1))).empty;
    const results = writeFound(tx, clean, found, { askedAt, renews });
    const products = results.filter((result) => result !== 'unchanged').length;
    if (products === 0) return { results, entry: undefined };
    const [only] = writes.length === 1 ? writes : [];
    const what =
      only === undefined
        ? ({ action: 'products.changed', record: { type: 'company', id: companyId } } as const)
        : ({ action: 'product.changed', record: recordOf(companyId, only.sku) } as const);
    const entry = addEntry(tx, { companyId, ...acting, ...what, result: 'done', facts: { products } }, deps);
    return { results, entry };
  });
}

/** The same with clean descriptions. What cleans is loaded with the first of them, not with every instance. */
export async function cleanWrites(writes: readonly ProductWrite[]): Promise<ProductWrite[]> {
  if (!writes.some(({ product }) => product.description)) return [...writes];
  const { cleanHtml } = await import('./clean-html.ts');
  return writes.map(({ sku, product }) => {
    const { description } = product;
    return { sku, product: { ...product, ...(description && { description: cleanHtml(description) }) } };
  });
}

/** A batch or a transaction. */
export interface ProductWriter {
  create(ref: DocumentReference, data: DocumentData): unknown;
  update(ref: DocumentReference, data: DocumentData, precondition: Precondition): unknown;
}

/** Adds to a transaction or a batch what of these clean writes changes something. `found` are their documents, in their order: none is overwritten in another version. */
export function writeFound(
  writer: ProductWriter,
  writes: readonly ProductWrite[],
  found: readonly DocumentSnapshot[],
  { askedAt, renews }: Asked,
): WriteResult[] {
  return writes.map((write, place) => {
    const snapshot = found[place];
    if (snapshot === undefined) throw new AppError('INTERNAL');
    const lastUpdateTime = snapshot.updateTime;
    if (isSame(write, snapshot)) {
      if (renews && lastUpdateTime) writer.update(snapshot.ref, { askedAt }, { lastUpdateTime });
      return 'unchanged';
    }
    const before = toProduct(snapshot);
    const after = { ...productAfter(write, before), askedAt, changedAt: FieldValue.serverTimestamp() };
    if (lastUpdateTime === undefined) writer.create(snapshot.ref, after);
    // In place of a tombstone too, of which nothing stays.
    else writer.update(snapshot.ref, { ...after, expireAt: FieldValue.delete() }, { lastUpdateTime });
    return before === undefined ? 'created' : 'changed';
  });
}

/** Whether what stands there, be it that nothing does any more, was asked for after this. */
export function isNewer(snapshot: DocumentSnapshot | undefined, askedAt: string): boolean {
  const newest: unknown = snapshot?.get('askedAt');
  return typeof newest === 'string' && newest > askedAt;
}

function productAfter({ sku, product }: ProductWrite, before: StoredProduct | undefined): StoredProduct {
  return { ...(before ?? { ...PRODUCT_DEFAULTS, rules: {}, lists: [] }), ...product, sku };
}

function isSame(write: ProductWrite, snapshot: DocumentSnapshot | undefined): boolean {
  const before = snapshot && toProduct(snapshot);
  return before !== undefined && isDeepStrictEqual(productAfter(write, before), before);
}

/** Removes a product, what price lists say of it too, and leaves word of that for partners. `NOT_FOUND` for none. */
export async function removeProduct(
  companyId: string,
  sku: string,
  acting: Acting,
  { db, now }: CatalogueDeps,
  check: CheckVersion,
): Promise<AuditEntry> {
  return db.runTransaction(async (tx) => {
    const snapshot = await tx.get(refOf(db, companyId, sku));
    if (toProduct(snapshot) === undefined) throw new AppError('NOT_FOUND');
    check(snapshot);
    const removed: RemovedProduct = {
      active: false,
      askedAt: timestamp(now),
      expireAt: Timestamp.fromMillis(now() + TOMBSTONE_MS),
    };
    tx.set(snapshot.ref, { ...removed, changedAt: FieldValue.serverTimestamp() });
    const what = { action: 'product.removed', record: recordOf(companyId, sku), result: 'done' } as const;
    return addEntry(tx, { companyId, ...acting, ...what, facts: {} }, { db, now });
  });
}

/** The product in a document; `undefined` when there is none, or none any more. */
export function toProduct(snapshot: DocumentSnapshot): StoredProduct | undefined {
  const product = StoredProduct.safeParse(snapshot.data());
  return product.success ? product.data : undefined;
}

export function refOf(db: Firestore, companyId: string, sku: string): DocumentReference {
  return db.doc(paths.product(companyId, sku));
}

function recordOf(companyId: string, sku: string) {
  return { type: 'product', id: productLogId(companyId, sku) } as const;
}
