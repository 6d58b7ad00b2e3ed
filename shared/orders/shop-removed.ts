import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import { cancel } from './cancel.ts';
import { ownOrderOf } from './own-order.ts';
import { takeFromSupplierShop } from './supplier-shop.ts';
import { orderIdOf } from './order-ids.ts';
import { type Acting, alreadyExists, orderDoc, type OrderRef, type OrdersDeps } from './order-store.ts';
import type { OrderSource } from './receive.ts';
import type { StoredOrder } from '../domain/order.ts';
import { timestamp } from '../domain/time.ts';
import { linesEnded } from './progress.ts';

/**
 * An order that its shop has no more: what was not shipped yet is cancelled, or declined where we made it ourselves. True when that changed something; an order
 * that we do not have, or that has ended, stays as it is.
 */
export async function shopRemoved(
  externalId: string,
  source: OrderSource,
  acting: Acting,
  deps: OrdersDeps,
): Promise<boolean> {
  const own = await ownOrderOf({ ...source, externalId }, deps);
  if (own !== undefined) {
    return takeFromSupplierShop(own, { cancelled: true, lines: [] }, acting, deps);
  }
  const lookup = await deps.keyring.lookup();
  const { companyId } = source;
  const orderId = orderIdOf(lookup, source.connectionId ?? companyId, externalId);
  const read = async (): Promise<StoredOrder | undefined> =>
    (await orderDoc(deps.db, companyId, orderId).get()).data() as StoredOrder | undefined;
  let order = await read();
  if (order === undefined && !(await stayAway(orderId, source, deps))) order = await read();
  if (order === undefined || order.erasing !== null || linesEnded(order.lines)) return false;
  try {
    await cancel({ companyId, orderId }, undefined, acting, deps);
    return true;
  } catch (error) {
    const late = ['NOT_FOUND', 'ORDER_ERASED', 'QUANTITY_EXCEEDED'];
    if (error instanceof AppError && late.includes(error.code)) return false;
    throw error;
  }
}

/**
 * WooCommerce can tell of a removal before of the order itself, whose event is then late; true when it is written down.
 * False when the order has come just now. Other shops are asked for an order, so what they have not is not told.
 */
async function stayAway(
  orderId: string,
  { platform }: OrderSource,
  { db, now }: OrdersDeps,
): Promise<boolean> {
  if (platform !== 'woocommerce') return true;
  const ref: OrderRef = { companyId: null, orderId: null, erasedAt: null, removedAt: timestamp(now) };
  try {
    await db.doc(paths.orderRef(orderId)).create(ref);
    return true;
  } catch (error) {
    if (!alreadyExists(error)) throw error;
    return (await db.doc(paths.orderRef(orderId)).get()).get('orderId') === null;
  }
}

/** Whether an order is stored as its shop had it at this time, or newer, or was erased. */
export async function isKnown(
  externalId: string,
  updatedAt: string,
  source: Pick<OrderSource, 'companyId' | 'connectionId'>,
  { db, keyring }: Pick<OrdersDeps, 'db' | 'keyring'>,
): Promise<boolean> {
  const lookup = await keyring.lookup();
  const orderId = orderIdOf(lookup, source.connectionId ?? source.companyId, externalId);
  const order = (await orderDoc(db, source.companyId, orderId).get()).data() as StoredOrder | undefined;
  const known = order?.sourceUpdatedAt ?? null;
  return known !== null && Date.parse(known) >= Date.parse(updatedAt);
}
