import type { Firestore } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { Amount } from '../domain/order.ts';

/** What a supplier sells one SKU for, to one partner. `unitPrice` in minor units of `currency`. */
export interface Offer {
  sku: string;
  title: string;
  unitPrice: number;
  currency: string;
}

/** Whoever knows products and prices. `at` is when the order was placed, RFC 3339 UTC. */
export interface Offers {
  offersOf(
    terms: { supplierCompanyId: string; priceListId: string | null; currency: string; at: string },
    wanted: readonly { sku: string; quantity: number }[],
  ): Promise<Map<string, Offer>>;
}

/** `companies/{companyId}/products/{sku}`: price in minor units. */
export interface StoredProduct {
  sku: string;
  title: string;
  price: number;
  currency: string;
  active: boolean;
}

/** Offers at the products' own prices. Reads each SKU once. */
export function plainOffers(db: Firestore): Offers {
  return {
    async offersOf({ supplierCompanyId, currency }, wanted) {
      const products = await productsOf(
        db,
        supplierCompanyId,
        wanted.map(({ sku }) => sku),
      );
      const most = new Map<string, number>();
      for (const { sku, quantity } of wanted) most.set(sku, Math.max(most.get(sku) ?? 0, quantity));
      const sold = [...products.values()].filter(
        (product) =>
          product.active &&
          product.currency === currency &&
          // Nobody pays more than the largest amount for one line, and sums of such lines are exact.
          Amount.safeParse(product.price * (most.get(product.sku) ?? 0)).success,
      );
      return new Map(sold.map(({ sku, title, price }) => [sku, { sku, title, unitPrice: price, currency }]));
    },
  };
}

export async function productsOf(
  db: Firestore,
  companyId: string,
  wanted: string[],
): Promise<Map<string, StoredProduct>> {
  const skus = [...new Set(wanted)];
  if (skus.length === 0) return new Map();
  const snapshots = await db.getAll(...skus.map((sku) => db.doc(paths.product(companyId, sku))));
  const products = snapshots.map((snapshot) => snapshot.data() as StoredProduct | undefined);
  return new Map(
    products.filter((product) => product !== undefined).map((product) => [product.sku, product]),
  );
}
