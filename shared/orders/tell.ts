import type { Writer } from '../audit/append.ts';
import type { Party } from '../crypto/record-key.ts';
import type { StoredOrder } from '../domain/order.ts';
import { addDelivery, type Queued } from '../outbox/outbox.ts';
import { addEvents, type Endpoints, shopOf } from '../outbox/targets.ts';
import type { OrdersDeps } from './order-store.ts';

/** Tells the shop that an order came from of a shipment, or of its new tracking, and the owner's own endpoints. */
export function tellShipment(
  writer: Writer,
  kind: 'shipment' | 'tracking',
  owner: Party,
  order: StoredOrder,
  fulfilmentId: string,
  endpoints: Endpoints,
  deps: Pick<OrdersDeps, 'db' | 'now'>,
): Queued {
  const { companyId, orderId } = owner;
  const about = { companyId, orderId, fulfilmentId };
  const event = kind === 'shipment' ? 'shipment.created' : 'shipment.changed';
  const shop = shopOf(order);
  return [
    ...(shop === undefined ? [] : [addDelivery(writer, { ...about, kind }, shop, deps)]),
    ...addEvents(writer, { ...about, event }, endpoints, deps),
  ];
}
