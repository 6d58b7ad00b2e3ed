import type { Firestore } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { Offer, Offers, Wanted } from '../domain/offer.ts';
import type { Clock } from '../domain/time.ts';
import { readPriceLists } from './price-list-store.ts';
import { priceOf } from './price.ts';
import { StoredProduct } from './stored-product.ts';

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
