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
import type { Clock } from '../domain/time.ts';
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
import { verifyStandard } from './standard-webhooks.ts';

/**
 * BigCommerce's webhooks: signed as Standard Webhooks with the client secret of the store's API account, and thin. An
 * event names an order, which is fetched from the store afterwards; so events that come twice, or in another order than
 * they happened, all lead to the same state.
 */
export const bigcommerce: Platform = { verify, read };

/** https://developer.bigcommerce.com/docs/rest-management/orders/order-status */
const INCOMPLETE = 0;
const CANCELLED = new Set([4, 5, 6]);
const UNPAID = new Set([1, 7, 12, 13, 14]);

const Event = z.object({ scope: z.string().max(200), data: z.object({}).nullish() });
/** In seconds. */
const Uninstalled = z.object({
  created_at: z
    .int()
    .min(0)
    .max(2 ** 32)
    .nullish(),
});
const OrderEvent = z.object({ data: z.object({ id: Id }) });
const ShipmentEvent = z.object({ data: z.object({ orderId: Id }) });

/** RFC 2822, as the Orders V2 API writes times. */
const MailDate = z
  .string()
  .max(60)
  .transform((text) => new Date(text))
  .refine((at) => at.getTime() >= 0 && at.getTime() < Date.UTC(10_000, 0), 'not a time of RFC 2822')
  .transform((at) => at.toISOString());

const CurrencyCode = z.string().refine(isCurrency, 'not a currency of ISO 4217 that is paid with');

/** All that is read of `GET /v2/orders/{id}`. */
const Order = z.object({
  id: Id,
  status_id: z.int(),
  is_deleted: z.boolean().nullish(),
  /** What the shopper paid in, and all amounts are in. */
  default_currency_code: CurrencyCode.nullish(),
  /** What prices were shown in, which can be another one. */
  currency_code: CurrencyCode.nullish().catch(null),
  date_modified: z.union([z.literal(''), MailDate]).nullish(),
  date_created: MailDate,
  subtotal_ex_tax: Money,
  shipping_cost_ex_tax: Money,
  total_tax: Money,
  discount_amount: Money,
  coupon_discount: Money.nullish(),
  total_inc_tax: Money,
  external_order_id: z.string().nullish().catch(null),
});
type Order = z.infer<typeof Order>;

/** All that is read of `GET /v2/orders/{id}/products`. */
const Product = z.object({
  id: Id,
  product_id: Id.nullish(),
  variant_id: Id.nullish(),
  order_address_id: Id.nullish(),
  sku: line(400),
  name: line(500),
  type: z.string().nullish(),
  quantity: Count,
  quantity_shipped: Count.nullish(),
  quantity_refunded: Count.nullish(),
  price_ex_tax: Money,
});

/** All that is read of `GET /v2/orders/{id}/shipping_addresses`. */
const Address = z.object({
  id: Id,
  first_name: line(200),
  last_name: line(200),
  street_1: z.string().max(400).nullish(),
  street_2: z.string().max(400).nullish(),
  city: line(200),
  state: line(200),
  zip: line(40),
  country_iso2: Country,
  shipping_method: z.string().nullish(),
});

/** All that is read of `GET /v2/orders/{id}/shipments`, which is asked for where the order is one that we made. */
const Shipment = z.object({
  id: Id,
  tracking_number: z.string().nullish(),
  tracking_carrier: z.string().nullish(),
  shipping_provider: z.string().nullish(),
  shipping_method: z.string().nullish(),
  tracking_link: z.string().nullish(),
  items: z.array(z.object({ order_product_id: Id, quantity: Count })),
});

const Fetched = z.object({
  order: Order,
  products: z.array(Product).max(MOST_LINES),
  addresses: z.array(Address),
  shipments: z.array(Shipment),
});
type Fetched = z.infer<typeof Fetched>;

function verify(delivery: Delivery, secrets: ConnectionSecrets, now: Clock): VerifiedDelivery {
  if (secrets.platform !== 'bigcommerce') throw new AppError('UNAUTHENTICATED');
  const keys = secrets.secrets.map((secret) => `whsec_${Buffer.from(secret, 'utf8').toString('base64')}`);
  return verifyStandard(delivery, { secrets: keys, publicKeys: [] }, now);
}

function read(delivery: VerifiedDelivery): CommerceEvent {
  const payload = parseJson(delivery.body);
  const { scope } = readAs(Event, payload);
  if (scope.startsWith('store/order/')) {
    return { kind: 'fetch', externalId: readAs(OrderEvent, payload).data.id };
  }
  if (scope.startsWith('store/shipment/')) {
    return { kind: 'fetch', externalId: readAs(ShipmentEvent, payload).data.orderId };
  }
  if (scope.startsWith('store/product/')) return { kind: 'products' };
  if (scope === 'store/app/uninstalled') {
    const { created_at: at } = readAs(Uninstalled, payload);
    return { kind: 'uninstalled', ...(typeof at === 'number' && { at: new Date(at * 1000).toISOString() }) };
  }
  return { kind: 'ignored', reason: 'topic' };
}

/** An order as the three answers of the Orders V2 API show it. */
export function readBigCommerceOrder(parts: {
  order: unknown;
  products: unknown;
  addresses: unknown;
  shipments?: unknown;
}): CommerceEvent {
  const fetched = readAs(Fetched, { ...parts, shipments: parts.shipments ?? [] });
  const { order } = fetched;
  const lines = linesOf(fetched);
  // Status 0 is a checkout that nobody has finished.
  if (lines.length === 0 || order.status_id === INCOMPLETE) {
    return { kind: 'ignored', reason: 'nothing_to_ship' };
  }
  const read = mapped(fetched);
  const shipments = read.marker === undefined ? {} : { shipments: shipmentsOf(fetched) };
  return { kind: 'order', order: { ...read, lines, ...shipments, scrub: ownContacts(parts) } };
}

function mapped(fetched: Fetched): Omit<IncomingOrder, 'lines' | 'shipments' | 'scrub'> {
  const { order, addresses } = fetched;
  return {
    externalId: order.id,
    ...markerIn(order.external_order_id),
    code: `#${order.id}`,
    currency: currencyOf(order),
    paid: !UNPAID.has(order.status_id) && !CANCELLED.has(order.status_id),
    cancelled: CANCELLED.has(order.status_id) || order.is_deleted === true,
    shippingService: serviceOf(addresses[0]?.shipping_method ?? ''),
    totals: totalsOf(order),
    shipTo: shipToOf(fetched),
    updatedAt: order.date_modified || order.date_created,
  };
}

function currencyOf(order: Order): string {
  const currency = order.default_currency_code ?? order.currency_code;
  if (!currency) throw badFields({ path: 'order.default_currency_code', message: 'is missing' });
  return currency;
}

/** Only what has to be shipped: no gift certificates, no downloads. */
function physical({ products }: Fetched): Fetched['products'] {
  return products.filter(({ type, quantity }) => (type ?? 'physical') === 'physical' && quantity > 0);
}

function linesOf(fetched: Fetched): IncomingLine[] {
  return physical(fetched).map((item, index) => ({
    key: item.id,
    sku: skuOf(item),
    title: item.name,
    quantity: item.quantity,
    cancelledQuantity: Math.min(item.quantity_refunded ?? 0, item.quantity - shipped(item)),
    fulfilledQuantity: shipped(item),
    unitPrice: minor(item.price_ex_tax, currencyOf(fetched.order), `products.${index}.price_ex_tax`),
  }));
}

function shipmentsOf({ shipments }: Fetched): IncomingShipment[] {
  return shipments.map((each) => ({
    key: each.id,
    ...trackingOf({
      carrier: each.tracking_carrier || each.shipping_provider || each.shipping_method,
      numbers: each.tracking_number?.split(', '),
      urls: [each.tracking_link],
    }),
    lines: each.items.map(({ order_product_id: key, quantity }) => ({ key, quantity })),
  }));
}

function shipped(item: z.infer<typeof Product>): number {
  return Math.min(item.quantity_shipped ?? 0, item.quantity);
}

function skuOf(item: z.infer<typeof Product>): string {
  if (Sku.safeParse(item.sku).success) return item.sku;
  if (item.variant_id && item.variant_id !== '0') return `variant-${item.variant_id}`;
  return item.product_id && item.product_id !== '0' ? `product-${item.product_id}` : `line-${item.id}`;
}

function totalsOf(order: Order): Totals {
  const currency = currencyOf(order);
  const { coupon_discount: coupon } = order;
  return {
    items: minor(order.subtotal_ex_tax, currency, 'order.subtotal_ex_tax'),
    shipping: minor(order.shipping_cost_ex_tax, currency, 'order.shipping_cost_ex_tax'),
    tax: minor(order.total_tax, currency, 'order.total_tax'),
    discount:
      minor(order.discount_amount, currency, 'order.discount_amount') +
      minor(coupon ?? 0, currency, 'order.coupon_discount'),
    total: minor(order.total_inc_tax, currency, 'order.total_inc_tax'),
  };
}

/** An order has one address. One that goes to several is held until its merchant says where it goes. */
function shipToOf(fetched: Fetched): ShipTo | null {
  const used = new Set(physical(fetched).map(({ order_address_id: id }) => id ?? '0'));
  const [address, ...others] =
    fetched.addresses.length === 1 ? fetched.addresses : fetched.addresses.filter(({ id }) => used.has(id));
  if (!address?.country_iso2 || others.length > 0) return null;
  return {
    firstName: address.first_name,
    lastName: address.last_name,
    streetAddress: streetOf(address.street_1, address.street_2, address.city),
    postalCode: address.zip,
    region: address.state,
    country: address.country_iso2,
  };
}
