import type { Firestore } from '@google-cloud/firestore';
import type { Writer } from '../audit/append.ts';
import { paths } from '../cloud/firestore.ts';
import type { Log } from '../cloud/log.ts';
import type { Publisher } from '../cloud/pubsub.ts';
import type {
  DeliveryKind,
  DeliveryMessage,
  DeliveryTarget,
  EventType,
  StoredDelivery,
} from '../domain/delivery.ts';
import { dueSlot } from '../domain/due.ts';
import { randomId } from '../domain/ids.ts';
import { type Clock, timestamp } from '../domain/time.ts';

/** What a delivery is about. */
export interface About {
  companyId: string;
  kind: Exclude<DeliveryKind, 'stock'>;
  orderId: string;
  event?: EventType;
  fulfilmentId?: string;
  lineIds?: string[];
}

/** What was put into a batch or transaction, to be asked for once that is committed. */
export type Queued = DeliveryMessage[];

/**
 * Adds a delivery to what the caller is about to commit, so that there is no change without its delivery and no delivery
 * without its change. Whatever is not published afterwards, `sweep` finds by its slot.
 */
export function addDelivery(
  writer: Writer,
  about: About,
  target: DeliveryTarget,
  { db, now }: { db: Firestore; now: Clock },
): DeliveryMessage {
  const { companyId, kind, orderId, event = null, fulfilmentId = null, lineIds = [] } = about;
  const deliveryId = randomId('delivery');
  const at = timestamp(now);
  const delivery: StoredDelivery = {
    ...{ companyId, kind, event, orderId, sku: null, fulfilmentId, lineIds, target },
    stream: `${target.id}/${orderId}`,
    state: 'pending',
    attempts: 0,
    nextAttemptAt: null,
    lastAttemptAt: null,
    lastCode: null,
    claimedUntil: null,
    ...{ shopId: null, told: null, seen: null },
    createdAt: at,
    updatedAt: at,
    due: dueSlot(),
  };
  writer.create(db.doc(paths.delivery(companyId, deliveryId)), delivery);
  return { companyId, deliveryId };
}

/** Asks for deliveries that were committed. A message that gets lost is made up for by `sweep`, so nothing fails here. */
export async function publishDeliveries(
  queued: Queued,
  deps: { publisher: Pick<Publisher, 'delivery'>; log: Log },
): Promise<void> {
  await Promise.all(
    queued.map(async (message) => {
      try {
        await deps.publisher.delivery(message);
      } catch {
        deps.log.publishFailed('deliveries', message.deliveryId, message.companyId);
      }
    }),
  );
}
