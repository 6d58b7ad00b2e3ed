import { z } from '@hono/zod-openapi';
import {
  endingOf,
  Markup,
  MoneyCurrency,
  MOST_EXCEPTIONS,
  PriceListId,
  Rate,
  Rounding,
} from '../../catalogue/price-list.ts';
import { PRODUCT_DEFAULTS, PRODUCT_FIELDS, ProductSku } from '../../catalogue/product.ts';
import { idSchema } from '../../domain/ids.ts';
import { isCurrency } from '../../domain/money.ts';
import { Amount, Quantity } from '../../domain/order.ts';
import { Instant } from '../../domain/order-data.ts';
import { noCardNumber } from '../../domain/card-number.ts';
import { plainLine } from '../../domain/plain-text.ts';

const Time = z.iso.datetime();
const Count = z.int().min(0);
const page = <S extends z.ZodType>(row: S) =>
  z.strictObject({ data: z.array(row), next: z.string().nullable() });

const EXAMPLE = {
  title: 'iPod Nano 8 GB, green',
  price: 15000,
  currency: 'USD',
  active: true,
  group: 'ipod-nano',
  options: [{ name: 'Colour', value: 'green' }],
  description: '<p>Plays music.</p>',
  images: ['https://images.example/ipod-green.jpg'],
  barcode: '0885909260546',
};
const DESCRIPTION = {
  description: 'HTML. What is not text, lists, tables or https links is taken out of it.',
};

/** What `PUT` says of one SKU: all of it. */
const PRODUCT = {
  ...PRODUCT_FIELDS,
  active: PRODUCT_FIELDS.active.default(PRODUCT_DEFAULTS.active),
  group: PRODUCT_FIELDS.group
    .default(PRODUCT_DEFAULTS.group)
    .openapi({ description: 'Products of one group are variants of one another.' }),
  options: PRODUCT_FIELDS.options.default([]).openapi({ description: 'What tells variants apart.' }),
  description: PRODUCT_FIELDS.description.default(PRODUCT_DEFAULTS.description).openapi(DESCRIPTION),
  images: PRODUCT_FIELDS.images.default([]),
  barcode: PRODUCT_FIELDS.barcode.default(PRODUCT_DEFAULTS.barcode),
};
export const ProductInput = z.strictObject(PRODUCT).openapi({ example: EXAMPLE });

export const ProductsInput = z
  .strictObject({
    products: z
      .array(z.strictObject({ sku: ProductSku, ...PRODUCT }))
      .min(1)
      .max(100)
      .superRefine((products, ctx) => {
        const first = new Map(products.map(({ sku }, place) => [sku, place] as const).reverse());
        for (const [place, { sku }] of products.entries()) {
          if (first.get(sku) === place) continue;
          ctx.addIssue({ code: 'custom', path: [place, 'sku'], message: 'is in the request twice' });
        }
      }),
  })
  .openapi({ example: { products: [{ sku: 'IPOD2008GREEN', ...EXAMPLE }] } });

const MarkupShown = z.strictObject({ percent: z.string().optional(), fixed: z.int().optional() });
const RuleShown = z.strictObject({
  price: Amount.optional(),
  markup: MarkupShown.optional(),
  minimumQuantity: Quantity.optional(),
});
const SHOWN = {
  title: z.string(),
  group: z.string().nullable(),
  options: z.array(z.strictObject({ name: z.string(), value: z.string() })),
  description: z.string().openapi(DESCRIPTION),
  images: z.array(z.string()),
  barcode: z.string().nullable(),
};

export const Product = z
  .strictObject({
    sku: z.string(),
    logId: idSchema('product').openapi({ description: 'How your log names it.' }),
    ...SHOWN,
    price: Amount,
    currency: z.string(),
    active: z.boolean(),
    priceRules: z
      .record(z.string(), RuleShown)
      .openapi({ description: 'What your price lists say of this SKU, by their ids.' }),
    changedAt: Time.nullable(),
  })
  .openapi('Product', {
    example: {
      ...{ sku: 'IPOD2008GREEN', logId: 'prd_9x2z5b8d1g4j7n0r3t6w9y2a5e', ...EXAMPLE },
      priceRules: { 'retail-eur': { markup: { percent: '30' } } },
      changedAt: '2026-11-24T09:00:00.000Z',
    },
  });
export const ProductPage = page(Product).openapi('ProductPage');

export const WrittenProducts = z
  .strictObject({
    data: z.array(z.strictObject({ sku: z.string(), result: z.enum(['created', 'changed', 'unchanged']) })),
  })
  .openapi('WrittenProducts', { example: { data: [{ sku: 'IPOD2008GREEN', result: 'created' }] } });

const Item = z
  .strictObject({
    sku: ProductSku,
    price: Amount.optional(),
    markup: Markup.optional(),
    minimumQuantity: Quantity.optional(),
    remove: z.literal(true).optional(),
  })
  .refine(
    ({ price, markup, remove }) => [price, markup, remove].filter((each) => each !== undefined).length === 1,
    'not one of price, markup and remove',
  );

const At = Instant.transform((at) => new Date(at).toISOString())
  .nullable()
  .default(null)
  .openapi({ type: ['string', 'null'], format: 'date-time' });

/** What `PUT` says of a list: all of its settings, and what changes of single SKUs. */
export const PriceListInput = z
  .strictObject({
    name: z
      .string()
      .overwrite(plainLine)
      .min(1)
      .max(120)
      .refine(...noCardNumber),
    currency: MoneyCurrency,
    rates: z.record(z.string(), Rate).default({}).openapi({
      type: 'object',
      description: 'How much of the list’s currency one unit of a product’s currency is.',
    }),
    markup: Markup.nullable().default(null),
    rounding: Rounding.nullable().default(null),
    minimumQuantity: Quantity.default(1),
    startsAt: At,
    endsAt: At,
    covers: z.enum(['all', 'listed']).default('all').openapi({
      description: '`listed`: only products that the list has a rule for.',
    }),
    exceptions: z
      .array(PriceListId)
      .max(MOST_EXCEPTIONS)
      .refine((ids) => new Set(ids).size === ids.length, 'names a list twice')
      .default([])
      .openapi({ description: 'Lists that win over this one while they are in force, the first one first.' }),
    items: z
      .array(Item)
      .max(400)
      .refine((items) => new Set(items.map(({ sku }) => sku)).size === items.length, 'names an SKU twice')
      .default([])
      .openapi({ description: 'Rules of single SKUs to set or remove. Those of other SKUs stay.' }),
  })
  .superRefine((list, ctx) => {
    const wrong = (path: string[], message: string): void => {
      ctx.addIssue({ code: 'custom', path, message });
    };
    if (list.startsAt !== null && list.endsAt !== null && list.startsAt >= list.endsAt) {
      wrong(['endsAt'], 'not after startsAt');
    }
    if (list.rounding !== null && endingOf(list.rounding, list.currency) === undefined) {
      wrong(['rounding', 'ending'], 'not with as many decimals as the currency has');
    }
    for (const code of Object.keys(list.rates)) {
      if (!isCurrency(code)) wrong(['rates'], 'not by currencies that people pay with');
    }
    if (Object.hasOwn(list.rates, list.currency))
      wrong(['rates', list.currency], 'is the list’s own currency');
  })
  .openapi({
    example: {
      name: 'Retailers in the euro area',
      currency: 'EUR',
      rates: { USD: '0.9217' },
      markup: { percent: '30' },
      rounding: { ending: '.99', direction: 'up' },
      minimumQuantity: 1,
      startsAt: null,
      endsAt: null,
      covers: 'all',
      exceptions: [],
      items: [{ sku: 'IPOD2008GREEN', markup: { fixed: 2500 } }],
    },
  });
export type PriceListInput = z.infer<typeof PriceListInput>;

export const PriceList = z
  .strictObject({
    id: z.string(),
    logId: idSchema('priceList').openapi({ description: 'How your log names it.' }),
    name: z.string(),
    currency: z.string(),
    rates: z.record(z.string(), z.string()),
    markup: MarkupShown.nullable(),
    rounding: z.strictObject({ ending: z.string(), direction: z.string() }).nullable(),
    minimumQuantity: Quantity,
    startsAt: Time.nullable(),
    endsAt: Time.nullable(),
    covers: z.enum(['all', 'listed']),
    exceptions: z.array(z.string()),
    createdAt: Time,
    updatedAt: Time,
  })
  .openapi('PriceList');
export const PriceListPage = page(PriceList).openapi('PriceListPage');

export const Import = z
  .strictObject({
    id: idSchema('import'),
    state: z.enum(['checking', 'applying', 'done', 'refused', 'failed']).openapi({
      description: '`refused`: nothing was applied. `failed`: on our side, after what `progress` says.',
    }),
    onError: z.enum(['refuse', 'skip']),
    bytes: Count,
    progress: z.strictObject({
      rows: Count.nullable().openapi({ description: '`null` until the file is read.' }),
      done: Count,
    }),
    created: Count,
    changed: Count,
    unchanged: Count,
    superseded: Count.openapi({
      description: 'Rows whose product was changed or removed after the file was sent. That stays.',
    }),
    refused: Count.openapi({ description: 'Rows that are no product.' }),
    problems: z
      .array(z.strictObject({ line: z.int().min(1), column: z.string().nullable(), message: z.string() }))
      .openapi({ description: 'The first 200.' }),
    createdAt: Time,
    updatedAt: Time,
    finishedAt: Time.nullable(),
  })
  .openapi('Import', {
    example: {
      ...{ id: 'imp_9x2z5b8d1g4j7n0r3t6w9y2a5e', state: 'refused', onError: 'refuse', bytes: 51_200 },
      ...{ progress: { rows: 500, done: 0 }, created: 0, changed: 0, unchanged: 0 },
      ...{ superseded: 0, refused: 1 },
      problems: [{ line: 17, column: 'price', message: 'not a price in its currency, such as 19.90' }],
      ...{ createdAt: '2026-11-24T09:00:00.000Z', updatedAt: '2026-11-24T09:00:01.000Z' },
      finishedAt: '2026-11-24T09:00:01.000Z',
    },
  });
export const ImportPage = page(Import).openapi('ImportPage');

const Sold = z.strictObject({
  sku: z.string(),
  ...SHOWN,
  currency: z.string(),
  prices: z
    .array(z.strictObject({ minimumQuantity: Quantity, unitPrice: Amount }))
    .min(1)
    .openapi({ description: 'What one piece costs, from how many on.' }),
  available: Count.nullable().optional().openapi({
    description:
      'With `stock=true`: what there is now; `null`: the partner does not count it, or does not share it.',
  }),
  changedAt: Time.nullable(),
});
const Removed = z.strictObject({ sku: z.string(), removed: z.literal(true) });

export const PartnerCatalogue = z
  .strictObject({
    data: z.array(z.union([Sold, Removed])),
    next: z.string().nullable(),
    changes: z.string().openapi({
      description: 'The one of the last page goes into `after` later, and gives what has changed since.',
    }),
    whole: z.boolean().openapi({
      description:
        'Whether this is a walk through everything, begun without `after` or because prices may all have changed: ' +
        'what it does not name is not sold.',
    }),
  })
  .openapi('PartnerCatalogue');
