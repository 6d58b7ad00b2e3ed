import { FieldPath, type Firestore, type Query } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { OrderState, StoredOrder } from '../domain/order.ts';

export interface OrderFilter {
  state?: OrderState | undefined;
  partner?: string | undefined;
  archived?: boolean | undefined;
  code?: string | undefined;
  /** RFC 3339 UTC with milliseconds: changed after this, oldest change first. Without it: newest order first. */
  updatedAfter?: string | undefined;
}

export interface ListedOrder {
  id: string;
  order: StoredOrder;
}

/** The field that a list is sorted by, and so what its cursor holds. */
export function sortField(filter: OrderFilter): 'createdAt' | 'updatedAt' {
  return filter.updatedAfter === undefined ? 'createdAt' : 'updatedAt';
}

/** Up to `limit` orders of one company after a place in the list. Nothing is opened. */
export async function listOrders(
  db: Firestore,
  companyId: string,
  filter: OrderFilter,
  page: { limit: number; after: [time: string, id: string] | undefined },
): Promise<ListedOrder[]> {
  let query: Query = db.collection(paths.orders(companyId));
  if (filter.state !== undefined) query = query.where('state', '==', filter.state);
  if (filter.partner !== undefined) query = query.where('partners', 'array-contains', filter.partner);
  if (filter.archived !== undefined) query = query.where('archived', '==', filter.archived);
  if (filter.code !== undefined) query = query.where('code', '==', filter.code);
  if (filter.updatedAfter !== undefined) query = query.where('updatedAt', '>', filter.updatedAfter);
  const field = sortField(filter);
  const direction = field === 'createdAt' ? 'desc' : 'asc';
  query = query.orderBy(field, direction).orderBy(FieldPath.documentId(), direction);
  if (page.after !== undefined) query = query.startAfter(...page.after);
  const found = await query.limit(page.limit).get();
  return found.docs.map((doc) => ({ id: doc.id, order: doc.data() as StoredOrder }));
}
