import { z } from 'zod';
import { decimalsOf, isCurrency } from '../domain/money.ts';
import { Amount, Quantity } from '../domain/order.ts';

/** A merchant's own name for a price list; it also names a field of its products. */
export const PriceListId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$/, 'not an id of a price list')
  // Every object has fields of these names already, such as `constructor`: a product would seem to be on the list.
  .refine((id) => !(id in {}), 'not an id of a price list');

/** ISO 4217, and money that people pay with. */
export const MoneyCurrency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'not an ISO 4217 code of three capital letters')
  .refine(isCurrency, 'not a currency that people pay with');

const Decimal = z.string().regex(/^-?\d{1,9}(?:\.\d{1,9})?$/, 'not a plain decimal such as "12.5"');
const Percent = Decimal.refine((text) => Number(text) > -100, 'nothing would be left of the price');
/** Above zero: a rate of nothing gives everything away. */
export const Rate = Decimal.refine((text) => Number(text) > 0, 'not above zero');

/** What is put on a price: percent of it, or minor units of the list's currency. Below zero it is a discount. */
export const Markup = z
  .strictObject({
    percent: Percent.optional(),
    fixed: z.int().min(-1_000_000_000_000).max(1_000_000_000_000).optional(),
  })
  .refine(
    ({ percent, fixed }) => (percent === undefined) !== (fixed === undefined),
    'not one of percent and fixed',
  );
export type Markup = z.infer<typeof Markup>;

/**
 * The last digits that every price of a list has, written as in a price of its currency: `.99` and `9.99` in euros,
 * `80` in yen, `.990` in dinars.
 */
export const Rounding = z.strictObject({
  ending: z.string().regex(/^(?=.)\d{0,4}(?:\.\d{1,3})?$/, 'not the end of a price, such as ".99"'),
  direction: z.enum(['up', 'down', 'nearest']),
});
export type Rounding = z.infer<typeof Rounding>;

/** What a list says of a single SKU: a price of its own, or a markup instead of the list's. */
export const PriceRule = z.strictObject({
  price: Amount.optional(),
  markup: Markup.optional(),
  minimumQuantity: Quantity.optional(),
});
export type PriceRule = z.infer<typeof PriceRule>;

/** `companies/{companyId}/priceLists/{id}`. What it says of single SKUs is kept with the products. */
export const StoredPriceList = z.object({
  name: z.string(),
  currency: z.string(),
  /** By currency of a product: how much of the list's currency one unit of it is. */
  rates: z.record(z.string(), z.string()),
  markup: Markup.nullable(),
  rounding: Rounding.nullable(),
  minimumQuantity: Quantity,
  /** RFC 3339 UTC with milliseconds: in force from then on, and until just before. */
  startsAt: z.string().nullable(),
  endsAt: z.string().nullable(),
  /** Whether every product is on the list, or only those with a rule of their own. */
  covers: z.enum(['all', 'listed']),
  /** Lists that win over this one while they are in force, the first of them first. */
  exceptions: z.array(PriceListId),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type StoredPriceList = z.infer<typeof StoredPriceList>;

/** `version` is another one after every change. */
export type PriceList = StoredPriceList & { id: string; version: string };

/** How many lists may win over one: all of them are read whenever a page is priced. */
export const MOST_EXCEPTIONS = 10;

/**
 * An ending in minor units, and of how many digits it is (`.99` in euros: 99 in every 10^2), or `undefined` where it is
 * not written with as many decimals as the currency has.
 */
export function endingOf(rounding: Rounding, currency: string): { rest: number; digits: number } | undefined {
  const [whole = '', decimals = ''] = rounding.ending.split('.');
  if (decimals.length !== decimalsOf(currency)) return undefined;
  const digits = whole + decimals;
  return { rest: Number(digits), digits: digits.length };
}
