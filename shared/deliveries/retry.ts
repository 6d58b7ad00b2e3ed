import type { Firestore } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import type { Log } from '../cloud/log.ts';
import type { Publisher } from '../cloud/pubsub.ts';
import { StoredDelivery } from '../domain/delivery.ts';
import { dueSlot } from '../domain/due.ts';
import { AppError } from '../domain/errors.ts';
import type { Clock } from '../domain/time.ts';
import { publishDeliveries } from '../outbox/outbox.ts';
import { aboutOf, type Acting, revived } from './delivery-store.ts';

/** Sends a delivery that was given up again, from its first attempt on. DELIVERY_NOT_DEAD for any other. */
export async function retryDelivery(
  companyId: string,
  deliveryId: string,
  acting: Acting,
  deps: { db: Firestore; publisher: Pick<Publisher, 'delivery'>; log: Log; now: Clock },
): Promise<{ delivery: StoredDelivery; entry: AuditEntry }> {
  const ref = deps.db.doc(paths.delivery(companyId, deliveryId));
  const retried = await deps.db.runTransaction(async (tx) => {
    const found = await tx.get(ref);
    if (!found.exists) throw new AppError('NOT_FOUND');
    const delivery = revived(StoredDelivery.parse(found.data()), dueSlot(), deps.now);
    tx.set(ref, delivery);
    const record = { type: 'delivery', id: deliveryId } as const;
    const about = { action: 'delivery.retried', record, result: 'done', facts: aboutOf(delivery) } as const;
    return { delivery, entry: addEntry(tx, { companyId, ...acting, ...about }, deps) };
  });
  await publishDeliveries([{ companyId, deliveryId }], deps);
  return retried;
}
