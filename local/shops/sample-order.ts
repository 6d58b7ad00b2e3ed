/** What tells one sample order from the next. `at` is milliseconds since 1970. */
export interface SampleOrder {
  id: number;
  number: number;
  at: number;
  /** Changes to the payload, by field. */
  change?: Record<string, unknown>;
}

/**
 * A made-up order in the form of Shopify's `orders/create`, with the fields that a real one has, also those that must
 * never be kept. Two of its lines are the demo supplier's; the third stays with the retailer.
 */
export function sampleOrder(order: SampleOrder): Record<string, unknown> {
  const at = new Date(order.at).toISOString();
  const address = {
    first_name: 'Test',
    last_name: 'Shopper',
    name: 'Test Shopper',
    company: null,
    address1: '12 Sample Street',
    address2: 'Apt 3',
    city: 'Sampleton',
    zip: '40003',
    province: 'Kentucky',
    province_code: 'KY',
    country: 'United States',
    country_code: 'US',
    phone: '+1 202-555-0143',
    latitude: 38.25,
    longitude: -85.76,
  };
  return {
    id: order.id,
    admin_graphql_api_id: `gid://shopify/Order/${order.id}`,
    name: `#${order.number}`,
    order_number: order.number,
    created_at: at,
    processed_at: at,
    updated_at: at,
    cancelled_at: null,
    closed_at: null,
    currency: 'USD',
    financial_status: 'paid',
    fulfillment_status: null,
    confirmed: true,
    test: false,
    email: 'test.shopper@example.com',
    contact_email: 'test.shopper@example.com',
    phone: '+1 202-555-0143',
    browser_ip: '203.0.113.7',
    client_details: { browser_ip: '203.0.113.7', accept_language: 'en-US', user_agent: 'Sample Browser/1.0' },
    customer: {
      id: 4000000000001,
      first_name: 'Test',
      last_name: 'Shopper',
      email: 'test.shopper@example.com',
      phone: '+1 202-555-0143',
      default_address: address,
    },
    note: 'Please leave it with the neighbour.',
    note_attributes: [{ name: 'gift', value: 'yes' }],
    tags: '',
    token: 'c0ffee00c0ffee00c0ffee00c0ffee00',
    landing_site: '/?source=sample',
    referring_site: 'https://search.example.com/',
    order_status_url: 'https://demo.example.com/orders/c0ffee00/authenticate?key=sample',
    ...totals(),
    billing_address: address,
    shipping_address: address,
    shipping_lines: [{ id: 5000000000001, code: 'standard', title: 'Standard', price: '10.00', phone: null }],
    line_items: [
      line(1, 'IPOD2008GREEN', 'green', [{ name: 'Engraving', value: 'For you' }]),
      line(2, 'IPOD2008RED', 'red', []),
      line(3, 'IPOD2008BLACK', 'black', []),
    ],
    fulfillments: [],
    refunds: [],
    ...order.change,
  };
}

function totals(): Record<string, unknown> {
  return {
    total_line_items_price: '597.00',
    total_discounts: '20.00',
    total_shipping_price_set: {
      shop_money: { amount: '10.00', currency_code: 'USD' },
      presentment_money: { amount: '10.00', currency_code: 'USD' },
    },
    total_tax: '11.94',
    total_price: '598.94',
  };
}

function line(place: number, sku: string, colour: string, properties: unknown[]): Record<string, unknown> {
  return {
    id: 6000000000000 + place,
    product_id: 7000000000001,
    variant_id: 8000000000000 + place,
    sku,
    title: 'Music player - 8 GB',
    variant_title: colour,
    name: `Music player - 8 GB - ${colour}`,
    quantity: 1,
    current_quantity: 1,
    fulfillable_quantity: 1,
    fulfillment_status: null,
    requires_shipping: true,
    gift_card: false,
    price: '199.00',
    properties,
  };
}
