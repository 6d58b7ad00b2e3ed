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

/** Whoever knows products and prices; routing asks it without knowing either. */
export interface Offers {
  /**
   * What of `wanted` the supplier sells on these terms, by SKU. There is no offer for what is unknown, inactive, not
   * on the list, or below its minimum quantity. Reads each SKU once, the price list, and its exceptions.
   */
  offersOf(terms: OfferTerms, wanted: readonly Wanted[]): Promise<Map<string, Offer>>;
}
