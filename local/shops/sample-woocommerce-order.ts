/** What tells one sample order from the next. `at` is milliseconds since 1970. */
export interface SampleWooCommerceOrder {
  id: number;
  at: number;
  change?: Record<string, unknown>;
}

/** Without a zone, as WooCommerce writes times in GMT. */
export function gmt(at: number): string {
  return new Date(at).toISOString().slice(0, 19);
}

/** A made-up order in the form of WooCommerce's REST API v3, with the fields that a real one has. */
export function sampleWooCommerceOrder(order: SampleWooCommerceOrder): Record<string, unknown> {
  const at = gmt(order.at);
  const address = {
    first_name: 'Test',
    last_name: 'Shopper',
    company: '',
    address_1: '12 Sample Street',
    address_2: 'Apt 3',
    city: 'Sampleton',
    state: 'KY',
    postcode: '40003',
    country: 'US',
    phone: '+1 202-555-0143',
  };
  return {
    id: order.id,
    parent_id: 0,
    number: String(order.id),
    order_key: 'wc_order_c0ffee00c0ffee',
    created_via: 'checkout',
    version: '10.3.5',
    status: 'processing',
    currency: 'USD',
    date_created: at,
    date_created_gmt: at,
    date_modified: at,
    date_modified_gmt: at,
    date_paid: at,
    date_paid_gmt: at,
    date_completed_gmt: null,
    discount_total: '20.00',
    discount_tax: '0.00',
    shipping_total: '10.00',
    shipping_tax: '0.00',
    cart_tax: '11.94',
    total: '598.94',
    total_tax: '11.94',
    prices_include_tax: false,
    customer_id: 7,
    customer_ip_address: '203.0.113.7',
    customer_user_agent: 'Sample Browser/1.0',
    customer_note: 'Please leave it with the neighbour.',
    billing: { ...address, email: 'test.shopper@example.com' },
    shipping: address,
    payment_method: 'bacs',
    payment_method_title: 'Direct bank transfer',
    payment_url: 'https://woo.example.com/checkout/order-pay/1/?key=wc_order_c0ffee00c0ffee',
    transaction_id: 'txn_sample',
    cart_hash: '3bc7aa78f62c9f30',
    meta_data: [{ id: 1, key: '_shipping_phone', value: '+1 202-555-0143' }],
    line_items: [
      item(1, 'IPOD2008GREEN', 'green'),
      item(2, 'IPOD2008RED', 'red'),
      item(3, 'IPOD2008BLACK', 'black'),
    ],
    tax_lines: [],
    shipping_lines: [
      { id: 9, method_title: 'Standard', method_id: 'flat_rate', total: '10.00', total_tax: '0.00' },
    ],
    fee_lines: [],
    coupon_lines: [],
    refunds: [],
    needs_payment: false,
    needs_processing: true,
    _links: { self: [{ href: `https://woo.example.com/wp-json/wc/v3/orders/${order.id}` }] },
    ...order.change,
  };
}

function item(place: number, sku: string, colour: string): Record<string, unknown> {
  return {
    id: 100 + place,
    name: `Music player - 8 GB - ${colour}`,
    product_id: 50,
    variation_id: 60 + place,
    quantity: 1,
    tax_class: '',
    subtotal: '199.00',
    subtotal_tax: '3.98',
    total: '192.33',
    total_tax: '3.98',
    sku,
    price: 192.333333,
    meta_data: [{ id: 5, key: 'Engraving', value: 'For you' }],
  };
}
