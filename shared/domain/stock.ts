import { z } from 'zod';
import { noCardNumber } from './card-number.ts';
import { idSchema } from './ids.ts';
import { Sku } from './order.ts';

/** How many pieces there can be of one SKU in one place. */
export const OnHand = z.int().min(0).max(1_000_000_000);

/** Where stock lies, in a merchant's own word. */
export const Place = z
  .string()
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,38}[A-Za-z0-9])?$/, 'not 1 to 40 letters, digits and " ._-"')
  .refine(...noCardNumber);

/** Where stock lies when nobody says where. */
export const MAIN_PLACE = 'main';

/** How many places one SKU can lie in. */
export const MOST_PLACES = 50;

/**
 * `companies/{companyId}/stock/{sku}`: what a company has of one SKU. A SKU without this document is not tracked: there
 * is always enough of it. Only `allocate` changes what is reserved, and only it and the merchant what is on hand.
 */
export interface StoredStock {
  companyId: string;
  sku: string;
  /** On hand, by place: all that has not been shipped. */
  places: Record<string, number>;
  /** How much of it is promised to lines of orders. */
  reserved: number;
  /** How many reservations are backordered. */
  waiting: number;
  updatedAt: string;
  /** How many could be sold when shops were last told; absent before. */
  told?: number;
  /** A random slot of 0..15 while what is on hand and what is promised have to be weighed anew, or shops to be told. */
  due?: number;
}

export function onHand({ places }: Pick<StoredStock, 'places'>): number {
  return Object.values(places).reduce((sum, quantity) => sum + quantity, 0);
}

/** On hand and promised to nobody. */
export function freeOf(stock: Pick<StoredStock, 'places' | 'reserved'>): number {
  return Math.max(0, onHand(stock) - stock.reserved);
}

export type ReservationState = 'asked' | 'granted' | 'backordered' | 'released';

/**
 * `companies/{supplier}/reservations/{id of the supply line}`: what one line of a supply order needs of the stock. What
 * happens to the order changes `quantity` and `shipped`; what follows of that for the stock, `allocate` works out.
 */
export interface StoredReservation {
  companyId: string;
  sku: string;
  /** The supply order. */
  orderId: string;
  /** What the line has left to ship. */
  quantity: number;
  /** What was shipped of it in all. */
  shipped: number;
  /** How much of the stock is promised to it now. */
  granted: number;
  /** How much of `shipped` has been taken off the stock, as far as it was there. */
  taken: number;
  state: ReservationState;
  /** What the line says of it on both sides' orders. */
  told: Exclude<ReservationState, 'released'>;
  createdAt: string;
  updatedAt: string;
  /** What comes next: to weigh it against the stock, or to tell both sides. Absent when all is done. */
  next?: 'settle' | 'tell';
  /** A random slot of 0..15 as long as there is a `next`; `sweep` finds it by this. */
  due?: number;
}

/** A supplier's SKU has something to settle. Messages about one supplier are delivered one after the other. */
export const StockMessage = z.strictObject({ supplierId: idSchema('company'), sku: Sku });
export type StockMessage = z.infer<typeof StockMessage>;
