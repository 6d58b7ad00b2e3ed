import Big from 'big.js';
import { decimalsOf } from '../domain/money.ts';
import { Amount } from '../domain/order.ts';
import { endingOf, type Markup, type PriceList, type PriceRule, type Rounding } from './price-list.ts';

/** What of a product makes its price. */
export interface Priceable {
  /** Minor units of `currency`. */
  price: number;
  currency: string;
  active: boolean;
  /** What price lists say of this SKU, by their ids. */
  rules: Readonly<Record<string, PriceRule>>;
}

/**
 * The lists that a partner buys by: the one its terms name, and those that win over it, in their order. Without a list
 * it is the products' own prices; `missing` stands for terms that name a list which is not there.
 */
export type PriceLists = { base: PriceList; exceptions: readonly PriceList[] } | 'none' | 'missing';

export interface Asked {
  quantity: number;
  /** RFC 3339 UTC with milliseconds: when the order was placed. */
  at: string;
}

/** A price for one piece, in minor units, and which list it is from. */
export interface Price {
  unitPrice: number;
  currency: string;
  priceListId: string | null;
  /** From how many pieces on. */
  minimumQuantity: number;
}

/** Why there is no price. A product without one is not sold. */
export type NoPrice =
  'INACTIVE' | 'NO_LIST' | 'NOT_IN_FORCE' | 'NOT_LISTED' | 'BELOW_MINIMUM' | 'NO_RATE' | 'OUT_OF_RANGE';

/**
 * What one piece of a product costs. The first exception that is in force, is in the currency of the base list, and
 * has a price for this SKU and quantity wins, dearer or not; else it is the base list's. An exception counts only
 * while the base list itself is in force.
 */
export function priceOf(product: Priceable, lists: PriceLists, asked: Asked): Price | NoPrice {
  if (!product.active) return 'INACTIVE';
  if (lists === 'missing') return 'NO_LIST';
  if (lists === 'none') {
    return { unitPrice: product.price, currency: product.currency, priceListId: null, minimumQuantity: 1 };
  }
  const { base } = lists;
  if (!isInForce(base, asked.at)) return 'NOT_IN_FORCE';
  for (const exception of exceptionsOf(lists, asked.at)) {
    const won = priceBy(product, exception, asked.quantity);
    if (typeof won !== 'string') return won;
  }
  return priceBy(product, base, asked.quantity);
}

/** The same at every quantity from which on it is another: the fewest pieces first; empty where nothing is sold. */
export function pricesOf(product: Priceable, lists: PriceLists, at: string): Price[] {
  const from = new Set([1]);
  if (typeof lists !== 'string') {
    for (const list of [lists.base, ...exceptionsOf(lists, at)]) from.add(minimumOf(product, list));
  }
  const prices: Price[] = [];
  for (const quantity of [...from].sort((a, b) => a - b)) {
    const price = priceOf(product, lists, { quantity, at });
    if (typeof price === 'string' || price.unitPrice === prices.at(-1)?.unitPrice) continue;
    prices.push({ ...price, minimumQuantity: quantity });
  }
  return prices;
}

/** From `startsAt` on, until just before `endsAt`. Times of one form compare as texts. */
export function isInForce(list: Pick<PriceList, 'startsAt' | 'endsAt'>, at: string): boolean {
  return (list.startsAt === null || list.startsAt <= at) && (list.endsAt === null || at < list.endsAt);
}

/** The lists that could win at this time. */
export function exceptionsOf(lists: Exclude<PriceLists, string>, at: string): PriceList[] {
  const { base, exceptions } = lists;
  return exceptions.filter((list) => list.currency === base.currency && isInForce(list, at));
}

function minimumOf(product: Priceable, list: PriceList): number {
  return product.rules[list.id]?.minimumQuantity ?? list.minimumQuantity;
}

function priceBy(product: Priceable, list: PriceList, quantity: number): Price | NoPrice {
  const rule = product.rules[list.id];
  if (rule === undefined && list.covers === 'listed') return 'NOT_LISTED';
  const minimumQuantity = minimumOf(product, list);
  if (quantity < minimumQuantity) return 'BELOW_MINIMUM';
  const { id: priceListId, currency } = list;
  const made = (unitPrice: number): Price => ({ unitPrice, currency, priceListId, minimumQuantity });
  if (rule?.price !== undefined) return made(rule.price);
  const converted = convert(product, list);
  if (converted === undefined) return 'NO_RATE';
  const exact = marked(converted, rule?.markup ?? list.markup);
  // Below zero nothing is a price, and rounding must not make it one.
  if (exact.lt(0)) return 'OUT_OF_RANGE';
  const unitPrice = rounded(exact, list.rounding, list.currency);
  return Amount.safeParse(unitPrice).success ? made(unitPrice) : 'OUT_OF_RANGE';
}

/** Minor units of the list's currency, exactly. Nothing is divided on the way, so no digit is lost. */
function convert({ price, currency }: Priceable, list: PriceList): Big | undefined {
  const from = decimalsOf(currency);
  const to = decimalsOf(list.currency);
  const rate = currency === list.currency ? '1' : list.rates[currency];
  if (from === undefined || to === undefined || rate === undefined) return undefined;
  return new Big(price).times(rate).times(`1e${to - from}`);
}

function marked(price: Big, markup: Markup | null): Big {
  if (markup?.fixed !== undefined) return price.plus(markup.fixed);
  return price.times(new Big(markup?.percent ?? 0).plus(100)).times('1e-2');
}

/** A price with an ending is never below that ending. Without one, halves of a minor unit go up. */
function rounded(price: Big, rounding: Rounding | null, currency: string): number {
  const ending = rounding === null ? undefined : endingOf(rounding, currency);
  if (rounding === null || ending === undefined) return price.round(0, Big.roundHalfUp).toNumber();
  const steps = price.minus(ending.rest).times(`1e-${ending.digits}`);
  const whole = steps.round(
    0,
    { up: Big.roundUp, down: Big.roundDown, nearest: Big.roundHalfUp }[rounding.direction],
  );
  const kept = steps.lt(0) ? new Big(0) : whole;
  return kept.times(`1e${ending.digits}`).plus(ending.rest).toNumber();
}
