import type { AuditEntry } from '../audit/entry.ts';
import type { Details, ShipTo, StoredOrder } from '../domain/order.ts';
import { isErasing, openOrder } from './open.ts';
import { type Acting, orderDoc, type OrdersDeps, toReadOrder } from './order-store.ts';

/** Reads an order for what is told of it; undefined when it is gone, or is being erased. */
export function readForDelivery({ db }: Pick<OrdersDeps, 'db'>) {
  return async (companyId: string, orderId: string): Promise<StoredOrder | undefined> => {
    const found = await orderDoc(db, companyId, orderId).get();
    if (!found.exists) return undefined;
    const { order } = toReadOrder(found);
    return (await isErasing(order, { db })) ? undefined : order;
  };
}

/** Opens an order for what is sent of it, with an entry that names the delivery and where it goes. */
export function openForDelivery(deps: Pick<OrdersDeps, 'db' | 'keyring' | 'now'>) {
  return async (
    companyId: string,
    orderId: string,
    acting: Acting,
    facts: AuditEntry['facts'],
  ): Promise<{ order: StoredOrder; shipTo: ShipTo | null; details: Details } | undefined> => {
    const found = await orderDoc(deps.db, companyId, orderId).get();
    if (!found.exists) return undefined;
    const read = toReadOrder(found);
    const { entry, shipTo, details } = await openOrder(companyId, read, acting, deps, facts);
    return entry === undefined ? undefined : { order: read.order, shipTo, details };
  };
}
