import { createHmac } from 'node:crypto';
import type { Egress } from '../cloud/egress.ts';
import { DeliveryError } from '../domain/delivery-error.ts';
import type { StoredOrder } from '../domain/order.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import type { Claimed } from './delivery-store.ts';

/** Where a merchant's own endpoint is and what it verifies with; undefined when it is there no more. */
export type OpenEndpoint = (
  companyId: string,
  endpointId: string,
) => Promise<{ url: string; secrets: string[]; gone: () => Promise<void> } | undefined>;

interface EventDeps {
  egress: Egress;
  now: Clock;
  readOrder: (companyId: string, orderId: string) => Promise<StoredOrder | undefined>;
  endpointOf: OpenEndpoint;
}

const LIMITS = { ms: 15_000, bytes: 64_000 };

/**
 * Tells an endpoint, signed as Standard Webhooks says: HMAC-SHA256 of `id.timestamp.body`. The id is the delivery's, so
 * that a repeat can be told. The body holds ids and the trade as it is now, nothing of the consumer and no tracking.
 */
export async function sendEvent({ id, delivery }: Claimed, deps: EventDeps): Promise<null> {
  const { companyId, orderId, target } = delivery;
  if (orderId === null) throw new DeliveryError('ORDER_GONE');
  const [endpoint, order] = await Promise.all([
    deps.endpointOf(companyId, target.id),
    deps.readOrder(companyId, orderId),
  ]);
  if (endpoint === undefined) throw new DeliveryError('NOT_CONNECTED');
  if (order === undefined) throw new DeliveryError('ORDER_GONE');
  const body = JSON.stringify({
    type: delivery.event,
    timestamp: delivery.createdAt,
    data: eventData(orderId, order, delivery.fulfilmentId),
  });
  const at = Math.floor(Date.parse(timestamp(deps.now)) / 1000);
  const { status } = await deps.egress.call({
    method: 'POST',
    url: endpoint.url,
    headers: {
      'Content-Type': 'application/json',
      'User-Agent': 'Strongroom',
      'webhook-id': id,
      'webhook-timestamp': String(at),
      'webhook-signature': endpoint.secrets
        .map((secret) => signature(secret, `${id}.${at}.${body}`))
        .join(' '),
    },
    body,
    budget: `endpoint/${target.id}`,
    limits: LIMITS,
  });
  if (status >= 200 && status <= 299) return null;
  // Standard Webhooks: 410 says that nobody wants to be told any more.
  if (status === 410) await endpoint.gone();
  throw new DeliveryError(status === 410 ? 'NOT_CONNECTED' : 'UNAVAILABLE');
}

function signature(secret: string, content: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
}

function eventData(orderId: string, order: StoredOrder, fulfilmentId: string | null) {
  const fulfilment = order.fulfilments.find((each) => each.id === fulfilmentId);
  return {
    orderId,
    state: order.state,
    partner: order.partner,
    supplyOrders: order.supplyOrders.map(({ id, partner, state }) => ({ id, partner, state })),
    lines: order.lines.map((line) => ({
      id: line.id,
      sku: line.sku,
      quantity: line.quantity,
      fulfilledQuantity: line.fulfilledQuantity,
      cancelledQuantity: line.cancelledQuantity,
      supplier: line.supplier,
    })),
    ...(fulfilment === undefined
      ? {}
      : {
          fulfilment: {
            id: fulfilment.id,
            shippedAt: fulfilment.shippedAt,
            carrier: fulfilment.carrier,
            lines: fulfilment.lines,
          },
        }),
  };
}
