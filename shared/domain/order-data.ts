import { z } from 'zod';
import { noCardNumber } from './card-number.ts';
import { isCurrency } from './money.ts';
import {
  Amount,
  Currency,
  type IncomingLine,
  type IncomingOrder,
  Quantity,
  ShipTo,
  Timestamp,
  Totals,
} from './order.ts';
import { codeText, plainLine, plainLines } from './plain-text.ts';

/** How many lines an order can have: Shopify's own limit, and what one document holds with ease. */
export const MOST_LINES = 500;

const line = (most: number): z.ZodString => z.string().overwrite(plainLine).max(most);

const ADDRESS = {
  firstName: line(200),
  lastName: line(200),
  streetAddress: z.string().overwrite(plainLines).max(1000),
  postalCode: line(40),
  region: line(200),
  country: ShipTo.shape.country,
};

/** An SKU as an order has it, whatever stood around it. */
export const OrderedSku = z.string().overwrite(plainLine).min(1).max(120);
/** What an order is paid in. */
export const PaidCurrency = Currency.refine(isCurrency, 'not a currency of ISO 4217 that is paid with');

const LINE = {
  sku: OrderedSku,
  title: line(500),
  quantity: Quantity,
  unitPrice: Amount,
};

const ORDER = {
  externalId: z.string().overwrite(plainLine).min(1).max(200),
  code: z.string().max(200).overwrite(codeText).min(1),
  currency: PaidCurrency,
};

const LATEST = Date.UTC(10_000, 0);

/** A time that RFC 3339 can also say in UTC, where the year may be another one. */
export const Instant = Timestamp.refine((text) => {
  const at = Date.parse(text);
  return Number.isNaN(at) || (at >= 0 && at < LATEST);
}, 'not a time between the years 1970 and 9999');

/** An address as somebody gives it to our API. What a shop's platform sends is cleaned instead. */
export const AddressInput = z.strictObject({
  ...ADDRESS,
  firstName: ADDRESS.firstName.refine(...noCardNumber),
  lastName: ADDRESS.lastName.refine(...noCardNumber),
  streetAddress: ADDRESS.streetAddress.refine(...noCardNumber),
  postalCode: ADDRESS.postalCode.refine(...noCardNumber),
  region: ADDRESS.region.refine(...noCardNumber),
});

/** The body of `POST /v1/orders`: an order in our own form. Fields it does not name are refused. */
export const OrderInput = z.strictObject({
  ...ORDER,
  lines: z
    .array(z.strictObject({ ...LINE, title: LINE.title.refine(...noCardNumber) }))
    .min(1)
    .max(MOST_LINES),
  totals: Totals,
  shipTo: AddressInput,
});
export type OrderInput = z.infer<typeof OrderInput>;

/** `data` of a Standard Webhooks event about an order. What it does not name is dropped, as from any platform. */
export const OrderData = z.object({
  ...ORDER,
  lines: z.array(z.object(LINE)).min(1).max(MOST_LINES),
  totals: z.object({ items: Amount, shipping: Amount, tax: Amount, discount: Amount, total: Amount }),
  shipTo: z.object(ADDRESS),
  updatedAt: Instant,
});
export type OrderData = z.infer<typeof OrderData>;

/**
 * An order in our own form as what a platform's mapper makes. It counts as paid, since its sender gives it to be
 * shipped. `updatedAt` is RFC 3339; `scrub` holds email, phone and IP values to be cut out of its text.
 */
export function toIncoming(
  data: OrderInput,
  event: { cancelled: boolean; updatedAt: string; scrub: string[] },
): IncomingOrder {
  return {
    externalId: data.externalId,
    code: data.code,
    currency: data.currency,
    paid: true,
    cancelled: event.cancelled,
    shippingService: null,
    lines: withKeys(data.lines),
    totals: data.totals,
    shipTo: data.shipTo,
    updatedAt: new Date(event.updatedAt).toISOString(),
    scrub: event.scrub,
  };
}

/** A line has no id of its own here: its SKU and how many lines before it had the same one tell it apart. */
function withKeys(lines: OrderInput['lines']): IncomingLine[] {
  const seen = new Map<string, number>();
  return lines.map((line) => {
    const occurrence = (seen.get(line.sku) ?? 0) + 1;
    seen.set(line.sku, occurrence);
    return { key: `${line.sku}#${occurrence}`, ...line, cancelledQuantity: 0, fulfilledQuantity: 0 };
  });
}
