import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import { askShop } from './ask-shop.ts';
import type { ShopDeps } from './shop-orders.ts';

/** A shop that has installed the app, with the token that it was given for it. */
export interface ShopifyShop {
  shop: string;
  token: string;
}

/** The version of the Admin API that all calls and webhooks are made in. */
export const SHOPIFY_VERSION = '2026-07';

const Answer = z.object({
  data: z.unknown(),
  errors: z.array(z.object({ extensions: z.object({ code: z.string() }).nullish() })).nullish(),
  extensions: z
    .object({
      cost: z
        .object({
          requestedQueryCost: z.number().nullish(),
          throttleStatus: z.object({ currentlyAvailable: z.number(), restoreRate: z.number() }).nullish(),
        })
        .nullish(),
    })
    .nullish(),
});

/**
 * One call of the GraphQL Admin API. An empty cost bucket comes as a success that holds an error: it is
 * `SHOP_UNAVAILABLE` with the seconds until the bucket holds enough.
 * https://shopify.dev/docs/api/usage/limits#graphql-admin-api-rate-limits
 */
export async function askShopify<S extends z.ZodType>(
  { shop, token }: ShopifyShop,
  asked: { query: string; variables?: Record<string, unknown>; answer: S },
  deps: ShopDeps,
): Promise<z.infer<S>> {
  const answer = await askShop(deps.egress, deps, {
    method: 'POST',
    url: `https://${shop}/admin/api/${SHOPIFY_VERSION}/graphql.json`,
    headers: { 'x-shopify-access-token': token },
    body: { query: asked.query, variables: asked.variables ?? {} },
  });
  // A shop that was closed or has changed its name has no such page.
  if (answer === undefined) throw new AppError('SHOP_REFUSED');
  const read = Answer.safeParse(answer);
  if (!read.success) throw unusable();
  const code = read.data.errors?.[0]?.extensions?.code;
  if (code === 'ACCESS_DENIED') throw new AppError('SHOP_REFUSED');
  if (code === 'THROTTLED') {
    const wait = secondsToWait(read.data.extensions?.cost);
    deps.egress.pause(shop, wait * 1000);
    throw new AppError('SHOP_UNAVAILABLE', 'the shop asks us to wait', { retryAfter: wait });
  }
  if ((read.data.errors ?? []).length > 0) throw unusable();
  const data = asked.answer.safeParse(read.data.data);
  if (!data.success) throw unusable();
  return data.data;
}

function unusable(): AppError {
  return new AppError('SHOP_UNAVAILABLE', 'the shop answers what can not be used');
}

type Cost = NonNullable<z.infer<typeof Answer>['extensions']>['cost'];

function secondsToWait(cost: Cost): number {
  const { currentlyAvailable = 0, restoreRate = 50 } = cost?.throttleStatus ?? {};
  const missing = Math.max(0, (cost?.requestedQueryCost ?? 100) - currentlyAvailable);
  return Math.max(1, Math.ceil(missing / Math.max(1, restoreRate)));
}
