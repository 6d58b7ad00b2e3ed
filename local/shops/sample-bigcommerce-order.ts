type Json = Record<string, unknown>;

/** An order as the store keeps it: what three calls of the Orders V2 API show. */
export interface BigCommerceOrder {
  order: Json;
  products: Json[];
  addresses: Json[];
}

/** RFC 2822, as BigCommerce writes times. */
export function mailDate(at: number): string {
  return new Date(at).toUTCString().replace('GMT', '+0000');
}

/** A made-up order of a BigCommerce store, with the fields that a real one has. `at` is milliseconds since 1970. */
export function sampleBigCommerceOrder(sample: { id: number; at: number; change?: Json }): BigCommerceOrder {
  const at = mailDate(sample.at);
  const person = {
    first_name: 'Test',
    last_name: 'Shopper',
    company: '',
    street_1: '12 Sample Street',
    street_2: 'Apt 3',
    city: 'Sampleton',
    state: 'Kentucky',
    zip: '40003',
    country: 'United States',
    country_iso2: 'US',
    phone: '+1 202-555-0143',
    email: 'test.shopper@example.com',
    form_fields: [{ name: 'Delivery Instructions', value: 'Leave it in the backyard' }],
  };
  return {
    order: {
      id: sample.id,
      customer_id: 11,
      date_created: at,
      date_modified: at,
      date_shipped: '',
      status_id: 11,
      status: 'Awaiting Fulfillment',
      subtotal_ex_tax: '597.0000',
      subtotal_inc_tax: '608.9400',
      subtotal_tax: '11.9400',
      shipping_cost_ex_tax: '10.0000',
      shipping_cost_inc_tax: '10.0000',
      total_ex_tax: '587.0000',
      total_inc_tax: '598.9400',
      total_tax: '11.9400',
      items_total: 3,
      items_shipped: 0,
      payment_method: 'Test Payment Gateway',
      payment_status: 'captured',
      refunded_amount: '0.0000',
      order_is_digital: false,
      ip_address: '203.0.113.7',
      ip_address_v6: '2001:db8::7',
      geoip_country: 'United States',
      geoip_country_iso2: 'US',
      currency_code: 'USD',
      default_currency_code: 'USD',
      staff_notes: 'Rings twice',
      customer_message: 'Please leave it with the neighbour.',
      discount_amount: '20.0000',
      coupon_discount: '0.0000',
      shipping_address_count: 1,
      is_deleted: false,
      billing_address: person,
      external_id: null,
      ...sample.change,
    },
    products: ['GREEN', 'RED', 'BLACK'].map((colour, place) => product(sample.id, colour, place)),
    addresses: [
      {
        id: 51,
        order_id: sample.id,
        ...person,
        shipping_method: 'standard',
        items_total: 3,
        items_shipped: 0,
      },
    ],
  };
}

function product(orderId: number, colour: string, place: number): Json {
  return {
    id: 65 + place,
    order_id: orderId,
    product_id: 77,
    variant_id: 80 + place,
    order_address_id: 51,
    name: `Music player - 8 GB - ${colour.toLowerCase()}`,
    sku: `IPOD2008${colour}`,
    type: 'physical',
    base_price: '199.0000',
    price_ex_tax: '199.0000',
    price_inc_tax: '202.9800',
    quantity: 1,
    quantity_shipped: 0,
    is_refunded: false,
    quantity_refunded: 0,
    product_options: [{ display_name: 'Engraving', display_value: 'For you' }],
  };
}
