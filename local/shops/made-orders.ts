/* eslint-disable @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-member-access
   -- A shop takes whatever JSON comes, and looks at what it needs of it. */
import { type BigCommerceOrder, mailDate } from './sample-bigcommerce-order.ts';
import { gmt } from './sample-woocommerce-order.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Json = Record<string, any>;

/** What the end of a global id names. */
export function numberOf(gid: string): string {
  return gid.slice(gid.lastIndexOf('/') + 1);
}

/** What Shopify keeps of an order that an app creates, in the form of its webhooks. */
export function madeShopifyOrder(input: Json, id: number, now: number): Json {
  const to = (input['shippingAddress'] ?? {}) as Json;
  const lines = (input['lineItems'] as Json[]).map((line, place) => ({
    id: id * 10 + place,
    variant_id: place + 1,
    sku: line['sku'] ?? decodeURIComponent(numberOf(String(line['variantId'] ?? ''))),
    title: line['title'] ?? 'A product',
    variant_title: null,
    quantity: line['quantity'],
    current_quantity: line['quantity'],
    requires_shipping: true,
    price: String(line['priceSet']?.shopMoney.amount ?? '0'),
  }));
  const items = lines
    .reduce((sum, { price, quantity }) => sum + Number(price) * Number(quantity), 0)
    .toFixed(2);
  return {
    id,
    name: `#${id % 100_000}`,
    source_identifier: input['sourceIdentifier'] ?? null,
    note_attributes: ((input['customAttributes'] ?? []) as Json[]).map(({ key, value }) => ({
      name: key,
      value,
    })),
    currency: input['currency'],
    financial_status: String(input['financialStatus'] ?? 'PENDING').toLowerCase(),
    cancelled_at: null,
    updated_at: new Date(now).toISOString(),
    total_line_items_price: items,
    total_shipping_price_set: { shop_money: { amount: '0.00', currency_code: input['currency'] } },
    total_tax: '0.00',
    total_discounts: '0.00',
    total_price: items,
    line_items: lines,
    fulfillments: [],
    shipping_lines: [],
    shipping_address: {
      ...{ first_name: to['firstName'], last_name: to['lastName'], name: null, address1: to['address1'] },
      ...{ address2: to['address2'], city: to['city'], zip: to['zip'], province: to['province'] },
      country_code: to['countryCode'],
    },
  };
}

/** What WooCommerce keeps of an order that was posted: lines get ids, and the product's SKU and name. */
export function madeWooCommerceOrder(input: Json, id: number, at: number, products: Map<number, Json>): Json {
  const lines = ((input['line_items'] ?? []) as Json[]).map((line, place) => {
    const product = products.get(Number(line['variation_id'] ?? line['product_id'] ?? 0));
    return {
      ...{ id: id * 10 + place, product_id: 0, variation_id: 0, name: product?.['name'] ?? '' },
      ...{ sku: product?.['sku'] ?? '', subtotal_tax: '0.00', total_tax: '0.00', meta_data: [] },
      ...line,
    };
  });
  const total = lines.reduce((sum, line) => sum + Number((line as Json)['total'] ?? 0), 0).toFixed(2);
  const nobody = { first_name: '', last_name: '', address_1: '', city: '', postcode: '', country: '' };
  return {
    ...{
      status: 'pending',
      currency: 'USD',
      billing: nobody,
      shipping: nobody,
      shipping_lines: [],
      refunds: [],
    },
    ...input,
    ...{ id, number: String(id), line_items: lines, needs_processing: true, customer_note: '' },
    ...{ total, total_tax: '0.00', shipping_total: '0.00', discount_total: '0.00' },
    ...{ date_created: gmt(at), date_modified: gmt(at), date_paid_gmt: null },
    ...{ date_created_gmt: gmt(at), date_modified_gmt: gmt(at) },
    meta_data: ((input['meta_data'] ?? []) as Json[]).map((each, place) => ({ id: place + 1, ...each })),
  };
}

/** What BigCommerce keeps of an order that was posted. */
export function madeBigCommerceOrder(input: Json, id: number, at: number): BigCommerceOrder {
  const { products: given = [], shipping_addresses: addresses = [], ...order } = input;
  const products = (given as Json[]).map((each, place) => ({
    ...{
      id: id * 10 + place,
      order_id: id,
      product_id: 0,
      variant_id: 0,
      order_address_id: 51,
      type: 'physical',
    },
    ...{ quantity_shipped: 0, quantity_refunded: 0 },
    ...each,
  }));
  const items = products.reduce(
    (sum, each) => sum + Number((each as Json)['price_ex_tax']) * Number((each as Json)['quantity']),
    0,
  );
  return {
    order: {
      ...{ subtotal_ex_tax: items.toFixed(4), total_inc_tax: items.toFixed(4), total_tax: '0.0000' },
      ...{ shipping_cost_ex_tax: '0.0000', discount_amount: '0.0000', coupon_discount: '0.0000' },
      ...{ currency_code: order['default_currency_code'], is_deleted: false, ...order, id },
      ...{ date_created: mailDate(at), date_modified: mailDate(at) },
    },
    products,
    addresses: (addresses as Json[]).map((each) => ({ id: 51, order_id: id, shipping_method: '', ...each })),
  };
}
