import type { Firestore, Query, QueryDocumentSnapshot } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { StoredPartner } from '../domain/partner.ts';
import { DEFAULT_ROUTING, type RoutingCriterion, RoutingOrder } from '../domain/routing.ts';
import { freeOf, type StoredStock } from '../domain/stock.ts';

/** A partner that a retailer's lines can go to, and on which terms. */
export interface Supplier {
  partnerId: string;
  companyId: string;
  priceListId: string | null;
  /** The retailer's own; lower comes first. */
  preference: number;
  /** Whether the retailer may see what it has. */
  showsStock: boolean;
  /** Whether what it ships is charged here. */
  bills: boolean;
}

/** The partners that supply a company now, by the age of the connection. */
export function activeSuppliers(db: Firestore, companyId: string): Query {
  return db
    .collection(paths.partners(companyId))
    .where('role', '==', 'supplier')
    .where('state', '==', 'active')
    .orderBy('createdAt');
}

/** The partner of a connection; none while nobody has accepted it. */
export function supplierOf(doc: QueryDocumentSnapshot): Supplier[] {
  const { companyId, terms, preference } = StoredPartner.parse(doc.data());
  if (companyId === null) return [];
  const { priceListId, bill: bills, shares } = terms;
  return [{ partnerId: doc.id, companyId, priceListId, preference, showsStock: shares.stock, bills }];
}

/** By what the retailer chooses among its partners. */
export async function routingOrderOf(db: Firestore, companyId: string): Promise<readonly RoutingCriterion[]> {
  const stored: unknown = (await db.doc(paths.company(companyId)).get()).get('routing');
  const order = RoutingOrder.safeParse(stored);
  return order.success ? order.data : DEFAULT_ROUTING;
}

/**
 * How much of these SKUs a supplier has that is promised to nobody; what is not tracked is not among them. One read
 * for a supplier that tracks nothing, and one a SKU for others.
 */
export async function stockOf(
  db: Firestore,
  companyId: string,
  skus: string[],
): Promise<Map<string, number>> {
  if (skus.length === 0) return new Map();
  const any = await db.collection(paths.stocks(companyId)).select().limit(1).get();
  if (any.empty) return new Map();
  const found = await db.getAll(...skus.map((sku) => db.doc(paths.stock(companyId, sku))));
  return new Map(
    found.flatMap((snapshot): [string, number][] => {
      const stock = snapshot.data() as StoredStock | undefined;
      if (stock === undefined) return [];
      return [[stock.sku, freeOf(stock)]];
    }),
  );
}
