import { z } from '@hono/zod-openapi';
import { ProductSku } from '../../catalogue/product.ts';
import { MAIN_PLACE, OnHand, Place } from '../../domain/stock.ts';

const Count = z.int().min(0);

export const StockInput = z
  .strictObject({
    stock: z
      .array(
        z.strictObject({
          sku: ProductSku,
          place: Place.default(MAIN_PLACE),
          onHand: OnHand.clone().openapi({ description: 'As it is counted now, promised or not.' }),
        }),
      )
      .min(1)
      .max(100)
      .superRefine((rows, ctx) => {
        const seen = new Set<string>();
        for (const [place, row] of rows.entries()) {
          const key = JSON.stringify([row.sku, row.place]);
          if (seen.has(key))
            ctx.addIssue({ code: 'custom', path: [place], message: 'is in the request twice' });
          seen.add(key);
        }
      }),
  })
  .openapi({ example: { stock: [{ sku: 'IPOD2008GREEN', place: 'Rotterdam', onHand: 150 }] } });

const EXAMPLE = {
  sku: 'IPOD2008GREEN',
  places: [{ place: 'Rotterdam', onHand: 150 }],
  onHand: 150,
  reserved: 12,
  available: 138,
  backordered: 0,
  updatedAt: '2026-11-23T09:00:00.000Z',
};

export const Stock = z
  .strictObject({
    sku: z.string(),
    places: z.array(z.strictObject({ place: z.string(), onHand: Count })),
    onHand: Count.openapi({ description: 'In all places, what was not shipped yet.' }),
    reserved: Count.openapi({ description: 'Promised to lines of orders that were not shipped yet.' }),
    available: Count.openapi({ description: 'On hand and promised to nobody.' }),
    backordered: Count.openapi({ description: 'How many lines wait for more.' }),
    updatedAt: z.iso.datetime(),
  })
  .openapi('Stock', { example: EXAMPLE });

export const StockPage = z
  .strictObject({ data: z.array(Stock), next: z.string().nullable() })
  .openapi('StockPage', { example: { data: [EXAMPLE], next: null } });
