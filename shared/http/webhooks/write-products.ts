import type { Firestore } from '@google-cloud/firestore';
import { Product, ProductSku } from '../../catalogue/product.ts';
import { type ProductWrite, putProducts } from '../../catalogue/write-products.ts';
import type { WriteProducts } from '../../commerce/take-products.ts';
import type { OrdersDeps } from '../../orders/order-store.ts';
import { MAIN_PLACE } from '../../domain/stock.ts';
import type { StockShop } from '../../outbox/shop-stock.ts';
import { setStock } from '../../stock/set-stock.ts';
import { type ShopCount, takeCounts } from '../../stock/take-counts.ts';
import { sellableAt } from '../../stock/tell-shop-anew.ts';

const AT_ONCE = 100;
const Fields = Product.pick({
  title: true,
  price: true,
  currency: true,
  active: true,
  group: true,
  barcode: true,
});

/**
 * Puts a shop's products into its company's catalogue, as whoever connected the shop would. What a catalogue does not
 * take is left out. A SKU that nobody counts here yet, no supplier either, gets the shop's number; from then on the number
 * is kept here, and what is changed in the shop changes it: what we told a shop of a supplier's stock does not come back as
 * the retailer's own.
 */
export function productWriter(requestId: string, deps: OrdersDeps): WriteProducts {
  return async ({ id, companyId }, products, counts) => {
    const acting = { actor: { type: 'platform', id }, requestId } as const;
    const writes = products.flatMap(
      ({ sku, available, ...rest }): (ProductWrite & { available: number | null })[] => {
        const [name, product] = [ProductSku.safeParse(sku), Fields.safeParse(rest)];
        return name.success && product.success ? [{ sku: name.data, product: product.data, available }] : [];
      },
    );
    let written = 0;
    let again = false;
    for (let from = 0; from < writes.length; from += AT_ONCE) {
      const some = writes.slice(from, from + AT_ONCE);
      const { results } = await putProducts(
        companyId,
        some.map(({ sku, product }) => ({ sku, product })),
        acting,
        deps,
      );
      written += results.filter((result) => result !== 'unchanged').length;
      if (!counts) continue;
      const shown = some.flatMap(({ sku, available: count }) =>
        count === null ? [] : [{ sku, available: count }],
      );
      const shop = { companyId, connectionId: id };
      again = (await takeCounts(shop, shown, acting, deps)) || again;
      const uncounted = await notCounted(shop, shown, deps);
      if (uncounted.length > 0) await setStock(companyId, uncounted, acting, deps);
    }
    return { written, refused: products.length - writes.length, again };
  };
}

async function notCounted(
  shop: StockShop,
  shown: ShopCount[],
  deps: { db: Firestore },
): Promise<{ sku: string; place: string; onHand: number }[]> {
  const counted = shown.map(({ sku, available }) => ({ sku, place: MAIN_PLACE, onHand: available }));
  if (counted.length === 0) return [];
  const known = await sellableAt(
    shop,
    counted.map(({ sku }) => sku),
    deps,
  );
  return counted.filter(({ sku }) => !known.has(sku));
}
