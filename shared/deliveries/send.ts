import type { Firestore } from '@google-cloud/firestore';
import type { AuditEntry } from '../audit/entry.ts';
import type { Egress } from '../cloud/egress.ts';
import { paths } from '../cloud/firestore.ts';
import { DeliveryError } from '../domain/delivery-error.ts';
import { decimalText } from '../domain/money.ts';
import type { Details, ShipTo, StoredFulfilment, StoredOrder } from '../domain/order.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { type Acting, aboutOf, type Claimed, shipmentsMade } from './delivery-store.ts';
import { type OpenEndpoint, sendEvent } from './send-event.ts';

/** An order of the delivery's company; undefined when it is gone, or is being erased. */
export type ReadOrder = (companyId: string, orderId: string) => Promise<StoredOrder | undefined>;

/** What is sealed of it, opened with an entry in the company's log that says for which delivery. */
export type OpenOrder = (
  companyId: string,
  orderId: string,
  acting: Acting,
  facts: AuditEntry['facts'],
) => Promise<{ order: StoredOrder; shipTo: ShipTo | null; details: Details } | undefined>;

/** What a shop is told, by whichever platform; `shared/commerce` has one for each. */
export interface Shop {
  createShipment(shipment: ReturnType<typeof shipmentOf>): Promise<string>;
  updateTracking(shipment: ReturnType<typeof shipmentOf>, shopId: string): Promise<string>;
  createOrder(order: ReturnType<typeof orderOf>): Promise<string>;
  setStock(sku: string, available: number): Promise<string | null>;
}

export interface SendDeps {
  db: Firestore;
  now: Clock;
  egress: Egress;
  readOrder: ReadOrder;
  openOrder: OpenOrder;
  /** Undefined when the shop is connected no more, or without a right to write. */
  shopOf: (companyId: string, connectionId: string) => Promise<Shop | undefined>;
  endpointOf: OpenEndpoint;
  /** How many of a SKU a company can sell now; undefined when nobody counts them. */
  stockOf: (companyId: string, sku: string) => Promise<number | undefined>;
  /** Has a shop told anew how many of a SKU there are, if anybody counts them. */
  tellStock: (companyId: string, connectionId: string, sku: string) => Promise<void>;
  /** What tells the shop's own webhook of an order that we made which one it is. */
  markerOf: (companyId: string, orderId: string, deliveryId: string) => Promise<string>;
}

/** Sends one delivery; answers what the other side calls what was made there. */
export async function send(claimed: Claimed, acting: Acting, deps: SendDeps): Promise<string | null> {
  const { kind } = claimed.delivery;
  if (kind === 'event') return sendEvent(claimed, deps);
  const { companyId, orderId, sku, target } = claimed.delivery;
  const shop = await deps.shopOf(companyId, target.id);
  if (shop === undefined) throw new DeliveryError('NOT_CONNECTED');
  if (sku !== null) return sendStock(claimed, sku, shop, deps);
  if (orderId === null) throw new DeliveryError('ORDER_GONE');
  const facts = { ...aboutOf(claimed.delivery), deliveryId: claimed.id };
  const opened = await deps.openOrder(companyId, orderId, acting, facts);
  if (opened === undefined) throw new DeliveryError('ORDER_GONE');
  if (kind !== 'order') return sendShipment(claimed, opened, shop, deps);
  const made = await sendOrder(claimed, orderId, opened, shop, deps);
  // A shop takes off what an order in it asks for, which is taken off here already.
  const skus = new Set(opened.order.lines.map((line) => line.sku));
  for (const each of made === null ? [] : skus) await deps.tellStock(companyId, target.id, each);
  return made;
}

async function sendStock(
  { id, delivery }: Claimed,
  sku: string,
  shop: Shop,
  { db, now, stockOf }: SendDeps,
): Promise<string | null> {
  const counted = await stockOf(delivery.companyId, sku);
  if (counted === undefined && delivery.told === null) return null;
  // Nobody counts it any more: what the shop shows is of a partner that is gone.
  const available = counted ?? 0;
  const shopId = await shop.setStock(sku, available);
  if (shopId === null) return null;
  const shown = delivery.told?.shown === true && delivery.told.available === available;
  const told = { available, at: timestamp(now), shown };
  await db.doc(paths.delivery(delivery.companyId, id)).update({ told, seen: null });
  return shopId;
}

type Opened = NonNullable<Awaited<ReturnType<OpenOrder>>>;

async function sendShipment(
  { delivery }: Claimed,
  { order, details }: Opened,
  shop: Shop,
  deps: SendDeps,
): Promise<string> {
  const fulfilment = order.fulfilments.find((each) => each.id === delivery.fulfilmentId);
  if (fulfilment === undefined || order.source === null) throw new DeliveryError('ORDER_GONE');
  const made = await shipmentsMade(delivery, deps);
  const shipment = shipmentOf(order, fulfilment, details, [...made.values()]);
  if (delivery.kind === 'shipment') return shop.createShipment(shipment);
  const shopId = made.get(fulfilment.id);
  // The shipment itself never reached the shop; when it does, it has today's tracking.
  if (shopId === undefined) throw new DeliveryError('NOT_FOUND');
  return shop.updateTracking(shipment, shopId);
}

function shipmentOf(
  order: StoredOrder,
  fulfilment: StoredFulfilment,
  { tracking }: Details,
  known: string[],
) {
  const { numbers, urls } = tracking[fulfilment.id] ?? { numbers: [], urls: [] };
  const shipped = new Map<string, number>();
  for (const { lineId, quantity } of fulfilment.lines) {
    const sku = order.lines.find((line) => line.id === lineId)?.sku;
    if (sku !== undefined) shipped.set(sku, (shipped.get(sku) ?? 0) + quantity);
  }
  return {
    id: fulfilment.id,
    externalId: order.source?.externalId ?? '',
    carrier: fulfilment.carrier,
    trackingNumbers: numbers,
    trackingUrls: urls,
    shippedAt: fulfilment.shippedAt,
    lines: [...shipped].map(([sku, quantity]) => ({ sku, quantity })),
    last: order.state === 'fulfilled' && order.fulfilments.at(-1)?.id === fulfilment.id,
    known,
  };
}

async function sendOrder(
  { id, delivery }: Claimed,
  orderId: string,
  { order, shipTo, details }: Opened,
  shop: Shop,
  deps: SendDeps,
): Promise<string | null> {
  // Its own webhook was here first, while we still waited for an answer or had none.
  if (delivery.shopId !== null) return delivery.shopId;
  const lines = linesOf(order, delivery.lineIds, details);
  // Cancelled or declined before it was told: there is nothing to make, and no address to make it with.
  if (lines.length === 0) return null;
  if (shipTo === null) throw new DeliveryError('ADDRESS_EMPTY');
  const marker = await deps.markerOf(delivery.companyId, orderId, id);
  return shop.createOrder(orderOf(order, lines, shipTo, { marker, since: delivery.createdAt }));
}

function orderOf(
  { code, currency }: StoredOrder,
  lines: ReturnType<typeof linesOf>,
  shipTo: ShipTo,
  told: { marker: string; since: string },
) {
  return { ...told, code, currency, lines, shipTo };
}

/** What is left to ship of the lines that the shop is asked for. */
function linesOf(order: StoredOrder, lineIds: string[], { titles }: Details) {
  return order.lines.flatMap((line) => {
    const quantity = line.quantity - line.fulfilledQuantity - line.cancelledQuantity;
    if (!lineIds.includes(line.id) || quantity <= 0) return [];
    const title = line.title ?? titles[line.origin ?? line.id] ?? line.sku;
    const amount = (units: number): string => decimalText(units, order.currency);
    const prices = { unitPrice: amount(line.unitPrice), total: amount(line.unitPrice * quantity) };
    return [{ sku: line.sku, title, quantity, ...prices }];
  });
}
