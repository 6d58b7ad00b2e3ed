import { z } from 'zod';
import { badFields } from '../domain/errors.ts';
import { minorUnits } from '../domain/money.ts';
import { ShipTo } from '../domain/order.ts';
import { plainLine, plainLines } from '../domain/plain-text.ts';

/** Ids are JSON numbers that pass 2^53, which `parseJson` leaves as text. */
export const Id = z.union([z.int().min(0), z.string().regex(/^\d{1,20}$/)], 'not an id').transform(String);
export const Money = z.union([z.string().max(64), z.number()], 'not an amount of money');
export const Count = z.int().min(0).max(1_000_000);

/** Text that a person typed, cut to what we have room for: an order is not lost over a long title. */
export const line = (most: number): z.ZodType<string> =>
  z
    .string()
    .nullish()
    .transform((text) => plainLine((text ?? '').slice(0, most)));

/** The two lines of a shop's address and its town, as lines of one text. */
export function streetOf(
  first: string | null | undefined,
  second: string | null | undefined,
  town: string,
): string {
  return [plainLines(first ?? ''), plainLines(second ?? ''), town].filter((part) => part !== '').join('\n');
}

/** Carrier and tracking of a shipment, as far as they are of the form that our own API takes. */
export function trackingOf(given: {
  carrier?: string | null | undefined;
  numbers?: (string | null | undefined)[] | null | undefined;
  urls?: (string | null | undefined)[] | null | undefined;
}): { carrier: string | null; trackingNumbers: string[]; trackingUrls: string[] } {
  const carrier = (given.carrier ?? '').trim().toLowerCase();
  const texts = (list: typeof given.urls): string[] => (list ?? []).flatMap((each) => each?.trim() ?? []);
  return {
    carrier: /^[a-z0-9][a-z0-9 ._-]{0,59}$/.test(carrier) ? carrier : null,
    trackingNumbers: texts(given.numbers)
      .filter((number) => /^[A-Za-z0-9][A-Za-z0-9 ._/-]{0,99}$/.test(number))
      .slice(0, MOST_TRACKING),
    trackingUrls: texts(given.urls)
      .filter((url) => url.length <= 1000 && URL.parse(url)?.protocol === 'https:')
      .slice(0, MOST_TRACKING),
  };
}
const MOST_TRACKING = 50;

/** A country as ISO 3166 has it in two letters, in whatever case; empty where none is named. */
export const Country = z
  .string()
  .overwrite((text) => text.trim().toUpperCase())
  .pipe(z.union([ShipTo.shape.country, z.literal('')]))
  .nullish();

/** Minor units. Throws `BAD_REQUEST` at the path for what is no amount. */
export function minor(amount: string | number, currency: string, path: string): number {
  const units = minorUnits(amount, currency);
  if (units === undefined) throw badFields({ path, message: 'not an amount of money' });
  return units;
}

/**
 * The rate's code, which the merchant or a carrier's app sets. Its title is left alone, as staff write it by hand on
 * draft orders. A code that could hold an email, an IP address or a phone number is dropped whole.
 */
export function serviceOf(code: string): string | null {
  const text = code.slice(0, 200).normalize('NFKC');
  if (/[@:]|\d{1,3}(?:\.\d{1,3}){3}|\p{Nd}(?:\P{Nd}{0,3}\p{Nd}){6}/u.test(text)) return null;
  const kept = text
    .replace(/[^A-Za-z0-9 ._/-]+/g, ' ')
    .replace(/ {2,}/g, ' ')
    .trim()
    .slice(0, 60)
    .trim();
  return kept === '' ? null : kept;
}

/**
 * The marker of an order that we made ourselves, where a shop's field holds text of its form. Nothing else that stands
 * in such a field goes further; whether we made it, its MAC says.
 */
export function markerIn(value: unknown): { marker?: string } {
  return typeof value === 'string' && /^sr1-[0-9a-z]{26}-[0-9a-z]{26}-[0-9a-z]{26}$/.test(value)
    ? { marker: value }
    : {};
}
