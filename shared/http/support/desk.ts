import type { Firestore } from '@google-cloud/firestore';
import { leafHash } from '../../audit/entry.ts';
import { type ListDeps, listEntries } from '../../audit/list.ts';
import { readBills } from '../../orders/bills.ts';
import { listOrders } from '../../orders/list.ts';
import { NOTHING, unseal } from '../../orders/open.ts';
import { type OrdersDeps, readOrder } from '../../orders/order-store.ts';
import { listView, singleView } from '../../orders/view.ts';
import type { PlaceInList } from '../../support/disclose.ts';
import { pageOf, placeOf } from '../paging.ts';

/** Finds an order, and opens it as its merchant would read it once the caller has logged that. */
export async function openOrderView(
  companyId: string,
  orderId: string,
  deps: Pick<OrdersDeps, 'db' | 'keyring'>,
): Promise<() => Promise<object>> {
  const read = await readOrder(deps.db, companyId, orderId);
  return async () => {
    const bills = await readBills(deps.db, [read.order]);
    const opened = (await unseal(companyId, read, deps)) ?? NOTHING;
    return singleView(read.id, read.order, opened, bills);
  };
}

/** A page of a company's orders, without anything that is sealed. */
export async function ordersPage(
  companyId: string,
  { limit, after }: PlaceInList,
  { db }: { db: Firestore },
): Promise<object> {
  const place = placeOf('order', after);
  const orders = await listOrders(db, companyId, {}, { limit: limit + 1, after: place });
  const bills = await readBills(
    db,
    orders.map(({ order }) => order),
  );
  return pageOf(
    orders,
    limit,
    ({ id, order }) => [order.createdAt, id],
    ({ id, order }) => listView(id, order, bills),
  );
}

/** A page of a company's log. */
export async function auditPage(
  companyId: string,
  { limit, after }: PlaceInList,
  deps: ListDeps,
): Promise<object> {
  const place = placeOf('audit', after);
  const entries = await listEntries(deps, companyId, {}, { limit: limit + 1, after: place });
  return pageOf(
    entries,
    limit,
    (entry) => [entry.at, entry.id],
    (entry) => ({ ...entry, leaf: leafHash(entry) }),
  );
}
