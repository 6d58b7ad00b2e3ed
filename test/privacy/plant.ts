import type { ShipTo } from '../../shared/domain/order.ts';
import type { Canaries } from './canary.ts';

/** What a shop sends, and what may be kept of it. */
export interface Planted {
  payload: Record<string, unknown>;
  shipTo: ShipTo;
  titles: string[];
}

export interface Person {
  firstName: string;
  lastName: string;
  street: string;
  more: string;
  town: string;
  postalCode: string;
  region: string;
}

export function person(c: Canaries, at: string): Person {
  return {
    firstName: c.kept(`${at} first name`),
    lastName: c.kept(`${at} last name`),
    street: `12 ${c.kept(`${at} street`)} Street`,
    more: `Flat 3, ${c.kept(`${at} second line`)} House`,
    town: c.kept(`${at} town`),
    postalCode: c.kept(`${at} postal code`).toUpperCase(),
    region: c.kept(`${at} region`),
  };
}

export function shipToOf(who: Person): ShipTo {
  const { firstName, lastName, street, more, town, postalCode, region } = who;
  const streetAddress = [street, more, town].join('\n');
  return { firstName, lastName, streetAddress, postalCode, region, country: 'DE' };
}

/**
 * The fields of a Shopify order that hold a person's data, each with values of its own: everything that must vanish,
 * and emails, phones and IPs in what is kept. To be given to `sampleOrder` as its change.
 */
export function shopifyOrder(c: Canaries, at: string): Planted {
  const who = person(c, at);
  const phone = c.phone(`${at} phone`);
  const titles = [1, 2, 3].map((line) => `${c.kept(`${at} title ${line}`)} player`);
  const payload = {
    email: c.email(`${at} email`),
    contact_email: c.email(`${at} contact_email`),
    phone,
    browser_ip: c.ip(`${at} browser_ip`),
    client_details: {
      browser_ip: c.ipv6(`${at} client_details`),
      user_agent: c.text(`${at} client_details.user_agent`),
      session_hash: c.text(`${at} client_details.session_hash`),
    },
    customer: customer(c, `${at} customer`),
    billing_address: address(c, `${at} billing_address`),
    shipping_address: {
      first_name: `${who.firstName} ${c.email(`${at} shipping first_name`)}`,
      last_name: `${who.lastName} ${c.phone(`${at} shipping last_name`)}`,
      name: c.mixed(`${at} shipping name`),
      company: c.mixed(`${at} shipping company`),
      address1: `${who.street}, ${c.ip(`${at} address1`)}`,
      address2: `${who.more} ${c.email(`${at} address2`)}\n${c.phone(`${at} address2`, 'word')}\n${c.bare(phone)}`,
      city: `${who.town} ${c.phone(`${at} city`, 'exit')} ${c.ipv6(`${at} city`)}`,
      zip: `${who.postalCode} ${c.email(`${at} zip`)}`,
      province: `${who.region} (${c.email(`${at} province`)})`,
      province_code: c.text(`${at} province_code`),
      country: c.text(`${at} country`),
      country_code: 'DE',
      phone: c.phone(`${at} shipping phone`),
      latitude: c.degrees(`${at} latitude`),
      longitude: c.degrees(`${at} longitude`),
    },
    note: c.mixed(`${at} note`),
    note_attributes: [{ name: c.text(`${at} note name`), value: c.mixed(`${at} note value`) }],
    landing_site: `/?who=${c.email(`${at} landing_site`)}&ip=${c.ip(`${at} landing_site`)}`,
    landing_site_ref: c.text(`${at} landing_site_ref`),
    referring_site: `https://shop.example/?q=${c.email(`${at} referring_site`)}`,
    order_status_url: `https://shop.example/${c.email(`${at} order_status_url`)}`,
    token: c.text(`${at} token`),
    cart_token: c.text(`${at} cart_token`),
    checkout_token: c.text(`${at} checkout_token`),
    tags: c.mixed(`${at} tags`),
    user_id: c.id(`${at} user_id`),
    device_id: c.id(`${at} device_id`),
    source_identifier: c.mixed(`${at} source_identifier`),
    po_number: c.text(`${at} po_number`),
    discount_codes: [{ code: c.mixed(`${at} discount code`), amount: '1.00', type: 'fixed_amount' }],
    shipping_lines: [
      {
        code: `standard ${c.email(`${at} shipping code`)}`,
        title: c.mixed(`${at} shipping title`),
        phone: c.phone(`${at} shipping_lines phone`),
        price: '10.00',
      },
    ],
    line_items: titles.map((title, place) => lineItem(c, `${at} line ${place + 1}`, title, place)),
    fulfillments: [fulfillment(c, `${at} fulfillment`)],
    refunds: [{ id: 1, note: c.mixed(`${at} refund note`), user_id: c.id(`${at} refund user_id`) }],
    x_app: { anything: [{ else: c.mixed(`${at} a field nobody knows`) }] },
  };
  return { payload, shipTo: shipToOf(who), titles };
}

export const SKUS = ['IPOD2008GREEN', 'IPOD2008RED', 'IPOD2008BLACK'];

function lineItem(c: Canaries, at: string, title: string, place: number): Record<string, unknown> {
  return {
    id: 6_000_000_000_001 + place,
    variant_id: 8_000_000_000_001 + place,
    sku: SKUS[place],
    title: `${title} ${c.email(`${at} title`)}`,
    variant_title: `${c.ip(`${at} variant`)} ${c.phone(`${at} variant`, 'word')}`,
    name: c.mixed(`${at} name`),
    vendor: c.text(`${at} vendor`),
    quantity: 2,
    current_quantity: 2,
    requires_shipping: true,
    price: '199.00',
    properties: [
      { name: 'Engraving', value: c.mixed(`${at} property`) },
      { name: 'Email', value: c.email(`${at} email property`) },
      { name: 'Ring', value: c.phone(`${at} ring property`) },
    ],
  };
}

function fulfillment(c: Canaries, at: string): Record<string, unknown> {
  return {
    id: 1,
    status: 'cancelled',
    email: c.email(at),
    tracking_number: c.text(`${at} tracking_number`),
    tracking_url: c.text(`${at} tracking_url`),
    receipt: { note: c.mixed(`${at} receipt`) },
    destination: address(c, `${at} destination`),
    line_items: [],
  };
}

function customer(c: Canaries, at: string): Record<string, unknown> {
  return {
    id: c.id(at),
    email: c.email(at),
    phone: c.phone(at),
    first_name: c.text(`${at} first_name`),
    last_name: c.text(`${at} last_name`),
    note: c.mixed(`${at} note`),
    tags: c.text(`${at} tags`),
    sms_marketing_consent: { state: c.text(`${at} consent`) },
    default_address: address(c, `${at} default_address`),
  };
}

/** An address that is nobody's to keep. */
export function address(c: Canaries, at: string): Record<string, unknown> {
  const fields = [
    'first_name',
    'last_name',
    'name',
    'company',
    'address1',
    'address2',
    'city',
    'zip',
    'province',
  ];
  return {
    ...Object.fromEntries(fields.map((field) => [field, c.text(`${at} ${field}`)])),
    email: c.email(at),
    phone: c.phone(at),
    latitude: c.degrees(`${at} latitude`),
    longitude: c.degrees(`${at} longitude`),
  };
}

/** What Shopify adds when a shop cancels and pays back. */
export function cancellation(c: Canaries, now: number): Record<string, unknown> {
  const at = new Date(now + 3000).toISOString();
  return {
    cancelled_at: at,
    updated_at: at,
    cancel_reason: c.text('cancel_reason'),
    refunds: [
      {
        id: 2,
        note: c.mixed('cancellation'),
        refund_line_items: [{ line_item: { properties: c.mixed('refund') } }],
      },
    ],
  };
}
