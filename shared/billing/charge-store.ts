import { isDeepStrictEqual } from 'node:util';
import { type DocumentSnapshot, FieldValue, type Firestore, type Transaction } from '@google-cloud/firestore';
import { status } from '@grpc/grpc-js';
import { paths } from '../cloud/firestore.ts';
import { hasStatus } from '../cloud/grpc-error.ts';
import type { OrderChargeState } from '../domain/billing.ts';
import {
  confirmedReturns,
  confirmReturns,
  type OrderBilling,
  type OrderLine,
  type StoredOrder,
} from '../domain/order.ts';
import { timestamp } from '../domain/time.ts';
import { type BillingDeps, copyOf, sidesOf, type StoredCharge, writeCharge } from './documents.ts';
import { withPaidBack } from './unbilled.ts';

type Change = (charge: StoredCharge, tx: Transaction) => StoredCharge | undefined;
type Beside = (tx: Transaction, before: StoredCharge, after: StoredCharge, sides: string[]) => void;

/**
 * Changes a charge at both sides, and what its orders say of it, in one transaction. Undefined leaves all as it is.
 * `beside` hears of the companies that are told.
 */
export async function changeCharge(
  supplierId: string,
  id: string,
  change: Change,
  deps: Pick<BillingDeps, 'db' | 'now'>,
  beside?: Beside,
): Promise<StoredCharge | undefined> {
  try {
    return await changeIt(supplierId, id, { change, beside, write: updateCharge }, deps);
  } catch (error) {
    // A side that has lost its copy gets it back whole.
    if (!hasStatus(error, status.NOT_FOUND)) throw error;
    return changeIt(supplierId, id, { change, beside, write: rewriteCharge }, deps);
  }
}

interface Changing {
  change: Change;
  beside: Beside | undefined;
  write: typeof updateCharge;
}

function changeIt(
  supplierId: string,
  id: string,
  { change, beside, write }: Changing,
  { db, now }: Pick<BillingDeps, 'db' | 'now'>,
): Promise<StoredCharge | undefined> {
  return db.runTransaction(async (tx) => {
    const before = (await tx.get(db.doc(paths.charge(supplierId, id)))).data() as StoredCharge | undefined;
    const changed = before && change(before, tx);
    if (before === undefined || changed === undefined) return before;
    const told = orderSays(before) !== orderSays(changed);
    const sides = await sidesOf(tx, db, changed);
    const orders = told ? await ordersOf(db, tx, changed) : [];
    const updatedAt = timestamp(now);
    const after = { ...changed, updatedAt };
    write(tx, db, id, { before, after }, sides);
    for (const snapshot of orders) {
      if (snapshot.exists)
        tx.update(snapshot.ref, { ...billedAgain(snapshot, id, before, after), updatedAt });
    }
    beside?.(tx, before, after, sides);
    return after;
  });
}

/** Writes what is another than before, and not the hundred orders that a charge may hold. */
function updateCharge(
  tx: Transaction,
  db: Firestore,
  id: string,
  { before, after }: { before: StoredCharge; after: StoredCharge },
  sides: string[],
): void {
  for (const companyId of sides) {
    const [was, is] = [before, after].map((charge) => copyOf(charge, companyId)) as [object, object];
    tx.update(db.doc(paths.charge(companyId, id)), differences(was, is));
  }
}

function rewriteCharge(
  tx: Transaction,
  db: Firestore,
  id: string,
  { after }: { after: StoredCharge },
  sides: string[],
): void {
  writeCharge(tx, db, id, after, sides);
}

/** The fields of `is` that `was` has not, or otherwise; what only `was` has is removed. */
function differences(was: object, is: object): Record<string, unknown> {
  const before = new Map<string, unknown>(Object.entries(was));
  const after = new Map<string, unknown>(Object.entries(is));
  const changed = [...after].filter(([name, value]) => !isDeepStrictEqual(value, before.get(name)));
  const gone = [...before.keys()].filter((name) => !after.has(name));
  return Object.fromEntries([...changed, ...gone.map((name) => [name, FieldValue.delete()] as const)]);
}

/** All that orders repeat of their charge: when it stays, they stay unread. */
function orderSays(charge: StoredCharge): string {
  const { code, refunded, lost } = charge;
  return JSON.stringify([stateAtOrders(charge), code, refunded, lost]);
}

/** A payment that is under way has not come to anything yet, and is over in seconds. */
export function stateAtOrders({ state, dispute }: Pick<StoredCharge, 'state' | 'dispute'>): OrderChargeState {
  if (dispute === 'open') return 'disputed';
  return state === 'processing' ? 'pending' : state;
}

function ordersOf(db: Firestore, tx: Transaction, charge: StoredCharge): Promise<DocumentSnapshot[]> {
  return tx.getAll(...charge.orders.map(({ orderId }) => db.doc(paths.order(charge.supplierId, orderId))));
}

function billedAgain(
  snapshot: DocumentSnapshot,
  id: string,
  before: StoredCharge,
  after: StoredCharge,
): { billing: OrderBilling; lines?: OrderLine[] } {
  const order = snapshot.data() as StoredOrder;
  const billing = order.billing ?? { lines: {}, charges: [] };
  const was = before.orders.find(({ orderId }) => orderId === snapshot.id);
  const is = after.orders.find(({ orderId }) => orderId === snapshot.id);
  const lines = withPaidBack(billing.lines, was?.lines ?? [], is?.lines ?? []);
  const confirmed = order.lines.map((line) =>
    confirmReturns(line, (lines[line.id]?.returned ?? 0) - confirmedReturns(line)),
  );
  const state = stateAtOrders(after);
  const charges = billing.charges.map((entry) =>
    entry.id === id
      ? { ...entry, state, code: after.code, refunded: is?.refunded ?? 0, lost: is?.lost ?? 0 }
      : entry,
  );
  const same = confirmed.every((line, place) => line === order.lines[place]);
  return { billing: { lines, charges }, ...(!same && { lines: confirmed }) };
}
