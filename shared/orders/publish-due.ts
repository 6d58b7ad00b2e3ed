import type { StoredOrder } from '../domain/order.ts';
import type { OrdersDeps } from './order-store.ts';

/** Asks for routing where it is due. A message that gets lost is made up for by `sweep`, so nothing fails here. */
export async function publishDue(
  order: StoredOrder,
  orderId: string,
  companyId: string,
  deps: Pick<OrdersDeps, 'publisher' | 'log'>,
): Promise<void> {
  if (order.due === undefined) return;
  try {
    await deps.publisher.order({ companyId, orderId });
  } catch {
    deps.log.publishFailed('orders', orderId, companyId);
  }
}
