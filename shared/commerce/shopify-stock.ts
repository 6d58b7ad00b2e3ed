import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { DeliveryError } from '../domain/delivery-error.ts';
import type { Ask } from './shopify-api.ts';

const FIND = `query ($query: String!) {
  productVariants(first: 10, query: $query) {
    nodes { id sku inventoryItem { id tracked inventoryLevels(first: 1) { nodes { location { id } } } } }
  }
}`;
/** Since 2026-04 the key is asked for, and what was there before: `null` says that it does not matter. */
const SET = `mutation ($input: InventorySetQuantitiesInput!, $key: String!) {
  set: inventorySetQuantities(input: $input) @idempotent(key: $key) { userErrors { field } }
}`;

const Found = z.object({
  productVariants: z.object({
    nodes: z.array(
      z.object({
        id: z.string(),
        sku: z.string().nullish(),
        inventoryItem: z.object({
          id: z.string(),
          tracked: z.boolean(),
          inventoryLevels: z.object({ nodes: z.array(z.object({ location: z.object({ id: z.string() }) })) }),
        }),
      }),
    ),
  }),
});
const Set = z.object({
  set: z.object({ userErrors: z.array(z.object({ field: z.array(z.string()).nullish() })) }),
});

/**
 * Says how many of a SKU can be sold, at the first place that the shop keeps it. `null` when it does not sell the SKU, or
 * does not count it. https://shopify.dev/docs/api/admin-graphql/2026-07/mutations/inventorySetQuantities
 */
export async function setShopifyStock(sku: string, available: number, ask: Ask): Promise<string | null> {
  const { productVariants } = await ask(FIND, { query: `sku:${quoted(sku)}` }, Found);
  // The search knows words and no case; what it finds is compared.
  const variant = productVariants.nodes.find((each) => each.sku === sku && each.inventoryItem.tracked);
  const place = variant?.inventoryItem.inventoryLevels.nodes[0];
  if (variant === undefined || place === undefined) return null;
  const quantity = {
    ...{ inventoryItemId: variant.inventoryItem.id, locationId: place.location.id },
    ...{ quantity: available, changeFromQuantity: null },
  };
  const input = { name: 'available', reason: 'correction', quantities: [quantity] };
  const { set } = await ask(SET, { input, key: randomUUID() }, Set);
  if (set.userErrors.length > 0) throw new DeliveryError('REFUSED');
  return variant.id;
}

/** A term of Shopify's search, in which quotes and backslashes are escaped. */
export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
