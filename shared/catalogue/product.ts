import { Timestamp } from '@google-cloud/firestore';
import { z } from 'zod';
import { PriceRule } from './price-list.ts';

/**
 * `companies/{companyId}/products/{sku}`: one SKU. Products that share a `group` are variants of one another and tell
 * themselves apart by `options`. What is absent is as it is by default.
 */
export const StoredProduct = z.object({
  sku: z.string(),
  title: z.string(),
  /** Minor units. */
  price: z.int(),
  currency: z.string(),
  active: z.boolean(),
  group: z.string().nullable().default(null),
  options: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
  /** Clean HTML. */
  description: z.string().default(''),
  images: z.array(z.string()).default([]),
  barcode: z.string().nullable().default(null),
  /** What price lists say of this SKU, by their ids. */
  rules: z.record(z.string(), PriceRule).default({}),
  /** The database's own time of the last change, by which partners follow. */
  changedAt: z.instanceof(Timestamp).optional(),
});
export type StoredProduct = z.infer<typeof StoredProduct>;
