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
import { Instant, MOST_LINES } from '../domain/order-data.ts';
import { codeText, plainLine } from '../domain/plain-text.ts';
import { Count, Country, Id, line, minor, Money, serviceOf, streetOf, trackingOf } from './fields.ts';
import { ownContacts } from './own-contacts.ts';
import { parseJson, readAs } from './parse.ts';
import type { CommerceEvent, ConnectionSecrets, Delivery, Platform, VerifiedDelivery } from './platform.ts';

/**
 * Shopify's webhooks: HMAC-SHA256 of the raw body in `X-Shopify-Hmac-SHA256`, base64. No header is signed, so what
 * happens follows from the body alone: the topic only says whether the body is an order.
 */
export const shopify: Platform = { verify, read };

const ORDER_TOPICS = new Set(['orders/create', 'orders/updated', 'orders/cancelled']);
/** About a part of an order: the order itself is read afterwards, and nothing of the part is looked at. */
const PART_TOPICS = new Set(['fulfillments/create', 'fulfillments/update', 'refunds/create']);
const PRODUCT_TOPICS = new Set(['products/create', 'products/update', 'inventory_levels/update']);
const Part = z.object({ order_id: Id });
/** Other texts of Shopify's have a signature by the same secret, such as the query of a merchant who comes back. */
const Uninstalled = z.object({ myshopify_domain: z.string().min(1).max(200) });
const TriggeredAt = z.iso.datetime({ offset: true });
/** 32 bytes in base64. */
const SIGNATURE = /^[A-Za-z0-9+/]{43}=$/;

const Line = z.object({
  id: Id,
  variant_id: Id.nullable().default(null),
  sku: z.string().overwrite(plainLine).nullish(),
  title: line(255),
  variant_title: line(255),
  quantity: Count,
  current_quantity: Count.nullish(),
  requires_shipping: z.boolean().nullish(),
  price: Money,
});

const Address = z.object({
  first_name: line(200),
  last_name: line(200),
  name: line(200),
  address1: z.string().max(400).nullish(),
  address2: z.string().max(400).nullish(),
  city: line(200),
  zip: line(40),
  province: line(200),
  country_code: Country,
});
type Address = z.infer<typeof Address>;

const Texts = z.array(z.string().nullish()).nullish().catch(null);

/** All that is read of an order. What is not named here is dropped: an allow-list, never a list of what to remove. */
const Order = z.object({
  id: Id,
  name: z.string().max(200).nullish(),
  order_number: Id.nullish(),
  currency: z.string().refine(isCurrency, 'not a currency of ISO 4217 that is paid with'),
  financial_status: z.string().nullish(),
  cancelled_at: Instant.nullable().default(null),
  updated_at: Instant,
  total_line_items_price: Money,
  total_shipping_price_set: z.object({ shop_money: z.object({ amount: Money }) }),
  total_tax: Money,
  total_discounts: Money,
  total_price: Money,
  line_items: z.array(Line).max(MOST_LINES),
  fulfillments: z
    .array(
      z.object({
        id: Id.default(''),
        status: z.string().nullish(),
        line_items: z.array(z.object({ id: Id, quantity: Count })).nullish(),
        tracking_company: z.string().nullish().catch(null),
        tracking_numbers: Texts,
        tracking_urls: Texts,
      }),
    )
    .nullish(),
  shipping_address: Address.nullable().default(null),
  note_attributes: z
    .array(z.object({ name: z.string(), value: z.unknown() }))
    .nullish()
    .catch(null),
  shipping_lines: z.array(z.object({ code: z.string().nullish() })).nullish(),
});
type Order = z.infer<typeof Order>;

function verify(delivery: Delivery, secrets: ConnectionSecrets): VerifiedDelivery {
  if (secrets.platform !== 'shopify') throw new AppError('UNAUTHENTICATED');
  const verified = verifyShopifyBytes(delivery, secrets.secrets);
  if (!fromShop(delivery, secrets.shop)) throw new AppError('UNAUTHENTICATED');
  return verified;
}

/** `UNAUTHENTICATED` unless one of the secrets signed these bytes, whichever shop they are about. */
export function verifyShopifyBytes(delivery: Delivery, secrets: string[]): VerifiedDelivery {
  const given = signatureOf(delivery);
  let valid = false;
  // Every secret is tried, so that the time taken does not tell which one is in use.
  for (const secret of secrets) {
    const expected = createHmac('sha256', secret).update(delivery.body).digest();
    if (timingSafeEqual(expected, given.digest)) valid = true;
  }
  if (!valid || !given.wellFormed) throw new AppError('UNAUTHENTICATED');
  return delivery as VerifiedDelivery;
}

function signatureOf(delivery: Delivery): { digest: Buffer; wellFormed: boolean } {
  const header = delivery.headers['x-shopify-hmac-sha256'];
  const wellFormed = typeof header === 'string' && SIGNATURE.test(header);
  return { digest: wellFormed ? Buffer.from(header, 'base64') : Buffer.alloc(32), wellFormed };
}

/** One app's secret signs for every shop that installed it: a header that names another shop is a delivery astray. */
function fromShop(delivery: Delivery, shop: string): boolean {
  const header = delivery.headers['x-shopify-shop-domain'];
  return header === undefined || (typeof header === 'string' && header.toLowerCase() === shop.toLowerCase());
}

function read(delivery: VerifiedDelivery): CommerceEvent {
  const topic = delivery.headers['x-shopify-topic'];
  if (typeof topic !== 'string')
    throw badFields({ path: 'x-shopify-topic', message: 'the header is missing' });
  if (PART_TOPICS.has(topic))
    return { kind: 'fetch', externalId: readAs(Part, parseJson(delivery.body)).order_id };
  if (PRODUCT_TOPICS.has(topic)) return { kind: 'products' };
  if (topic === 'app/uninstalled') {
    const shop = readAs(Uninstalled, parseJson(delivery.body)).myshopify_domain;
    // Outside of what is signed: it can only make less of what is.
    const at = TriggeredAt.safeParse(delivery.headers['x-shopify-triggered-at']);
    return { kind: 'uninstalled', shop, ...(at.success && { at: at.data }) };
  }
  if (!ORDER_TOPICS.has(topic)) return { kind: 'ignored', reason: 'topic' };

  return readShopifyOrder(parseJson(delivery.body), topic === 'orders/cancelled');
}

/** An order as the webhooks show it. */
export function readShopifyOrder(payload: unknown, mustBeCancelled = false): CommerceEvent {
  const order = readAs(Order, payload);
  if (mustBeCancelled && order.cancelled_at === null) {
    throw badFields({
      path: 'cancelled_at',
      message: 'empty, though the topic says that the order was cancelled',
    });
  }
  const lines = linesOf(order);
  if (lines.length === 0) return { kind: 'ignored', reason: 'nothing_to_ship' };
  const read = mapped(order);
  const shipments = read.marker === undefined ? {} : { shipments: shipmentsOf(order) };
  return { kind: 'order', order: { ...read, lines, ...shipments, scrub: ownContacts(payload) } };
}

function mapped(order: Order): Omit<IncomingOrder, 'lines' | 'shipments' | 'scrub'> {
  return {
    externalId: order.id,
    marker: markerIn(order),
    code: codeText(order.name ?? '') || codeText(order.order_number ?? order.id),
    currency: order.currency,
    paid: order.financial_status === 'paid',
    cancelled: order.cancelled_at !== null,
    shippingService: serviceOf(order.shipping_lines?.[0]?.code ?? ''),
    totals: totalsOf(order),
    shipTo: order.shipping_address === null ? null : shipToOf(order.shipping_address),
    updatedAt: new Date(order.updated_at).toISOString(),
  };
}

/** What we write into an order that we make: only whoever has the MAC's key can tell it from a shopper's own words. */
function markerIn({ note_attributes: attributes }: Order): string | undefined {
  const value = attributes?.find(({ name }) => name === 'strongroom')?.value;
  return typeof value === 'string' ? value : undefined;
}

/** Only what has to be shipped: no gift cards, downloads or tips. */
function linesOf(order: Order): IncomingLine[] {
  const shipped = shippedByLine(order);
  return order.line_items.flatMap((item, index) => {
    if (item.requires_shipping === false || item.quantity === 0) return [];
    return {
      key: item.id,
      sku: skuOf(item),
      title: item.variant_title === '' ? item.title : `${item.title} - ${item.variant_title}`,
      quantity: item.quantity,
      cancelledQuantity: Math.max(0, item.quantity - (item.current_quantity ?? item.quantity)),
      fulfilledQuantity: shipped.get(item.id) ?? 0,
      unitPrice: minor(item.price, order.currency, `line_items.${index}.price`),
    };
  });
}

/** A line without a SKU that a catalogue could have has no supplier, and still needs a name that stays the same. */
function skuOf(item: z.infer<typeof Line>): string {
  if (Sku.safeParse(item.sku).success) return item.sku ?? '';
  return item.variant_id === null ? `line-${item.id}` : `variant-${item.variant_id}`;
}

function shipmentsOf(order: Order): IncomingShipment[] {
  return (order.fulfillments ?? [])
    .filter(({ status }) => status === 'success')
    .map(
      ({
        id: key,
        line_items: items,
        tracking_company: carrier,
        tracking_numbers: numbers,
        tracking_urls: urls,
      }) => ({
        key,
        ...trackingOf({ carrier, numbers, urls }),
        lines: (items ?? []).map(({ id, quantity }) => ({ key: id, quantity })),
      }),
    );
}

function shippedByLine(order: Order): Map<string, number> {
  const shipped = new Map<string, number>();
  for (const { lines } of shipmentsOf(order)) {
    for (const { key, quantity } of lines) shipped.set(key, (shipped.get(key) ?? 0) + quantity);
  }
  return shipped;
}

function totalsOf(order: Order): Totals {
  const { amount } = order.total_shipping_price_set.shop_money;
  return {
    items: minor(order.total_line_items_price, order.currency, 'total_line_items_price'),
    shipping: minor(amount, order.currency, 'total_shipping_price_set.shop_money.amount'),
    tax: minor(order.total_tax, order.currency, 'total_tax'),
    discount: minor(order.total_discounts, order.currency, 'total_discounts'),
    total: minor(order.total_price, order.currency, 'total_price'),
  };
}

/** `null` when no country is named: nothing can be sent there, and the order waits for a better address. */
function shipToOf(address: Address): ShipTo | null {
  if (!address.country_code) return null;
  const [firstName, lastName] =
    address.first_name === '' && address.last_name === ''
      ? splitName(address.name)
      : [address.first_name, address.last_name];
  return {
    firstName,
    lastName,
    // The town is the last line; there is no field for it.
    streetAddress: streetOf(address.address1, address.address2, address.city),
    postalCode: address.zip,
    region: address.province,
    country: address.country_code,
  };
}

function splitName(name: string): [string, string] {
  const space = name.lastIndexOf(' ');
  return [name.slice(0, Math.max(space, 0)), name.slice(space + 1)];
}
