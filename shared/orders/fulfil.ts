import type { Transaction } from '@google-cloud/firestore';
import { addEntry, type Beside } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import { randomId } from '../domain/ids.ts';
import type { Details, OrderLine, ShippedThere, StoredFulfilment, StoredOrder } from '../domain/order.ts';
import { timestamp } from '../domain/time.ts';
import { publishDeliveries } from '../outbox/outbox.ts';
import { endpointsOf } from '../outbox/targets.ts';
import { withRouting } from './merge.ts';
import {
  type Acting,
  byPartner,
  changeOrder,
  orderDoc,
  type OrdersDeps,
  ownerOf,
  readOwned,
  type SealedRecord,
  type Target,
} from './order-store.ts';
import { left, withLines, withSupplyState } from './progress.ts';
import { allOf, chosen, type LineQuantity } from './quantities.ts';
import { carryToStock, publishStock } from './reserve.ts';
import { requireRoomForShipments, requireRoomForTracking } from './room.ts';
import { tellShipment } from './tell.ts';

/** A shipment as a merchant tells it. Without lines it is everything that the caller still has to ship. */
export interface Shipment {
  carrier: string | null;
  trackingNumbers: string[];
  trackingUrls: string[];
  shippedAt: string | undefined;
  lines: LineQuantity[] | undefined;
  /** Of a supplier's own shop. */
  there?: ShippedThere | undefined;
}

/**
 * Writes a shipment to the caller's order and, when a partner ships, to the retailer's order in the same
 * transaction. Tracking is sealed under the owner's record key. QUANTITY_EXCEEDED for more than what is left,
 * CONFLICT for a retailer that ships what a partner supplies, and when the order can hold no more shipments.
 */
export async function fulfil(
  target: Target,
  shipment: Shipment,
  acting: Acting,
  deps: OrdersDeps,
  beside?: Beside,
): Promise<{ order: StoredOrder; fulfilmentId: string; entry: AuditEntry }> {
  const tracking = { numbers: shipment.trackingNumbers, urls: shipment.trackingUrls };
  const seals = tracking.numbers.length + tracking.urls.length > 0;
  const id = randomId('fulfilment');
  const { queued, ...done } = await changeOrder(target, deps, async (tx, order) => {
    const quantities = shippedQuantities(order, shipment.lines);
    const owner = order.origin;
    const owned = await readOwned(deps.db, tx, order);
    const more = (details: Details): Details => ({
      ...details,
      tracking: { ...details.tracking, [id]: tracking },
    });
    const writeDetails = seals ? await sealDetails(tx, target, order, more, deps) : undefined;
    const endpoints = await endpointsOf(deps, ownerOf(target, order).companyId);

    const at = timestamp(deps.now);
    const base = { id, carrier: shipment.carrier, shippedAt: shipment.shippedAt ?? at, partner: null };
    const shipped = {
      ...withShipment(order, base, quantities, at),
      ...unbilledMark(order),
      ...thereOf(order, id, shipment.there),
    };
    tx.set(orderDoc(deps.db, target.companyId, target.orderId), shipped);
    // What stays with a retailer has no reservation.
    const asked = owner === null ? [] : carryToStock(tx, order, shipped, deps.db);
    if (owner !== null && owned !== undefined) {
      const partner = order.partner;
      const mapped = new Map(order.lines.map((line) => [line.origin ?? '', quantities.get(line.id) ?? 0]));
      const told = withShipment(owned, { ...base, partner }, mapped, at);
      tx.set(
        orderDoc(deps.db, owner.companyId, owner.orderId),
        withSupplyState(told, target.orderId, shipped.state),
      );
      const by = byPartner(acting, order);
      addEntry(tx, fulfilled(owner.companyId, owner.orderId, id, told, by), deps);
    }
    writeDetails?.();
    const entry = addEntry(tx, fulfilled(target.companyId, target.orderId, id, shipped, acting), deps);
    const queued = tellShipment(tx, 'shipment', ownerOf(target, order), owned ?? order, id, endpoints, deps);
    beside?.(tx, id);
    return { order: shipped, fulfilmentId: id, entry, asked, queued };
  });
  await publishStock(done.asked, deps);
  await publishDeliveries(queued, deps);
  return done;
}

function thereOf(
  { shippedThere }: StoredOrder,
  fulfilmentId: string,
  there: ShippedThere | undefined,
): Pick<StoredOrder, 'shippedThere'> {
  return there === undefined ? {} : { shippedThere: { ...shippedThere, [fulfilmentId]: there } };
}

/** By which `bill` finds what was shipped and is on no charge yet. */
function unbilledMark({ billed, partner, currency }: StoredOrder): Pick<StoredOrder, 'unbilled'> {
  return billed === true && partner !== null ? { unbilled: `${partner}/${currency}` } : {};
}

/** Corrects carrier and tracking of a shipment; what is not given stays. NOT_FOUND unless the caller shipped it. */
export async function correctFulfilment(
  target: Target,
  fulfilmentId: string,
  change: Partial<Pick<Shipment, 'carrier' | 'trackingNumbers' | 'trackingUrls' | 'there'>>,
  acting: Acting,
  deps: OrdersDeps,
): Promise<{ order: StoredOrder; entry: AuditEntry }> {
  const { trackingNumbers: numbers, trackingUrls: urls } = change;
  const seals = numbers !== undefined || urls !== undefined;
  const { queued, ...done } = await changeOrder(target, deps, async (tx, order) => {
    const known = order.fulfilments.find((each) => each.id === fulfilmentId);
    if (known?.partner !== null) throw new AppError('NOT_FOUND');
    const owner = order.origin;
    const owned = await readOwned(deps.db, tx, order);
    const corrections = (details: Details): Details => {
      const was = details.tracking[fulfilmentId] ?? { numbers: [], urls: [] };
      const now = { numbers: numbers ?? was.numbers, urls: urls ?? was.urls };
      return { ...details, tracking: { ...details.tracking, [fulfilmentId]: now } };
    };
    const writeDetails = seals ? await sealDetails(tx, target, order, corrections, deps) : undefined;
    const endpoints = await endpointsOf(deps, ownerOf(target, order).companyId);

    const at = timestamp(deps.now);
    const corrected = (each: StoredOrder): StoredOrder => ({
      ...each,
      updatedAt: at,
      fulfilments: each.fulfilments.map((fulfilment) =>
        fulfilment.id === fulfilmentId && change.carrier !== undefined
          ? { ...fulfilment, carrier: change.carrier }
          : fulfilment,
      ),
    });
    const about = {
      ...acting,
      action: 'order.fulfilment_changed',
      result: 'done',
      facts: { fulfilmentId },
    } as const;
    if (owner !== null && owned !== undefined) {
      tx.set(orderDoc(deps.db, owner.companyId, owner.orderId), corrected(owned));
      const record = { type: 'order', id: owner.orderId } as const;
      const told = { ...about, ...byPartner(acting, order) };
      addEntry(tx, { companyId: owner.companyId, ...told, record }, deps);
    }
    writeDetails?.();
    const after = { ...corrected(order), ...thereOf(order, fulfilmentId, change.there) };
    tx.set(orderDoc(deps.db, target.companyId, target.orderId), after);
    const record = { type: 'order', id: target.orderId } as const;
    const entry = addEntry(tx, { companyId: target.companyId, ...about, record }, deps);
    const toldOf = [ownerOf(target, order), owned ?? order, fulfilmentId, endpoints] as const;
    return { order: after, entry, queued: tellShipment(tx, 'tracking', ...toldOf, deps) };
  });
  await publishDeliveries(queued, deps);
  return done;
}

function shippedQuantities(order: StoredOrder, lines: LineQuantity[] | undefined): Map<string, number> {
  // On a retailer's order, what a partner supplies is the partner's to ship.
  const own = (line: OrderLine): boolean => order.partner !== null || line.supplier === null;
  if (lines === undefined) return allOf(order.lines, (line) => (own(line) ? left(line) : 0));
  const quantities = chosen(order.lines, lines, left);
  if (order.lines.some((line) => quantities.has(line.id) && !own(line))) {
    throw new AppError('CONFLICT', 'a line of these is supplied by a partner, who ships it');
  }
  return quantities;
}

function withShipment(
  order: StoredOrder,
  base: Omit<StoredFulfilment, 'lines'>,
  quantities: Map<string, number>,
  at: string,
): StoredOrder {
  const lines = order.lines.map((line): OrderLine => {
    const fulfilledQuantity = line.fulfilledQuantity + (quantities.get(line.id) ?? 0);
    const after = { ...line, fulfilledQuantity };
    // What has been shipped waits for no stock, whatever the books say that there was.
    const served = line.stock !== null && fulfilledQuantity > line.fulfilledQuantity && left(after) === 0;
    return served ? { ...after, stock: 'granted' } : after;
  });
  const shipped = order.lines
    .map((line) => ({ lineId: line.id, quantity: quantities.get(line.id) ?? 0 }))
    .filter(({ quantity }) => quantity > 0);
  const fulfilments = [...order.fulfilments, { ...base, lines: shipped }];
  requireRoomForShipments({ fulfilments });
  return withRouting(withLines({ ...order, fulfilments, updatedAt: at }, lines));
}

/** Prepares a change of an order's sealed details in the caller's transaction; what it answers writes them. */
async function sealDetails(
  tx: Transaction,
  target: Target,
  order: StoredOrder,
  change: (details: Details) => Details,
  { db, keyring }: OrdersDeps,
): Promise<() => void> {
  const owner = ownerOf(target, order);
  const ref = db.doc(paths.sealed(owner.orderId));
  const [recordKey, snapshot] = await Promise.all([keyring.recordKey(owner, target), tx.get(ref)]);
  const sealed = snapshot.data() as SealedRecord | undefined;
  if (sealed === undefined) throw new AppError('KEY_GONE');
  const known =
    sealed.details === null ? { titles: {}, tracking: {} } : recordKey.openDetails(sealed.details);
  const changed = change(known);
  requireRoomForTracking(changed);
  return () => void tx.update(ref, { details: recordKey.sealDetails(changed) });
}

function fulfilled(
  companyId: string,
  id: string,
  fulfilmentId: string,
  order: StoredOrder,
  acting: Acting,
): Omit<AuditEntry, 'id' | 'at'> {
  const facts = { fulfilmentId, state: order.state };
  return {
    companyId,
    ...acting,
    action: 'order.fulfilled',
    record: { type: 'order', id },
    result: 'done',
    facts,
  };
}
