import type { Egress } from '../cloud/egress.ts';
import type { ShipTo } from '../domain/order.ts';
import { bigcommerceApi } from './bigcommerce-api.ts';
import type { BigCommerceShop } from './bigcommerce-orders.ts';
import type { ConnectionSecrets } from './platform.ts';
import { shopifyApi } from './shopify-api.ts';
import type { ShopifyShop } from './shopify-call.ts';
import { woocommerceApi } from './woocommerce-api.ts';
import type { WooCommerceShop } from './woocommerce-orders.ts';

/** What a shop's API is called with. It is sealed with the connection and never leaves memory. */
export type ShopAccess =
  | ({ platform: 'shopify' } & ShopifyShop)
  | ({ platform: 'woocommerce' } & WooCommerceShop)
  | ({ platform: 'bigcommerce' } & BigCommerceShop);

/** A shipment for the shop that an order came from. */
export interface ShopShipment {
  /** Ours (`ful_…`). Where a shop can keep it, the shop is asked for it before anything is made again. */
  id: string;
  /** The order's id at the shop. */
  externalId: string;
  carrier: string | null;
  trackingNumbers: string[];
  trackingUrls: string[];
  shippedAt: string;
  /** Each SKU once, with all that was shipped of it. */
  lines: { sku: string; quantity: number }[];
  /** Nothing of the order is left to ship. */
  last: boolean;
  /** What the shop calls the shipments that we made of this order before. */
  known: string[];
}

/** A supply order for the supplier's own shop. */
export interface ShopOrder {
  /** Tells the shop's webhooks, and us when we ask again, which delivery made it. */
  marker: string;
  code: string;
  currency: string;
  /** Amounts are decimal text in the order's currency. */
  lines: { sku: string; title: string; quantity: number; unitPrice: string; total: string }[];
  shipTo: ShipTo;
  /** No shop has it from before this time, RFC 3339. */
  since: string;
}

/** One shop, as far as we write to it. Each call looks first, so that a repeat changes nothing; all fail as `callShop`. */
export interface ShopApi {
  /** Makes the shipment one of the shop's order, unless the shop has it. Answers the shop's id of it. */
  createShipment(shipment: ShopShipment): Promise<string>;
  /** Gives a shipment that we made its carrier and tracking anew. */
  updateTracking(shipment: ShopShipment, shopId: string): Promise<string>;
  /** Creates the order with our marker, unless the shop has one with it. Answers the shop's id of it. */
  createOrder(order: ShopOrder): Promise<string>;
  /** Says how many of a SKU can be sold. Answers what the shop calls it; `null` when the shop does not sell it. */
  setStock(sku: string, available: number): Promise<string | null>;
}

/** Undefined for a sender that is not written to, and for a shop that was connected for its webhooks alone. */
export function shopApi(secrets: ConnectionSecrets, egress: Egress): ShopApi | undefined {
  if (secrets.platform === 'woocommerce') return woocommerceApi(secrets, egress);
  if (secrets.platform === 'bigcommerce') return bigcommerceApi(secrets, egress);
  if (secrets.platform !== 'shopify' || secrets.token === undefined) return undefined;
  return shopifyApi({ ...secrets, token: secrets.token }, egress);
}
