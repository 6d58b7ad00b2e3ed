import type { Firestore } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { Amount } from '../domain/order.ts';
import type { Clock } from '../domain/time.ts';
import { readPriceLists } from './price-list-store.ts';
import { priceOf } from './price.ts';
import { StoredProduct } from './stored-product.ts';

/** What a supplier sells one SKU for, to one partner. */
export interface Offer {
  sku: string;
  title: string;
  /** Minor units of `currency`. */
  unitPrice: number;
  currency: string;
}

/** What an order wants of one SKU; the same SKU on several lines counts together. */
export interface Wanted {
  sku: string;
  quantity: number;
}

export interface OfferTerms {
  supplierCompanyId: string;
  /** The list that the partner's terms name; `null`: the products' own prices. */
  priceListId: string | null;
  /** What the order is paid in: nothing is offered in another currency. */
  currency: string;
  /** RFC 3339 UTC: when the order was placed. A time that has not come yet is now. */
  at: string;
}

export interface Offers {
  /**
   * What of `wanted` the supplier sells on these terms, by SKU. There is no offer for what is unknown, inactive, not
   * on the list, below its minimum quantity, or dearer than an amount can be. Reads each SKU once, the price list, and
   * its exceptions.
   */
  offersOf(terms: OfferTerms, wanted: readonly Wanted[]): Promise<Map<string, Offer>>;
}

export function createOffers({ db, now }: { db: Firestore; now: Clock }): Offers {
  return {
    async offersOf({ supplierCompanyId, priceListId, currency, at }, wanted) {
      const quantities = quantitiesOf(wanted);
      if (quantities.size === 0) return new Map<string, Offer>();
      const [lists, products] = await Promise.all([
        readPriceLists(db, supplierCompanyId, priceListId),
        readProducts(db, supplierCompanyId, [...quantities.keys()]),
      ]);
      const placed = new Date(Math.min(Date.parse(at), now())).toISOString();
      const offers = products.flatMap((product): [string, Offer][] => {
        const { sku, title } = product;
        const quantity = quantities.get(sku) ?? 0;
        const price = priceOf(product, lists, { quantity, at: placed });
        if (typeof price === 'string' || price.currency !== currency) return [];
        // Nobody pays more than the largest amount for one SKU, and sums of such lines are exact.
        if (!Amount.safeParse(price.unitPrice * quantity).success) return [];
        return [[sku, { sku, title, unitPrice: price.unitPrice, currency }]];
      });
      return new Map(offers);
    },
  };
}

function quantitiesOf(wanted: readonly Wanted[]): Map<string, number> {
  const quantities = new Map<string, number>();
  for (const { sku, quantity } of wanted) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity);
  return quantities;
}

async function readProducts(db: Firestore, companyId: string, skus: string[]): Promise<StoredProduct[]> {
  const found = await db.getAll(...skus.map((sku) => db.doc(paths.product(companyId, sku))));
  return found.flatMap((snapshot) => {
    const product = StoredProduct.safeParse(snapshot.data());
    return product.success ? [product.data] : [];
  });
}
