import { bigCommerceProducts } from './bigcommerce-products.ts';
import type { ConnectionSecrets } from './platform.ts';
import type { ShopDeps } from './shop-orders.ts';
import { shopifyProducts } from './shopify-products.ts';
import { wooCommerceProducts } from './woocommerce-products.ts';

/** What a shop sells under one SKU, in our words; whether a catalogue takes it is the catalogue's matter. */
export interface ShopProduct {
  sku: string;
  title: string;
  /** Minor units. */
  price: number;
  currency: string;
  barcode: string | null;
  /** What its variants have in common; `null` for a product without any. */
  group: string | null;
  active: boolean;
  /** How many the shop says can be sold; `null` when it does not count them. */
  available: number | null;
}

export interface ProductPage {
  products: ShopProduct[];
  /** What has no SKU, or no price that can be read. */
  unreadable: number;
  next: string | undefined;
}

/** A shop's products, read from its API. Fails as `askShop` does. */
export interface ShopProducts {
  /** Those changed at or after a time (RFC 3339), or all; `page` is the `next` of the page before. */
  changedSince(since: string | null, page: string | undefined): Promise<ProductPage>;
}

/** `undefined` for a sender whose products can not be read. */
export function shopProducts(secrets: ConnectionSecrets, deps: ShopDeps): ShopProducts | undefined {
  if (secrets.platform === 'woocommerce') return wooCommerceProducts(secrets, deps);
  if (secrets.platform === 'bigcommerce') return bigCommerceProducts(secrets, deps);
  if (secrets.platform === 'shopify' && secrets.token !== undefined) {
    return shopifyProducts({ shop: secrets.shop, token: secrets.token }, deps);
  }
  return undefined;
}
