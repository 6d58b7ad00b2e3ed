import { z } from 'zod';
import type { ChargeCode, OrderChargeState } from './billing.ts';
import { idSchema } from './ids.ts';

/**
 * What we know of a consumer, whole: these six fields (promise `pii`). There is no city: the town is the last line
 * of the street address. A field that is added here is a decision about privacy.
 */
export const ShipTo = z.strictObject({
  firstName: z.string().max(200),
  lastName: z.string().max(200),
  streetAddress: z.string().max(1000),
  postalCode: z.string().max(40),
  region: z.string().max(200),
  country: z.string().regex(/^[A-Z]{2}$/, 'not an ISO 3166 code of two capital letters'),
});
export type ShipTo = z.infer<typeof ShipTo>;

/** Integer minor units of the order's currency. */
export const Amount = z.int().min(0).max(1_000_000_000_000);
export const Quantity = z.int().min(1).max(1_000_000);
export const Currency = z.string().regex(/^[A-Z]{3}$/, 'not an ISO 4217 code of three capital letters');
export const Sku = z.string().min(1).max(120);
export const Timestamp = z.iso.datetime({ offset: true });

export const Totals = z.strictObject({
  items: Amount,
  shipping: Amount,
  tax: Amount,
  discount: Amount,
  total: Amount,
});
export type Totals = z.infer<typeof Totals>;

export const STATES = ['received', 'routed', 'part_fulfilled', 'fulfilled', 'cancelled'] as const;
export const OrderState = z.enum(STATES);
export type OrderState = z.infer<typeof OrderState>;

/** Why the machine stopped at an order. The merchant sees the code and sets it going again with a retry. */
export const HeldCode = z.enum(['ADDRESS_EMPTY', 'ROUTING_FAILED']);
export type HeldCode = z.infer<typeof HeldCode>;

/**
 * What a commerce platform's mapper makes of a payload: all that later steps can see of it. `scrub` holds the
 * payload's own email, phone and IP values; they serve to clean text and are then forgotten.
 */
export interface IncomingOrder {
  externalId: string;
  /** What an order that we made in a supplier's shop carries. It is a claim of the payload until its MAC is checked. */
  marker?: string | undefined;
  code: string;
  currency: string;
  /** Routed only when paid in full; anything else stays `received` until an update says so. */
  paid: boolean;
  cancelled: boolean;
  shippingService: string | null;
  lines: IncomingLine[];
  /** What the shop shipped, the oldest first; of an order alone that claims to be one that we made there. */
  shipments?: IncomingShipment[];
  totals: Totals;
  /** `null` when the payload names no address. */
  shipTo: ShipTo | null;
  /** RFC 3339 UTC: when the platform last changed the order. */
  updatedAt: string;
  /**
   * What an event says where its shop may have removed the order since: `stale` may have come late, `restored` says that
   * it is there again. Absent for what was read at the shop.
   */
  event?: 'stale' | 'restored';
  scrub: string[];
}

export interface IncomingShipment {
  /** What tells this shipment from the order's others, at its shop. */
  key: string;
  carrier: string | null;
  trackingNumbers: string[];
  trackingUrls: string[];
  /** By the lines' keys. */
  lines: { key: string; quantity: number }[];
}

export interface IncomingLine {
  /** What tells this line from the others in every later event: the platform's line id, or SKU and occurrence. */
  key: string;
  sku: string;
  title: string;
  quantity: number;
  cancelledQuantity: number;
  /** What the shop itself says was shipped. */
  fulfilledQuantity: number;
  /** Minor units. */
  unitPrice: number;
}

/** A line as it is stored and shown. `title` only when a catalogue names it; other titles are sealed as details. */
export interface OrderLine {
  id: string;
  /** On a supply order: the line of the owner's order that this one serves; never shown. */
  origin: string | null;
  sku: string;
  title: string | null;
  quantity: number;
  /** The quantity that the shop named last; never shown. What it names more or less next time is added or cancelled. */
  saidQuantity: number;
  fulfilledQuantity: number;
  cancelledQuantity: number;
  returnedQuantity: number;
  /** On a supply order: how many of the returned ones only the retailer has noted. They are charged. */
  unconfirmedReturnQuantity?: number;
  unitPrice: number;
  /** When the shop added it to an order that was here already, by our clock: what it costs then, it costs. Never shown. */
  addedAt?: string;
  /** The partner that supplies the line; `null`: it stays with this company. */
  supplier: string | null;
  stock: 'asked' | 'granted' | 'backordered' | null;
}

/** What the supplier itself has noted, or paid back, of what came back. */
export function confirmedReturns(line: OrderLine): number {
  return line.returnedQuantity - (line.unconfirmedReturnQuantity ?? 0);
}

/** Of what only the retailer has noted, that many are confirmed, or all there are. */
export function confirmReturns(line: OrderLine, quantity: number): OrderLine {
  const unconfirmed = line.unconfirmedReturnQuantity ?? 0;
  const confirmed = Math.min(quantity, unconfirmed);
  return confirmed <= 0 ? line : { ...line, unconfirmedReturnQuantity: unconfirmed - confirmed };
}

/** A shipment as it is stored: its tracking numbers and URLs are sealed with the order's details. */
export interface StoredFulfilment {
  id: string;
  shippedAt: string;
  carrier: string | null;
  lines: { lineId: string; quantity: number }[];
  /** On a retailer's order: the partner that shipped it; `null`: the company itself. */
  partner: string | null;
}

/** Of a shipment that was made in a supplier's own shop: which it is there, keyed hash of its tracking, said when. */
export interface ShippedThere {
  key: string;
  hash: string;
  at: string;
}

/** Which shipped and returned quantities of each line charges account for, and what those charges came to. */
export interface OrderBilling {
  lines: Record<string, { shipped: number; returned: number }>;
  charges: {
    id: string;
    amount: number;
    refunded: number;
    lost: number;
    state: OrderChargeState;
    code: ChargeCode | null;
  }[];
}

/** A supply order, on the retailer's order. `billed` as it is there: what its charges are is read with it. */
export interface SupplyOrderRef {
  id: string;
  companyId: string;
  partner: string;
  state: OrderState;
  billed?: true;
}

/** `companies/{companyId}/orders/{orderId}`: an order as it is stored. Nothing in it is about the consumer. */
export interface StoredOrder {
  companyId: string;
  code: string;
  /** `mute`: nothing can be told to the shop, which was connected for its webhooks alone. */
  source: { connectionId: string | null; platform: string; externalId: string; mute?: true } | null;
  state: OrderState;
  routing: 'pending' | 'done' | 'held';
  held: { code: HeldCode; at: string } | null;
  /** The retailer, on a supply order; `null` on a retailer's own order. */
  partner: string | null;
  /** Whose order this is a part of, on a supply order: the owner of the record key, never shown. */
  origin: { companyId: string; orderId: string } | null;
  supplyOrders: SupplyOrderRef[];
  /** Partner ids of `supplyOrders` and `partner`, for the list's filter. */
  partners: string[];
  paid: boolean;
  shippingService: string | null;
  addressCleaned: boolean;
  archived: boolean;
  archivedAt: string | null;
  erasedAt: string | null;
  /** The erasure that is under way: nothing else may touch the order from then on. */
  erasing: string | null;
  currency: string;
  lines: OrderLine[];
  totals: Totals;
  fulfilments: StoredFulfilment[];
  /** On a supply order, by fulfilment. */
  shippedThere?: Record<string, ShippedThere>;
  createdAt: string;
  updatedAt: string;
  /** When the platform last changed it; events that are older change nothing. */
  sourceUpdatedAt: string | null;
  /** By when it is erased, where its platform asked for that; both sides see it. */
  eraseBy?: string;
  /** A random slot of 0..15 while work is unfinished; `sweep` finds it by this. */
  due?: number;
  /** On a supply order that was made while its terms said that we bill it; like its prices, that stays. */
  billed?: true;
  /** On a supply order: `{partnerId}/{currency}` while something shipped is on no charge; `bill` finds it by this. */
  unbilled?: string;
  /** On a supply order that was billed: the charges it is on. */
  billing?: OrderBilling;
}

/** What is sealed beside the address: titles that no catalogue has, by line id, and tracking, by fulfilment id. */
export const Details = z.strictObject({
  titles: z.record(z.string(), z.string()),
  tracking: z.record(z.string(), z.strictObject({ numbers: z.array(z.string()), urls: z.array(z.string()) })),
});
export type Details = z.infer<typeof Details>;

/** The one kind of message about orders and erasures: ids, and nothing else. */
export const OrderMessage = z.strictObject({ companyId: idSchema('company'), orderId: idSchema('order') });
export type OrderMessage = z.infer<typeof OrderMessage>;

export const ErasureMessage = z.strictObject({
  companyId: idSchema('company'),
  erasureId: idSchema('erasure'),
});
export type ErasureMessage = z.infer<typeof ErasureMessage>;
