import type { Firestore } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { Amount, type OrderLine } from '../domain/order.ts';
import { StoredPartner } from '../domain/partner.ts';
import { left } from './progress.ts';

/** `companies/{companyId}/products/{sku}`: price in minor units. */
export interface StoredProduct {
  sku: string;
  title: string;
  price: number;
  currency: string;
  active: boolean;
}

/** What of a line decides who supplies it. */
type Matchable = Pick<OrderLine, 'sku' | 'supplier' | 'quantity' | 'fulfilledQuantity' | 'cancelledQuantity'>;

/** A line, and who supplies it: no partner means that it stays with the retailer. */
export interface Match<Line = OrderLine> {
  line: Line;
  supplier: { partnerId: string; companyId: string } | null;
  product: StoredProduct | null;
}

/**
 * Finds for each line the first partner, by age of the connection, that sells its SKU in the order's currency. What
 * nobody supplies gets the retailer's own product, for its title. Reads partners once and a product for each line
 * that is still without one.
 */
export async function matchLines<Line extends Matchable>(
  db: Firestore,
  companyId: string,
  currency: string,
  lines: Line[],
): Promise<Match<Line>[]> {
  const suppliers = await suppliersOf(db, companyId);
  let open = lines.filter((line) => line.supplier === null && left(line) > 0);
  const matches: Match<Line>[] = [];
  for (const supplier of suppliers) {
    if (open.length === 0) break;
    const products = await productsOf(db, supplier.companyId, open);
    const offered = (line: Line): StoredProduct | undefined => {
      const product = products.get(line.sku);
      if (product?.active !== true || product.currency !== currency) return undefined;
      // Nobody pays more than the largest amount for one line, and sums of such lines are exact.
      return Amount.safeParse(product.price * left(line)).success ? product : undefined;
    };
    for (const line of open) {
      const product = offered(line);
      if (product !== undefined) matches.push({ line, supplier, product });
    }
    open = open.filter((line) => offered(line) === undefined);
  }
  const own = await productsOf(db, companyId, open);
  return [...matches, ...open.map((line) => ({ line, supplier: null, product: own.get(line.sku) ?? null }))];
}

async function suppliersOf(
  db: Firestore,
  companyId: string,
): Promise<{ partnerId: string; companyId: string }[]> {
  const found = await db
    .collection(paths.partners(companyId))
    .where('role', '==', 'supplier')
    .where('state', '==', 'active')
    .orderBy('createdAt')
    .get();
  return found.docs.flatMap((doc) => {
    const { companyId: supplier } = StoredPartner.parse(doc.data());
    return supplier === null ? [] : [{ partnerId: doc.id, companyId: supplier }];
  });
}

async function productsOf(
  db: Firestore,
  companyId: string,
  lines: Matchable[],
): Promise<Map<string, StoredProduct>> {
  const skus = [...new Set(lines.map((line) => line.sku))];
  if (skus.length === 0) return new Map();
  const snapshots = await db.getAll(...skus.map((sku) => db.doc(paths.product(companyId, sku))));
  const products = snapshots.map((snapshot) => snapshot.data() as StoredProduct | undefined);
  return new Map(
    products.filter((product) => product !== undefined).map((product) => [product.sku, product]),
  );
}
