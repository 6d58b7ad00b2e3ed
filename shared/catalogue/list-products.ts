import type { Firestore, Query } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { StoredProduct } from './stored-product.ts';

export interface ProductFilter {
  active?: boolean | undefined;
  group?: string | undefined;
  /** Those that this price list has a rule for. */
  priceList?: string | undefined;
}

/** Up to `limit` products of one company by SKU, after a SKU. What was removed has none, and so is in no list. */
export async function listProducts(
  db: Firestore,
  companyId: string,
  filter: ProductFilter,
  page: { limit: number; after: string | undefined },
): Promise<StoredProduct[]> {
  let query: Query = db.collection(paths.products(companyId));
  if (filter.active !== undefined) query = query.where('active', '==', filter.active);
  if (filter.group !== undefined) query = query.where('group', '==', filter.group);
  if (filter.priceList !== undefined) query = query.where('lists', 'array-contains', filter.priceList);
  query = query.orderBy('sku');
  if (page.after !== undefined) query = query.startAfter(page.after);
  const found = await query.limit(page.limit).get();
  return found.docs.map((doc) => StoredProduct.parse(doc.data()));
}
