import { type DocumentSnapshot, FieldPath, type Firestore, type Query } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { confirmedReturns, type OrderBilling, type StoredOrder } from '../domain/order.ts';
import { isTooMuch } from './amounts.ts';
import type { ChargedLine, ChargedOrder } from './documents.ts';

/** One charge holds at most this: an invoice of Stripe's has 250 lines, a document one megabyte. */
const MOST_ORDERS = 100;
const MOST_LINES = 250;
/** Ids that are read at once. */
const PAGE = 5000;

/**
 * What of an order was shipped, did not come back as its supplier knows, and is not charged yet; the quantities that a
 * charge for it accounts for.
 */
export function unbilledOf(order: StoredOrder): { lines: ChargedLine[]; taken: OrderBilling['lines'] } {
  const taken: OrderBilling['lines'] = {};
  const lines: ChargedLine[] = [];
  for (const line of order.lines) {
    const before = order.billing?.lines[line.id] ?? { shipped: 0, returned: 0 };
    // More was charged than is known to be shipped where a backup forgot the shipment.
    const shipped = Math.max(0, line.fulfilledQuantity - before.shipped);
    const returned = Math.min(Math.max(0, confirmedReturns(line) - before.returned), shipped);
    const quantity = shipped - returned;
    taken[line.id] = { shipped: before.shipped + shipped, returned: before.returned + returned };
    if (quantity > 0) {
      lines.push({ lineId: line.id, sku: line.sku, quantity, unitPrice: line.unitPrice, refunded: 0 });
    }
  }
  return { lines, taken };
}

/**
 * What charges account for, once some of one's lines were paid back: as many pieces that come back, be it told before or
 * after that, take nothing off what ships next. What was not paid back after all does not count.
 */
export function withPaidBack(
  counted: OrderBilling['lines'],
  was: ChargedLine[],
  is: ChargedLine[],
): OrderBilling['lines'] {
  const lines = { ...counted };
  for (const { lineId, refunded } of is) {
    const more = refunded - (was.find((line) => line.lineId === lineId)?.refunded ?? 0);
    const line = lines[lineId];
    if (line !== undefined) lines[lineId] = { ...line, returned: Math.max(0, line.returned + more) };
  }
  return lines;
}

export function sumOf(lines: ChargedLine[]): number {
  return lines.reduce((sum, { quantity, unitPrice }) => sum + quantity * unitPrice, 0);
}

export function currencyOf(mark: string): string {
  return mark.slice(mark.indexOf('/') + 1);
}

/** `ptn_…/USD` and so on, each once. */
export async function marksOf(
  { supplierId, partnerId }: { supplierId: string; partnerId: string },
  db: Firestore,
): Promise<string[]> {
  const marks: string[] = [];
  for (let after = `${partnerId}/`; ;) {
    const found = await db
      .collection(paths.orders(supplierId))
      .where('unbilled', '>', after)
      .where('unbilled', '<', `${partnerId}0`)
      .orderBy('unbilled')
      .limit(1)
      .select('unbilled')
      .get();
    const mark = found.docs[0]?.get('unbilled') as string | undefined;
    if (mark === undefined) return marks;
    marks.push(mark);
    after = mark;
  }
}

export interface Chosen {
  snapshot: DocumentSnapshot;
  stored: StoredOrder;
  billing: OrderBilling['lines'];
  charged: ChargedOrder;
}

/** What one charge is for. `full`: what comes behind has no room on it. `passed`: how many were looked at for it. */
export interface Group {
  chosen: Chosen[];
  full: boolean;
  skus: number;
  passed: number;
}

/**
 * The ids of the unbilled orders of one connection and currency, as many as a charge can have orders at a time. They are
 * read page by page in their order: what is behind is never read again, so that a page costs the same however many
 * there were, and no order is in memory but those of one charge.
 */
export class UnbilledIds {
  readonly #query: Query;
  #read: string[] = [];
  #last: string | undefined;
  #ended = false;

  constructor(db: Firestore, supplierId: string, mark: string) {
    this.#query = db
      .collection(paths.orders(supplierId))
      .where('unbilled', '==', mark)
      .orderBy(FieldPath.documentId())
      .select()
      .limit(PAGE);
  }

  /** The same ones until they are passed; none at the end. */
  async next(): Promise<string[]> {
    if (this.#read.length < MOST_ORDERS && !this.#ended) {
      const { docs } = await (
        this.#last === undefined ? this.#query : this.#query.startAfter(this.#last)
      ).get();
      this.#read = [...this.#read, ...docs.map(({ id }) => id)];
      this.#last = docs.at(-1)?.id;
      this.#ended = docs.length < PAGE;
    }
    return this.#read.slice(0, MOST_ORDERS);
  }

  pass(count: number): void {
    this.#read = this.#read.slice(count);
  }
}

/**
 * As many orders as one invoice can hold the lines of and one payment the amount; at least one, whatever it holds. Those
 * that another run has charged meanwhile are passed over.
 */
export function groupOf(docs: DocumentSnapshot[], mark: string): Group {
  const group: Group = { chosen: [], full: docs.length >= MOST_ORDERS, skus: 0, passed: 0 };
  let sum = 0;
  for (const snapshot of docs) {
    const stored = snapshot.data() as StoredOrder | undefined;
    if (stored?.unbilled === mark) {
      const { lines, taken } = unbilledOf(stored);
      const amount = sumOf(lines);
      const over = group.skus + lines.length > MOST_LINES || isTooMuch(sum + amount, currencyOf(mark));
      if (group.chosen.length > 0 && over) return { ...group, full: true };
      group.skus += lines.length;
      sum += amount;
      const { orderId: shownId = snapshot.id } = stored.origin ?? {};
      const charged = { orderId: snapshot.id, shownId, amount, refunded: 0, lost: 0, lines };
      group.chosen.push({ snapshot, stored, billing: taken, charged });
    }
    group.passed += 1;
  }
  return group;
}
