import { z } from 'zod';
import type { Egress } from '../cloud/egress.ts';
import { DeliveryError } from '../domain/delivery-error.ts';
import { callShop } from './call-shop.ts';

/** A shop that has installed the app, with the token that it was given for it. */
export interface ShopifyShop {
  shop: string;
  token: string;
}

/** The version of the Admin API that all calls and webhooks are made in: https://shopify.dev/docs/api/admin-graphql */
export const SHOPIFY_VERSION = '2026-07';

const Cost = z.object({
  requestedQueryCost: z.number(),
  throttleStatus: z.object({ currentlyAvailable: z.number(), restoreRate: z.number().positive() }),
});
const Answer = z.object({
  // Absent where the whole query failed, as it does for want of a full bucket.
  data: z.unknown().optional(),
  errors: z.array(z.object({ extensions: z.object({ code: z.string() }).nullish() })).nullish(),
  extensions: z.object({ cost: Cost.nullish() }).nullish(),
});

/**
 * One call of the GraphQL Admin API, failing as `callShop`. A bucket that is empty comes as a success with an error in
 * it; the next call waits until it holds enough. https://shopify.dev/docs/api/usage/limits#graphql-admin-api-rate-limits
 */
export async function callShopify<S extends z.ZodType>(
  egress: Egress,
  { shop, token }: ShopifyShop,
  asked: { query: string; variables: object; answer: S },
): Promise<z.infer<S>> {
  const budget = `shopify/${shop}`;
  const answer = await callShop(egress, {
    method: 'POST',
    url: `https://${shop}/admin/api/${SHOPIFY_VERSION}/graphql.json`,
    headers: { 'X-Shopify-Access-Token': token },
    body: { query: asked.query, variables: asked.variables },
    budget,
    answer: Answer,
  });
  const codes = (answer.errors ?? []).map((error) => error.extensions?.code);
  const wait = missing(answer.extensions?.cost ?? undefined);
  const throttled = codes.includes('THROTTLED');
  const retryAt =
    wait > 0 || throttled ? egress.pause(budget, Math.max(wait, throttled ? 1000 : 0)) : undefined;
  if (throttled) throw new DeliveryError('RATE_LIMITED', { retryAt });
  if (codes.includes('ACCESS_DENIED')) throw new DeliveryError('REFUSED_CREDENTIALS');
  if (codes.length > 0)
    throw new DeliveryError(codes[0] === 'INTERNAL_SERVER_ERROR' ? 'UNAVAILABLE' : 'REFUSED');
  const read = asked.answer.safeParse(answer.data);
  if (!read.success) throw new DeliveryError('BAD_ANSWER');
  return read.data;
}

/** Milliseconds until the bucket holds as much again as the last query asked for. */
function missing(cost: z.infer<typeof Cost> | undefined): number {
  if (cost === undefined) return 0;
  const { currentlyAvailable, restoreRate } = cost.throttleStatus;
  return (Math.max(0, cost.requestedQueryCost - currentlyAvailable) / restoreRate) * 1000;
}
