import {
  type DocumentSnapshot,
  FieldPath,
  type Query,
  type QueryDocumentSnapshot,
} from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import { freeOf, type StockMessage, type StoredReservation, type StoredStock } from '../domain/stock.ts';
import { settle, type Settled, shortage, takeBack } from './settle.ts';
import { isBalanced, readStocks, type StockDeps, writeSettled, writeStock } from './stock-store.ts';

export interface AllocateDeps extends StockDeps {
  /** Tells both sides of a supply order how these of its lines stand, and notes that they were told. */
  tell: (supply: { companyId: string; orderId: string }, lineIds: string[]) => Promise<void>;
  /** Has every shop that sells a SKU told how many there are, if that has changed. */
  tellShops: (message: StockMessage) => Promise<void>;
}

/** How many reservations one transaction settles. */
const PAGE = 100;
/** How many supply orders are told at the same time. */
const AT_ONCE = 10;
/** Pages that one message works off before it is given back: many more than come together in a minute. */
const MOST_PAGES = 200;

/**
 * Settles all that a supplier's reservations ask of its stock: grants and backorders, takes off what was shipped, gives
 * back what is not needed. Only here are stocks promised, each in the transaction that reads it, so that nothing is
 * promised twice. What is left to do stands in the documents: whoever runs this again goes on where it stopped.
 */
export async function allocate({ supplierId, sku }: StockMessage, deps: AllocateDeps): Promise<void> {
  const open = new Set([sku]);
  const changed = new Set([sku]);
  await untilShort(async () => {
    const { count, stocks } = await settlePage(supplierId, deps);
    for (const stock of stocks) {
      changed.add(stock.sku);
      if (isBalanced(stock)) open.delete(stock.sku);
      else open.add(stock.sku);
    }
    return count;
  });
  for (const each of open) await weigh(supplierId, each, deps);
  await untilShort(() => tellPage(supplierId, deps));
  for (const each of changed) await deps.tellShops({ supplierId, sku: each });
}

async function untilShort(work: () => Promise<number>): Promise<void> {
  for (let pages = 0; pages < MOST_PAGES; pages += 1) if ((await work()) < PAGE) return;
  throw new AppError('UNAVAILABLE', 'there is more to settle than one message settles');
}

/** Settles up to a page of what changed, the oldest first; answers how many that were, and their stocks afterwards. */
async function settlePage(
  supplierId: string,
  deps: AllocateDeps,
): Promise<{ count: number; stocks: StoredStock[] }> {
  const changed = oldestFirst(reservations(supplierId, deps).where('next', '==', 'settle'));
  // Found outside of the transaction, which would otherwise keep routing from adding to what it searches.
  const { docs: found } = await changed.limit(PAGE).get();
  if (found.length === 0) return { count: 0, stocks: [] };
  return deps.db.runTransaction(async (tx) => {
    const docs = (await tx.getAll(...found.map(({ ref }) => ref))).filter(isChanged);
    const needs = docs.map((doc) => ({ doc, need: doc.data() as StoredReservation }));
    const stocks = await readStocks(
      tx,
      supplierId,
      needs.map(({ need }) => need.sku),
      deps,
    );
    for (const { doc, need } of needs) {
      const stock = stocks.get(need.sku);
      if (stock === undefined) throw new AppError('INTERNAL', 'a reservation without a stock');
      const after = settle(stock, need, true);
      stocks.set(need.sku, { ...stock, ...after.stock });
      writeSettled(tx, doc, after.reservation, deps);
    }
    for (const stock of stocks.values()) writeStock(tx, stock, !isBalanced(stock), deps);
    return { count: found.length, stocks: [...stocks.values()] };
  });
}

/** Whether it is still to be settled: another run may have been faster. */
function isChanged(doc: DocumentSnapshot): boolean {
  return (doc.data() as StoredReservation | undefined)?.next === 'settle';
}

/** Brings one stock and what is promised of it together, until nothing more can be promised and nothing is too much. */
async function weigh(supplierId: string, sku: string, deps: AllocateDeps): Promise<void> {
  let after: QueryDocumentSnapshot | undefined;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const step = await weighPage(supplierId, sku, after, deps);
    if (step.done) return;
    after = step.last;
  }
  throw new AppError('UNAVAILABLE', 'more wait for this than one message grants');
}

interface Weighed {
  done: boolean;
  /** Whoever waits up to here was looked at, and needs more than is free. */
  last?: QueryDocumentSnapshot;
}

function weighPage(
  supplierId: string,
  sku: string,
  after: QueryDocumentSnapshot | undefined,
  deps: AllocateDeps,
): Promise<Weighed> {
  const ofSku = reservations(supplierId, deps).where('sku', '==', sku);
  // Whoever was promised last gives way first; whoever waits longest is served first.
  const promised = newestFirst(ofSku.where('state', '==', 'granted'));
  const waiting = oldestFirst(ofSku.where('state', '==', 'backordered'));
  return deps.db.runTransaction(async (tx): Promise<Weighed> => {
    const read = (await readStocks(tx, supplierId, [sku], deps)).get(sku);
    if (read?.due === undefined) return { done: true };
    let stock: StoredStock = read;
    const short = shortage(stock) > 0;
    const chosen = short ? promised : after === undefined ? waiting : waiting.startAfter(after);
    const { docs } = await tx.get(chosen.limit(PAGE));
    for (const doc of docs) {
      if (short ? shortage(stock) === 0 : freeOf(stock) === 0) break;
      const need = doc.data() as StoredReservation;
      // What else has happened to it counts first.
      let step: Settled<StoredReservation> = settle(stock, need, short);
      if (short && step.reservation.granted > 0 && shortage(step.stock) > 0) {
        step = takeBack(step.stock, step.reservation);
      }
      stock = { ...stock, ...step.stock };
      writeSettled(tx, doc, step.reservation, deps);
    }
    // Those who are left need more than is free: they wait for more.
    const done = !short && (docs.length < PAGE || freeOf(stock) === 0);
    writeStock(tx, stock, !done, deps);
    const last = short ? undefined : docs.at(-1);
    return { done, ...(last !== undefined && { last }) };
  });
}

/** Tells up to a page of what came of it, order by order. */
async function tellPage(supplierId: string, deps: AllocateDeps): Promise<number> {
  const untold = oldestFirst(reservations(supplierId, deps).where('next', '==', 'tell'));
  const { docs } = await untold.limit(PAGE).get();
  const orders = [...Map.groupBy(docs, (doc) => (doc.data() as StoredReservation).orderId)];
  for (let from = 0; from < orders.length; from += AT_ONCE) {
    await Promise.all(
      orders.slice(from, from + AT_ONCE).map(([orderId, lines]) =>
        deps.tell(
          { companyId: supplierId, orderId },
          lines.map((line) => line.id),
        ),
      ),
    );
  }
  return docs.length;
}

function reservations(supplierId: string, { db }: StockDeps): Query {
  return db.collection(paths.reservations(supplierId));
}

function oldestFirst(query: Query): Query {
  return query.orderBy('createdAt').orderBy(FieldPath.documentId());
}

function newestFirst(query: Query): Query {
  return query.orderBy('createdAt', 'desc').orderBy(FieldPath.documentId(), 'desc');
}
