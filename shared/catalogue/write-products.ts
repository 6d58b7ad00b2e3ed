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
    const plan = planWrites(clean, found);
    const someSame = plan.some(({ result }) => result === 'unchanged');
    const renews = someSame && !(await tx.get(runningImports(deps.db, companyId).limit(1))).empty;
    writePlanned(tx, plan, { askedAt, renews });
    const results = plan.map(({ result }) => result);
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

/** What one clean write comes to, beside what stands there. */
interface Planned {
  snapshot: DocumentSnapshot;
  after: StoredProduct;
  result: WriteResult;
}

/** `found` are the documents of the writes, in their order. */
export function planWrites(
  writes: readonly ProductWrite[],
  found: readonly (DocumentSnapshot | undefined)[],
): Planned[] {
  return writes.map(({ sku, product }, place) => {
    const snapshot = found[place];
    if (snapshot === undefined) throw new AppError('INTERNAL');
    const before = toProduct(snapshot);
    const after = { ...(before ?? { ...PRODUCT_DEFAULTS, rules: {}, lists: [] }), ...product, sku };
    if (before === undefined) return { snapshot, after, result: 'created' };
    return { snapshot, after, result: isDeepStrictEqual(after, before) ? 'unchanged' : 'changed' };
  });
}

/** Adds to a transaction or a batch what of this changes something. No document is overwritten in another version. */
export function writePlanned(
  writer: ProductWriter,
  plan: readonly Planned[],
  { askedAt, renews }: Asked,
): void {
  for (const { snapshot, after, result } of plan) {
    const lastUpdateTime = snapshot.updateTime;
    if (result === 'unchanged') {
      if (renews && lastUpdateTime) writer.update(snapshot.ref, { askedAt }, { lastUpdateTime });
      continue;
    }
    const written = { ...after, askedAt, changedAt: FieldValue.serverTimestamp() };
    if (lastUpdateTime === undefined) writer.create(snapshot.ref, written);
    // In place of a tombstone too, of which nothing stays.
    else writer.update(snapshot.ref, { ...written, expireAt: FieldValue.delete() }, { lastUpdateTime });
  }
}

/** Whether what stands there, be it that nothing does any more, was asked for after this. */
export function isNewer(snapshot: DocumentSnapshot, askedAt: string): boolean {
  const newest: unknown = snapshot.get('askedAt');
  return typeof newest === 'string' && newest > askedAt;
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
