import { Timestamp } from '@google-cloud/firestore';
import { z } from 'zod';
import { PriceRule } from './price-list.ts';

/**
 * `companies/{companyId}/products/{sku}`: one SKU. What a document lacks is as it is by default. A product that was
 * removed leaves a tombstone without a SKU (`RemovedProduct`), so that partners learn of it.
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
  /** What price lists say of this SKU, by their ids; and those ids, to be found by. */
  rules: z.record(z.string(), PriceRule).default({}),
  lists: z.array(z.string()).default([]),
  /** The database's own time of the last change, by which partners follow. */
  changedAt: z.instanceof(Timestamp).optional(),
  /** When what stands here was asked for: a row of a file that was sent before that changes nothing. */
  askedAt: z.string().optional(),
});
export type StoredProduct = z.infer<typeof StoredProduct>;

/** What stands in place of a product for `TOMBSTONE_MS`. */
export interface RemovedProduct {
  active: false;
  askedAt: string;
  expireAt: Timestamp;
}

/** How long partners can learn that a product was removed: 90 days. Who comes later starts anew. */
export const TOMBSTONE_MS = 90 * 24 * 60 * 60_000;

/** The SKU that a document's id is made of. */
export function skuOf(documentId: string): string {
  return Buffer.from(documentId, 'base64url').toString('utf8');
}
