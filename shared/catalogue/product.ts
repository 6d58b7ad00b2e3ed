import { createHash } from 'node:crypto';
import { z } from 'zod';
import { CARD_REFUSED, holdsCardNumber, noCardNumber } from '../domain/card-number.ts';
import { keyedId } from '../domain/ids.ts';
import { Amount } from '../domain/order.ts';
import { plainLine } from '../domain/plain-text.ts';
import { cleanHtml, shownText } from './clean-html.ts';
import { MoneyCurrency } from './price-list.ts';

/** As it is printed: no control characters, no space around it; `.` and `..` can stand in no URL. */
export const ProductSku = z
  .string()
  .min(1, 'is empty')
  .max(120, 'is longer than 120 characters')
  .refine((sku) => plainLine(sku) === sku, 'not one line without control characters or space around it')
  .refine((sku) => sku !== '.' && sku !== '..', 'not a name that can stand in a URL');

const line = (most: number): z.ZodString =>
  z.string().overwrite(plainLine).min(1, 'is empty').max(most, `is longer than ${most} characters`);

const MOST_HTML = 20_000;
const TOO_LONG = 'is longer than 20,000 characters';

/** Why a description can not be kept. An export has it cleaned: what is too long then could not be read back. */
function wrongIn(html: string): string | undefined {
  const clean = cleanHtml(html);
  if (clean.length > MOST_HTML) return `${TOO_LONG} once it is cleaned`;
  return holdsCardNumber(shownText(html, clean)) ? CARD_REFUSED : undefined;
}

/** Another product of the same `group` is a variant; `options` tell the variants apart. */
export const PRODUCT_FIELDS = {
  title: line(500).refine(...noCardNumber),
  price: Amount,
  currency: MoneyCurrency,
  active: z.boolean(),
  group: line(120).nullable(),
  options: z
    .array(
      z.strictObject({ name: line(60).refine(...noCardNumber), value: line(120).refine(...noCardNumber) }),
    )
    .max(3),
  /** HTML, which is cleaned when it is written. */
  description: z
    .string()
    .max(MOST_HTML, TOO_LONG)
    .superRefine((html, ctx) => {
      const message = html.length > MOST_HTML ? undefined : wrongIn(html);
      if (message !== undefined) ctx.addIssue({ code: 'custom', message });
    }),
  images: z
    .array(
      z
        .url({ protocol: /^https$/, error: 'not an https URL' })
        .regex(/^\S*$/, 'not an https URL')
        .max(1000),
    )
    .max(20),
  barcode: z
    .string()
    .regex(/^[0-9A-Za-z-]{1,40}$/, 'not a barcode in digits and letters')
    .nullable(),
} as const;

/** All that a merchant says of one SKU. */
export const Product = z.strictObject(PRODUCT_FIELDS);
export type Product = z.infer<typeof Product>;

export const PRODUCT_DEFAULTS = {
  active: true,
  group: null,
  options: [],
  description: '',
  images: [],
  barcode: null,
} as const satisfies Partial<Product>;

/** How the merchant's log names a product: its SKU is a text, and a log holds none. */
export function productLogId(companyId: string, sku: string): string {
  return keyedId('product', createHash('sha256').update(`${companyId}/products/${sku}`).digest());
}
