import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { AppError, badFields } from '../domain/errors.ts';
import { isCurrency } from '../domain/money.ts';
import {
  type IncomingLine,
  type IncomingOrder,
  type IncomingShipment,
  type ShipTo,
  Sku,
  type Totals,
} from '../domain/order.ts';
import { MOST_LINES } from '../domain/order-data.ts';
import { codeText } from '../domain/plain-text.ts';
import {
  Count,
  Country,
  Id,
  line,
  markerIn,
  minor,
  Money,
  serviceOf,
  streetOf,
  trackingOf,
} from './fields.ts';
import { ownContacts } from './own-contacts.ts';
import { parseJson, readAs } from './parse.ts';
import type { CommerceEvent, ConnectionSecrets, Delivery, Platform, VerifiedDelivery } from './platform.ts';

/**
 * WooCommerce's webhooks: HMAC-SHA256 of the raw body in `X-WC-Webhook-Signature`, base64. No header is signed. Its
 * delivery id is a hash of the webhook and the second, which two orders can share: nothing here looks at it, since an
 * order is known by its own id and its events by the time of change that they name.
 */
export const woocommerce: Platform = { verify, read };

const ORDER_TOPICS = new Set(['order.created', 'order.updated', 'order.restored']);
const PRODUCT_TOPICS = new Set(['product.created', 'product.updated', 'product.restored']);
const SIGNATURE = /^[A-Za-z0-9+/]{43}=$/;
/** What we write into an order that we make in a supplier's shop. */
const MARKER = '_strongroom';
const PING = /^webhook_id=\d{1,20}$/;

/** Not paid yet, though a payment may have begun. */
const UNPAID = new Set(['pending', 'on-hold', 'failed', 'checkout-draft', 'auto-draft', 'draft']);
const PAID = new Set(['processing', 'completed']);
const CANCELLED = new Set(['cancelled', 'refunded', 'trash']);

/** `2026-11-23T09:00:00`, in GMT without saying so. */
const Gmt = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/, 'not a time of the form 2026-11-23T09:00:00')
  .transform((text) => new Date(`${text}Z`))
  .refine((at) => at.getTime() >= 0, 'not a time since 1970')
  .transform((at) => at.toISOString());

const Address = z.object({
  first_name: line(200),
  last_name: line(200),
  address_1: z.string().max(400).nullish(),
  address_2: z.string().max(400).nullish(),
  city: line(200),
  state: line(200),
  postcode: line(40),
  country: Country,
});
type Address = z.infer<typeof Address>;

const Line = z.object({
  id: Id,
  name: line(500),
  product_id: Id.nullish(),
  variation_id: Id.nullish(),
  sku: line(400),
  quantity: Count,
  subtotal: Money,
});

/** All that is read of an order of REST v3. */
const Order = z.object({
  id: Id,
  number: z.union([z.string().max(200), z.int()]).nullish(),
  status: z.string().max(60),
  currency: z.string().refine(isCurrency, 'not a currency of ISO 4217 that is paid with'),
  date_modified_gmt: Gmt,
  date_paid_gmt: z.string().nullish(),
  needs_processing: z.boolean().nullish(),
  total: Money,
  total_tax: Money,
  shipping_total: Money,
  discount_total: Money,
  line_items: z.array(Line).max(MOST_LINES),
  refunds: z.array(z.object({ id: Id })).nullish(),
  shipping: Address,
  billing: Address,
  shipping_lines: z.array(z.object({ method_id: z.string().nullish() })).nullish(),
  meta_data: z
    .array(z.object({ key: z.string(), value: z.unknown() }))
    .nullish()
    .catch(null),
});
type Order = z.infer<typeof Order>;

const Removed = z.object({ id: Id });

/**
 * What WooCommerce sends when a webhook is created: a form, unsigned. It has to be answered 200, or the webhook is
 * not made. It says nothing and is told by its form alone.
 */
export function isWooCommercePing(delivery: Delivery): boolean {
  const type = delivery.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded' || delivery.body.length > 32) return false;
  return PING.test(delivery.body.toString('latin1'));
}

function verify(delivery: Delivery, secrets: ConnectionSecrets): VerifiedDelivery {
  if (secrets.platform !== 'woocommerce') throw new AppError('UNAUTHENTICATED');
  const header = delivery.headers['x-wc-webhook-signature'];
  const wellFormed = typeof header === 'string' && SIGNATURE.test(header);
  const given = wellFormed ? Buffer.from(header, 'base64') : Buffer.alloc(32);
  let valid = false;
  // Every secret is tried, so that the time taken does not tell which one is in use.
  for (const secret of secrets.secrets) {
    const expected = createHmac('sha256', secret).update(delivery.body).digest();
    if (timingSafeEqual(expected, given)) valid = true;
  }
  if (!valid || !wellFormed) throw new AppError('UNAUTHENTICATED');
  return delivery as VerifiedDelivery;
}

function read(delivery: VerifiedDelivery): CommerceEvent {
  const topic = delivery.headers['x-wc-webhook-topic'];
  if (typeof topic !== 'string') {
    throw badFields({ path: 'x-wc-webhook-topic', message: 'the header is missing' });
  }
  if (topic === 'order.deleted') {
    return { kind: 'removed', externalId: readAs(Removed, parseJson(delivery.body)).id };
  }
  if (PRODUCT_TOPICS.has(topic)) return { kind: 'products' };
  if (!ORDER_TOPICS.has(topic)) return { kind: 'ignored', reason: 'topic' };
  const event = topic === 'order.restored' ? 'restored' : 'stale';
  const said = readWooCommerceOrder(parseJson(delivery.body));
  return said.kind === 'order' ? { ...said, order: { ...said.order, event } } : said;
}

/** An order as the webhooks and the REST API v3 show it. */
export function readWooCommerceOrder(payload: unknown): CommerceEvent {
  const order = readAs(Order, payload);
  const lines = linesOf(order);
  if (lines.length === 0 || order.needs_processing === false) {
    return { kind: 'ignored', reason: 'nothing_to_ship' };
  }
  const read = mapped(order);
  const shipments = read.marker === undefined ? {} : { shipments: shipmentsOf(order, lines) };
  return { kind: 'order', order: { ...read, lines, ...shipments, scrub: ownContacts(payload) } };
}

function mapped(order: Order): Omit<IncomingOrder, 'lines' | 'shipments' | 'scrub'> {
  return {
    externalId: order.id,
    ...markerIn(order.meta_data?.find(({ key }) => key === MARKER)?.value),
    code: `#${
      codeText(String(order.number ?? ''))
        .replace(/^#/, '')
        .slice(0, 39) || order.id
    }`,
    currency: order.currency,
    paid: isPaid(order),
    cancelled: CANCELLED.has(order.status),
    shippingService: serviceOf(order.shipping_lines?.[0]?.method_id?.split(':')[0] ?? ''),
    totals: totalsOf(order),
    shipTo: shipToOf(order),
    updatedAt: order.date_modified_gmt,
  };
}

/** Cash on delivery is `processing` without ever having been paid; shops add states of their own, often for shipping. */
function isPaid(order: Order): boolean {
  if (UNPAID.has(order.status) || (order.refunds ?? []).length > 0) return false;
  return PAID.has(order.status) || Boolean(order.date_paid_gmt);
}

function linesOf(order: Order): IncomingLine[] {
  return order.line_items.flatMap((item, index) => {
    if (item.quantity === 0) return [];
    const subtotal = minor(item.subtotal, order.currency, `line_items.${index}.subtotal`);
    return {
      key: item.id,
      sku: skuOf(item),
      title: item.name,
      quantity: item.quantity,
      cancelledQuantity: 0,
      // The shop says of a whole order that it was shipped, never of a line.
      fulfilledQuantity: order.status === 'completed' ? item.quantity : 0,
      unitPrice: Math.round(subtotal / item.quantity),
    };
  });
}

/** Where Shipment Tracking and others keep what was shipped: https://woocommerce.com/document/shipment-tracking/ */
const TRACKING = '_wc_shipment_tracking_items';
const Items = z.array(
  z.object({
    tracking_provider: z.string().nullish(),
    custom_tracking_provider: z.string().nullish(),
    tracking_number: z.string().nullish(),
    custom_tracking_link: z.string().nullish(),
  }),
);

function shipmentsOf(order: Order, lines: IncomingLine[]): IncomingShipment[] {
  const shipped = lines.filter(({ fulfilledQuantity }) => fulfilledQuantity > 0);
  if (shipped.length === 0) return [];
  const found = Items.safeParse(order.meta_data?.find(({ key }) => key === TRACKING)?.value);
  const items = found.success ? found.data : [];
  return [
    {
      // It says of the order alone that it was shipped.
      key: order.id,
      ...trackingOf({
        carrier: items[0]?.custom_tracking_provider || items[0]?.tracking_provider,
        numbers: items.map((item) => item.tracking_number),
        urls: items.map((item) => item.custom_tracking_link),
      }),
      lines: shipped.map(({ key, fulfilledQuantity: quantity }) => ({ key, quantity })),
    },
  ];
}

function skuOf(item: z.infer<typeof Line>): string {
  if (Sku.safeParse(item.sku).success) return item.sku;
  if (item.variation_id && item.variation_id !== '0') return `variant-${item.variation_id}`;
  return item.product_id && item.product_id !== '0' ? `product-${item.product_id}` : `line-${item.id}`;
}

/** All without tax, which stands by itself: items + shipping + tax - discount is the total, but for fees. */
function totalsOf(order: Order): Totals {
  const { currency } = order;
  const items = order.line_items.map(({ subtotal }, index) =>
    minor(subtotal, currency, `line_items.${index}.subtotal`),
  );
  return {
    items: items.reduce((sum, each) => sum + each, 0),
    shipping: minor(order.shipping_total, currency, 'shipping_total'),
    tax: minor(order.total_tax, currency, 'total_tax'),
    discount: minor(order.discount_total, currency, 'discount_total'),
    total: minor(order.total, currency, 'total'),
  };
}

/** Shops that ship to the billing address alone leave the other one empty. */
function shipToOf({ shipping, billing }: Order): ShipTo | null {
  const address = shipping.address_1 || shipping.country ? shipping : billing;
  if (!address.country) return null;
  return {
    firstName: address.first_name,
    lastName: address.last_name,
    streetAddress: streetOf(address.address_1, address.address_2, address.city),
    postalCode: address.postcode,
    region: address.state,
    country: address.country,
  };
}
