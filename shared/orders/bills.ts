import type { Firestore } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { StoredOrder } from '../domain/order.ts';

/** By the id of a supply order: what of it is on no charge, and its charges. */
export type Bills = ReadonlyMap<string, Pick<StoredOrder, 'unbilled' | 'billing'>>;

/**
 * Reads what became of the bills of some orders' supply orders, and nothing else of these: what the wholesaler ships by
 * is not the retailer's to see. Costs no read where nothing is billed here.
 */
export async function readBills(db: Firestore, orders: StoredOrder[]): Promise<Bills> {
  const refs = orders
    .flatMap(({ supplyOrders }) => supplyOrders.filter(({ billed }) => billed === true))
    .map(({ companyId, id }) => db.doc(paths.order(companyId, id)));
  if (refs.length === 0) return new Map();
  const found = await db.getAll(...refs, { fieldMask: ['unbilled', 'billing'] });
  return new Map(
    found
      .filter(({ exists }) => exists)
      .map((each) => [each.id, each.data() as Pick<StoredOrder, 'unbilled' | 'billing'>]),
  );
}
