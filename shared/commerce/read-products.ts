import { minorUnits } from '../domain/money.ts';
import { Sku } from '../domain/order.ts';
import { plainLine } from '../domain/plain-text.ts';
import type { ProductPage, ShopProduct } from './shop-products.ts';

/** A variant as all platforms have it. */
export interface Variant {
  sku: string | null | undefined;
  title: string;
  price: string | number | null | undefined;
  currency: string;
  barcode?: string | null | undefined;
  group: string | null;
  active: boolean;
  available: number | null;
}

/** What can be used of a page of variants: those with a SKU and a price. The same SKU again is one product, the last. */
export function pageOfVariants(variants: Variant[], next: string | undefined): ProductPage {
  const products = new Map<string, ShopProduct>();
  let unreadable = 0;
  for (const { sku: given, price, ...rest } of variants) {
    const sku = Sku.safeParse(plainLine(given ?? ''));
    const units = minorUnits(price ?? '', rest.currency);
    if (!sku.success || units === undefined) {
      unreadable += 1;
      continue;
    }
    const title = plainLine(rest.title).slice(0, 500);
    const barcode = /^[0-9A-Za-z-]{1,40}$/.exec(rest.barcode ?? '')?.[0] ?? null;
    const group = rest.group === null ? null : plainLine(rest.group).slice(0, 120) || null;
    const available = rest.available === null ? null : Math.max(0, Math.floor(rest.available));
    products.set(sku.data, { ...rest, ...{ sku: sku.data, title, price: units, barcode, group, available } });
  }
  return { products: [...products.values()], unreadable, next };
}
