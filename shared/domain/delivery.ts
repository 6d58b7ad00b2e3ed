import { z } from 'zod';
import { idSchema } from './ids.ts';
import { Sku } from './order.ts';

/**
 * What goes out. `shipment` and `tracking` go to the shop that an order came from, `order` to the shop of whoever
 * supplies it, `stock` to every shop that sells a SKU, and `event` to an endpoint of the merchant's own.
 */
export const DELIVERY_KINDS = ['shipment', 'tracking', 'order', 'stock', 'event'] as const;
export type DeliveryKind = (typeof DELIVERY_KINDS)[number];

/** What a merchant's own endpoints are told of. A name is added with care and never changed. */
export const EVENT_TYPES = [
  'order.routed',
  'order.assigned',
  'order.cancelled',
  'order.declined',
  'shipment.created',
  'shipment.changed',
] as const;
export const EventType = z.enum(EVENT_TYPES);
export type EventType = z.infer<typeof EventType>;

/** `failed` is tried again at `nextAttemptAt`; `dead` was given up and waits for its merchant. */
export const DELIVERY_STATES = ['pending', 'failed', 'done', 'dead'] as const;
export const DeliveryState = z.enum(DELIVERY_STATES);
export type DeliveryState = z.infer<typeof DeliveryState>;

/** Why the last attempt did not do it: our words for what a shop or an endpoint answered, never theirs. */
export const DELIVERY_CODES = [
  'NOT_CONNECTED',
  'REFUSED_CREDENTIALS',
  'REFUSED',
  'NOT_FOUND',
  'NOTHING_TO_SHIP',
  'ORDER_GONE',
  'ADDRESS_EMPTY',
  'RATE_LIMITED',
  'TIMED_OUT',
  'UNREACHABLE',
  'TLS_FAILED',
  'TARGET_REFUSED',
  'BAD_ANSWER',
  'UNAVAILABLE',
  'INTERNAL',
] as const;
export const DeliveryCode = z.enum(DELIVERY_CODES);
export type DeliveryCode = z.infer<typeof DeliveryCode>;

const Instant = z.iso.datetime({ precision: 3 });

export const DeliveryTarget = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('connection'), id: idSchema('connection') }),
  z.strictObject({ type: z.literal('endpoint'), id: idSchema('endpoint') }),
]);
export type DeliveryTarget = z.infer<typeof DeliveryTarget>;

/** `companies/{companyId}/deliveries/{deliveryId}`: one thing to be told to one place. Ids and codes alone. */
export const StoredDelivery = z.object({
  companyId: idSchema('company'),
  kind: z.enum(DELIVERY_KINDS),
  event: EventType.nullable(),
  /** `null` for what is about a stock. */
  orderId: idSchema('order').nullable(),
  /** Of a stock alone: how many there are is read when it is sent. */
  sku: Sku.nullable().default(null),
  fulfilmentId: idSchema('fulfilment').nullable(),
  /** The lines of a supply order that this delivery creates at the shop. */
  lineIds: z.array(idSchema('line')),
  target: DeliveryTarget,
  /** The target and what it is about: of one stream the oldest goes first, and the next when it is over. */
  stream: z.string(),
  state: DeliveryState,
  attempts: z.int(),
  nextAttemptAt: Instant.nullable().default(null),
  lastAttemptAt: Instant.nullable().default(null),
  lastCode: DeliveryCode.nullable().default(null),
  /** Until when a run has it to itself. */
  claimedUntil: Instant.nullable().default(null),
  /** What the shop calls what was made there; of a stock what it calls the SKU, `null` when it does not sell it. */
  shopId: z.string().nullable().default(null),
  /** Of a stock: how many the shop was told last, and whether it has shown that since. Then another number is its merchant's. */
  told: z.object({ available: z.int(), at: Instant, shown: z.boolean() }).nullable().default(null),
  /** Of a stock: another number that the shop shows, and since when. */
  seen: z.object({ available: z.int(), at: Instant }).nullable().default(null),
  /** When it was asked for; a stock is asked for again and again. */
  createdAt: Instant,
  updatedAt: Instant,
  /** While it is neither done nor dead: a random slot by which `sweep` finds it. */
  due: z.int().optional(),
});
export type StoredDelivery = z.infer<typeof StoredDelivery>;

/** Ids and nothing else. */
export const DeliveryMessage = z.strictObject({
  companyId: idSchema('company'),
  deliveryId: idSchema('delivery'),
});
export type DeliveryMessage = z.infer<typeof DeliveryMessage>;

/** The platforms whose shops are written to. */
export const SHOP_PLATFORMS = ['shopify', 'woocommerce', 'bigcommerce'] as const;
export type ShopPlatform = (typeof SHOP_PLATFORMS)[number];

export function isShopPlatform(name: string): name is ShopPlatform {
  return (SHOP_PLATFORMS as readonly string[]).includes(name);
}
