import type { ShipTo } from '../domain/order.ts';

/** What a shop's API is called with. It is sealed with the connection and never leaves memory. */
export type ShopAccess =
  | { platform: 'shopify'; shop: string; token: string }
  | { platform: 'woocommerce'; site: string; consumerKey: string; consumerSecret: string }
  | { platform: 'bigcommerce'; storeHash: string; token: string };

/** The platforms whose shops we write to. */
export const SHOP_PLATFORMS = ['shopify', 'woocommerce', 'bigcommerce'] as const;
export type ShopPlatform = (typeof SHOP_PLATFORMS)[number];

/** A shipment for a shop. `id` is ours (`ful_…`); the shop is asked for it before anything is created again. */
export interface ShopShipment {
  id: string;
  /** The order's id at the shop. */
  externalId: string;
  carrier: string | null;
  trackingNumbers: string[];
  trackingUrls: string[];
  /** Each SKU once, with all that was shipped of it. */
  lines: { sku: string; quantity: number }[];
}

/** A supply order for the supplier's own shop. */
export interface ShopOrder {
  /** Tells the shop's webhooks, and us when we ask again, which supply order this is. No other text is believed. */
  marker: string;
  code: string;
  currency: string;
  /** Minor units. */
  lines: { sku: string; title: string; quantity: number; unitPrice: number }[];
  shipTo: ShipTo;
}

/**
 * What a shop answers that no repeat helps: it has no such order, SKU or right for it. Codes, never its words. What may
 * pass (an outage, a rate limit) is an `EgressError` or `ShopBusy`.
 */
export type ShopRefusal = 'SHOP_UNAUTHORIZED' | 'SHOP_NOT_FOUND' | 'SHOP_REFUSED' | 'SHOP_NOTHING_TO_SHIP';

export class ShopError extends Error {
  readonly code: ShopRefusal | 'SHOP_BUSY' | 'SHOP_BAD_ANSWER';

  constructor(code: ShopError['code'], cause?: unknown) {
    super(code, cause === undefined ? {} : { cause });
    this.name = 'ShopError';
    this.code = code;
  }

  /** Whether the same call may go well later. */
  get passing(): boolean {
    return this.code === 'SHOP_BUSY' || this.code === 'SHOP_BAD_ANSWER';
  }
}

/** One shop's API, as far as we write to it. Each call looks first, so that a repeat changes nothing. */
export interface ShopApi {
  /** Makes the shipment a fulfilment of the shop's order, unless the shop has it. Answers the shop's id of it. */
  createFulfilment(shipment: ShopShipment): Promise<string>;
  /** Gives a fulfilment that we made carrier and tracking anew. */
  updateFulfilment(fulfilmentId: string, shipment: ShopShipment): Promise<void>;
  /** Creates the order with our marker, unless the shop has one with it. Answers the shop's id of it. */
  createOrder(order: ShopOrder): Promise<string>;
  /** Sets how many of a SKU can be sold. A shop without the SKU is left as it is: false. */
  setStock(sku: string, available: number): Promise<boolean>;
}
