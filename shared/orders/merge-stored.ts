import type { Transaction } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import type { RecordKey } from '../crypto/record-key.ts';
import type { StoredOrder } from '../domain/order.ts';
import type { StockMessage } from '../domain/stock.ts';
import { timestamp } from '../domain/time.ts';
import { ageOf, differs, mergeEvent } from './merge.ts';
import { type MinimisedOrder, titlesById } from './minimise.ts';
import {
  type Acting,
  byPartner,
  orderDoc,
  type OrdersDeps,
  readSupplies,
  type SealedRecord,
} from './order-store.ts';
import { withLines } from './progress.ts';
import { publishDue } from './publish-due.ts';
import { addressDiffers, readdress } from './readdress.ts';
import { carryToStock, publishStock } from './reserve.ts';
import { requireRoomForLines } from './room.ts';
import { carryToSupply, withSupplies } from './supply.ts';

/** An event about an order that is stored already. */
export interface LaterEvent {
  orderId: string;
  companyId: string;
  incoming: MinimisedOrder;
  idOf: (key: string) => string;
}

/**
 * Merges an event into the stored order, and what it cancels into the supply orders. Most events are repeats: those
 * cost one plain read. True when something changed.
 */
export async function mergeIntoStored(event: LaterEvent, acting: Acting, deps: OrdersDeps): Promise<boolean> {
  const { orderId, companyId } = event;
  const found = await orderDoc(deps.db, companyId, orderId).get();
  const known = found.data() as StoredOrder | undefined;
  // Erased since its reference was read.
  if (known === undefined) return false;
  if (!changes(known, event)) {
    await publishDue(known, orderId, companyId, deps);
    return false;
  }
  const self = { companyId, orderId };
  const recordKey = mayReseal(known, event) ? await deps.keyring.recordKey(self, self) : undefined;
  const merged = await deps.db.runTransaction((tx) => mergeWithin(tx, event, recordKey, acting, deps));
  if (merged === undefined) return false;
  await publishStock(merged.asked, deps);
  await publishDue(merged.order, orderId, companyId, deps);
  return true;
}

function changes(known: StoredOrder, { incoming, idOf }: LaterEvent): boolean {
  if (known.erasing !== null || ageOf(known, incoming) === 'older') return false;
  return differs(known, mergeEvent(known, incoming, idOf));
}

/** A newer event can bring another address and new titles, one of equal age only titles of lines that it adds. */
function mayReseal(known: StoredOrder, { incoming, idOf }: LaterEvent): boolean {
  const lines = new Set(known.lines.map((line) => line.id));
  return ageOf(known, incoming) === 'newer' || incoming.lines.some((line) => !lines.has(idOf(line.key)));
}

async function mergeWithin(
  tx: Transaction,
  event: LaterEvent,
  recordKey: RecordKey | undefined,
  acting: Acting,
  deps: OrdersDeps,
): Promise<{ order: StoredOrder; asked: StockMessage[] } | undefined> {
  const { db, now } = deps;
  const { orderId, companyId, incoming, idOf } = event;
  const known = (await tx.get(orderDoc(db, companyId, orderId))).data() as StoredOrder | undefined;
  if (known === undefined || !changes(known, event)) return undefined;
  const newer = ageOf(known, incoming) === 'newer';
  const supplies = await readSupplies(db, tx, known);
  const sealedRef = db.doc(paths.sealed(orderId));
  const sealed =
    recordKey === undefined ? undefined : ((await tx.get(sealedRef)).data() as SealedRecord | undefined);

  const at = timestamp(now);
  let merged = withAdded(known, { ...mergeEvent(known, incoming, idOf), updatedAt: at });
  const { lines, changed } = carryToSupply(known.lines, merged.lines, supplies);
  const asked: StockMessage[] = [];
  for (const [id, supply] of changed) {
    const written = { ...supply, updatedAt: at };
    asked.push(...carryToStock(tx, supplies.get(id) ?? supply, written, db));
    supplies.set(id, written);
    tx.set(orderDoc(db, supply.companyId, id), written);
    addEntry(tx, updated(supply.companyId, id, byPartner(acting, supply)), deps);
  }
  merged = withSupplies(withLines(merged, lines), changed);
  requireRoomForLines(merged);

  if (recordKey !== undefined && sealed !== undefined) {
    const resealed = { ...sealed };
    if (newer && incoming.shipTo !== null && addressDiffers(recordKey, sealed, incoming.shipTo)) {
      const target = { orderId, order: merged, sealed: resealed, supplies };
      const to = { shipTo: incoming.shipTo, cleaned: incoming.addressCleaned };
      merged = readdress(tx, target, to, recordKey, acting, deps).order;
    }
    if (merged.lines.length > known.lines.length && sealed.details !== null) {
      const details = recordKey.openDetails(sealed.details);
      const more = { ...details, titles: { ...titlesById(incoming, idOf), ...details.titles } };
      requireRoomForLines(merged, more);
      resealed.details = recordKey.sealDetails(more);
    }
    if (resealed.shipTo !== sealed.shipTo || resealed.details !== sealed.details) tx.set(sealedRef, resealed);
  }

  tx.set(orderDoc(db, companyId, orderId), merged);
  addEntry(tx, updated(companyId, orderId, acting), deps);
  return { order: merged, asked };
}

/** Lines that are new to the order have their own time: prices and lists may be other ones than when it was placed. */
function withAdded(before: StoredOrder, after: StoredOrder): StoredOrder {
  const known = new Set(before.lines.map((line) => line.id));
  const addedAt = after.updatedAt;
  return { ...after, lines: after.lines.map((line) => (known.has(line.id) ? line : { ...line, addedAt })) };
}

function updated(companyId: string, id: string, acting: Acting): Omit<AuditEntry, 'id' | 'at'> {
  return {
    companyId,
    ...acting,
    action: 'order.updated',
    record: { type: 'order', id },
    result: 'done',
    facts: {},
  };
}
