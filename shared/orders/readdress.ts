import { timingSafeEqual } from 'node:crypto';
import type { Transaction } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import type { RecordKey } from '../crypto/record-key.ts';
import { AppError, badFields } from '../domain/errors.ts';
import type { ShipTo, StoredOrder } from '../domain/order.ts';
import { timestamp } from '../domain/time.ts';
import { cleanShipTo } from './clean-text.ts';
import { withRouting } from './merge.ts';
import {
  type Acting,
  byPartner,
  orderDoc,
  type OrdersDeps,
  changeOrder,
  readOrder,
  readSupplies,
  refuseErasing,
  type SealedRecord,
  type Target,
} from './order-store.ts';
import { hasEnded } from './progress.ts';
import { publishDue } from './publish-due.ts';

/** An order whose sealed address is about to change, with all that the change touches. */
export interface Readdressed {
  orderId: string;
  order: StoredOrder;
  /** Its `shipTo` and `shipToMac` are replaced; the caller writes it. */
  sealed: SealedRecord;
  supplies: Map<string, StoredOrder>;
}

/** Whether an address is another than the sealed one, seen without opening it. */
export function addressDiffers(recordKey: RecordKey, sealed: SealedRecord, shipTo: ShipTo): boolean {
  const mac = recordKey.shipToMac(shipTo);
  return sealed.shipToMac === null || !timingSafeEqual(mac, sealed.shipToMac);
}

/**
 * Seals a changed address once and tells every supplier that has not ended. Once something was shipped the change
 * is only logged. Answers the order as it is to be stored.
 */
export function readdress(
  tx: Transaction,
  target: Readdressed,
  to: { shipTo: ShipTo; cleaned: boolean },
  recordKey: RecordKey,
  acting: Acting,
  deps: OrdersDeps,
): { order: StoredOrder; entry: AuditEntry } {
  const { db, now } = deps;
  const { orderId, order, sealed, supplies } = target;
  const shipped = order.lines.some((line) => line.fulfilledQuantity > 0);
  const told = (companyId: string, id: string, by: Acting): AuditEntry =>
    addEntry(
      tx,
      {
        companyId,
        ...by,
        action: 'order.address_changed',
        record: { type: 'order', id },
        result: shipped ? 'refused' : 'done',
        facts: { afterShipping: shipped },
      },
      deps,
    );
  const entry = told(order.companyId, orderId, acting);
  if (shipped) return { order, entry };

  sealed.shipTo = recordKey.sealShipTo(to.shipTo);
  sealed.shipToMac = recordKey.shipToMac(to.shipTo);
  for (const [id, supply] of supplies) {
    if (hasEnded(supply.state)) continue;
    tx.update(orderDoc(db, supply.companyId, id), { addressCleaned: to.cleaned, updatedAt: timestamp(now) });
    told(supply.companyId, id, byPartner(acting, supply));
  }
  const released: StoredOrder =
    order.held?.code === 'ADDRESS_EMPTY' ? { ...order, held: null, routing: 'pending' } : order;
  return { order: withRouting({ ...released, addressCleaned: to.cleaned }), entry };
}

/** A merchant corrects the address of its own order, as long as nothing was shipped (else CONFLICT). */
export async function correctAddress(
  target: Target,
  shipTo: ShipTo,
  acting: Acting,
  deps: OrdersDeps,
): Promise<{ order: StoredOrder; entry: AuditEntry }> {
  const cleaned = cleanShipTo(shipTo, []);
  if (cleaned.empty) throw badFields({ path: 'shipTo.streetAddress', message: 'holds no address' });
  const { companyId, orderId } = target;
  const known = await readOrder(deps.db, companyId, orderId);
  if (known.order.partner !== null) throw new AppError('CONFLICT', 'the address belongs to the retailer');
  refuseErasing(known.order);
  const recordKey = await deps.keyring.recordKey({ companyId, orderId }, { companyId, orderId });

  const result = await changeOrder(target, deps, async (tx, order) => {
    if (order.lines.some((line) => line.fulfilledQuantity > 0) || hasEnded(order.state)) {
      throw new AppError('CONFLICT', 'the order was shipped, or has ended');
    }
    const supplies = await readSupplies(deps.db, tx, order);
    const sealedRef = deps.db.doc(paths.sealed(orderId));
    const sealed = (await tx.get(sealedRef)).data() as SealedRecord | undefined;
    if (sealed === undefined) throw new AppError('KEY_GONE');
    const resealed = { ...sealed };
    const changed = readdress(
      tx,
      { orderId, order, sealed: resealed, supplies },
      cleaned,
      recordKey,
      acting,
      deps,
    );
    tx.set(sealedRef, resealed);
    const stored = { ...changed.order, updatedAt: timestamp(deps.now) };
    tx.set(orderDoc(deps.db, companyId, orderId), stored);
    return { order: stored, entry: changed.entry };
  });
  await publishDue(result.order, orderId, companyId, deps);
  return result;
}
