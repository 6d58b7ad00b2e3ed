import { sampleBigCommerceOrder } from '../../local/shops/sample-bigcommerce-order.ts';
import { sampleWooCommerceOrder } from '../../local/shops/sample-woocommerce-order.ts';
import type { BigCommerceOrder } from '../../local/shops/sample-bigcommerce-order.ts';
import type { Canaries } from './canary.ts';
import { person, type Planted, shipToOf, SKUS } from './plant.ts';

/** An order of WooCommerce's REST API v3: every field that holds a person's data, each with values of its own. */
export function wooCommerceOrder(c: Canaries, at: string, id: number, now: number): Planted {
  const who = person(c, at);
  const titles = [1, 2, 3].map((line) => `${c.kept(`${at} title ${line}`)} player`);
  const payload = sampleWooCommerceOrder({
    id,
    at: now,
    change: {
      order_key: c.text(`${at} order_key`),
      payment_url: `https://shop.example/pay?${c.email(`${at} payment_url`)}`,
      transaction_id: c.text(`${at} transaction_id`),
      cart_hash: c.text(`${at} cart_hash`),
      customer_id: c.id(`${at} customer_id`),
      customer_ip_address: c.ip(`${at} customer_ip_address`),
      customer_user_agent: c.text(`${at} customer_user_agent`),
      customer_note: c.mixed(`${at} customer_note`),
      billing: {
        ...nobody(c, `${at} billing`),
        email: c.email(`${at} billing`),
        phone: c.phone(`${at} billing`),
      },
      shipping: {
        first_name: `${who.firstName} ${c.email(`${at} first_name`)}`,
        last_name: `${who.lastName} ${c.phone(`${at} last_name`)}`,
        company: c.mixed(`${at} company`),
        address_1: `${who.street}, ${c.ip(`${at} address_1`)}`,
        address_2: `${who.more}\n${c.phone(`${at} address_2`, 'word')}`,
        city: `${who.town} ${c.phone(`${at} city`, 'exit')}`,
        state: `${who.region} (${c.email(`${at} state`)})`,
        postcode: `${who.postalCode} ${c.email(`${at} postcode`)}`,
        country: 'DE',
        phone: c.phone(`${at} shipping phone`),
      },
      payment_method_title: c.text(`${at} payment_method_title`),
      meta_data: [{ id: 1, key: c.text(`${at} meta key`), value: c.mixed(`${at} meta value`) }],
      line_items: titles.map((title, place) => ({
        id: 101 + place,
        name: `${title} ${c.email(`${at} title ${place}`)}`,
        product_id: 50,
        variation_id: 61 + place,
        quantity: 2,
        subtotal: '398.00',
        sku: SKUS[place],
        meta_data: [{ key: 'Engraving', value: c.mixed(`${at} line meta ${place}`) }],
      })),
      shipping_lines: [
        {
          method_id: 'flat_rate',
          method_title: c.mixed(`${at} method_title`),
          meta_data: [{ key: 'Items', value: c.mixed(`${at} shipping meta`) }],
        },
      ],
      fee_lines: [{ name: c.mixed(`${at} fee`), total: '1.00' }],
      coupon_lines: [{ code: c.mixed(`${at} coupon`) }],
      _links: { customer: [{ href: `https://shop.example/${c.email(`${at} _links`)}` }] },
      x_app: c.mixed(`${at} a field nobody knows`),
    },
  });
  return { payload, shipTo: shipToOf(who), titles };
}

/** The three answers of BigCommerce's Orders V2 API, in the same way. */
export function bigCommerceOrder(
  c: Canaries,
  at: string,
  id: number,
  now: number,
): Omit<Planted, 'payload'> & { sample: BigCommerceOrder } {
  const who = person(c, at);
  const titles = [1, 2, 3].map((line) => `${c.kept(`${at} title ${line}`)} player`);
  const { order, products, addresses } = sampleBigCommerceOrder({ id, at: now });
  return {
    shipTo: shipToOf(who),
    titles,
    sample: {
      order: {
        ...order,
        customer_id: c.id(`${at} customer_id`),
        ip_address: c.ip(`${at} ip_address`),
        ip_address_v6: c.ipv6(`${at} ip_address_v6`),
        geoip_country: c.text(`${at} geoip_country`),
        geoip_country_iso2: c.text(`${at} geoip_country_iso2`),
        staff_notes: c.mixed(`${at} staff_notes`),
        customer_message: c.mixed(`${at} customer_message`),
        payment_provider_id: c.text(`${at} payment_provider_id`),
        billing_address: {
          ...nobody(c, `${at} billing`),
          email: c.email(`${at} billing`),
          phone: c.phone(`${at} billing`),
          form_fields: [{ name: c.text(`${at} billing form`), value: c.mixed(`${at} billing form`) }],
        },
        x_app: c.mixed(`${at} a field nobody knows`),
      },
      products: products.map((product, place) => ({
        ...product,
        name: `${titles[place] ?? ''} ${c.phone(`${at} title ${place}`)}`,
        name_customer: c.mixed(`${at} name_customer ${place}`),
        wrapping_message: c.mixed(`${at} wrapping ${place}`),
        product_options: [{ display_name: 'Ring', display_value: c.mixed(`${at} option ${place}`) }],
      })),
      addresses: addresses.map((address) => ({
        ...address,
        first_name: `${who.firstName} ${c.email(`${at} first_name`)}`,
        last_name: `${who.lastName} ${c.ip(`${at} last_name`)}`,
        company: c.mixed(`${at} company`),
        street_1: `${who.street} ${c.phone(`${at} street_1`, 'word')}`,
        street_2: `${who.more}, ${c.email(`${at} street_2`)}`,
        city: `${who.town} ${c.ipv6(`${at} city`)}`,
        state: who.region,
        zip: `${who.postalCode} ${c.ip(`${at} zip`)}`,
        country: c.text(`${at} country`),
        country_iso2: 'DE',
        phone: c.phone(`${at} shipping phone`),
        email: c.email(`${at} shipping email`),
        form_fields: [{ name: c.text(`${at} form`), value: c.mixed(`${at} form`) }],
      })),
    },
  };
}

function nobody(c: Canaries, at: string): Record<string, unknown> {
  const fields = ['first_name', 'last_name', 'company', 'address_1', 'street_1', 'city', 'state', 'postcode'];
  return Object.fromEntries(fields.map((field) => [field, c.text(`${at} ${field}`)]));
}
