import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Egress } from '../cloud/egress.ts';
import { AppError } from '../domain/errors.ts';
import type { Clock } from '../domain/time.ts';
import { askShop } from './ask-shop.ts';

/** Our app at Shopify, which merchants install. Its secret signs for every shop that has. */
export interface ShopifyApp {
  clientId: string;
  /** The newest first; after a rotation Shopify signs with the one before for up to an hour. */
  secrets: string[];
}

/** What we ask a merchant for: orders to take in, shipments and stock to give back. */
export const SHOPIFY_SCOPES = [
  'read_orders',
  'write_orders',
  'read_products',
  'read_inventory',
  'write_inventory',
  'read_merchant_managed_fulfillment_orders',
  'write_merchant_managed_fulfillment_orders',
] as const;

const Environment = z.object({
  SHOPIFY_CLIENT_ID: z.string().min(1).optional(),
  SHOPIFY_CLIENT_SECRETS: z.string().min(1).optional(),
});

/** From `SHOPIFY_CLIENT_ID` and `SHOPIFY_CLIENT_SECRETS` (commas between); `undefined` for a hub without such an app. */
export function openShopifyApp(env: NodeJS.ProcessEnv): ShopifyApp | undefined {
  const { SHOPIFY_CLIENT_ID: clientId, SHOPIFY_CLIENT_SECRETS: secrets } = Environment.parse(env);
  if (clientId === undefined && secrets === undefined) return undefined;
  if (clientId === undefined || secrets === undefined) {
    throw new Error('SHOPIFY_CLIENT_ID and SHOPIFY_CLIENT_SECRETS belong together.');
  }
  return { clientId, secrets: secrets.split(',').filter((secret) => secret !== '') };
}

/** Where a merchant agrees: https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant */
export function authorizeUrl(app: ShopifyApp, shop: string, state: string, callback: string): string {
  const query = new URLSearchParams({
    client_id: app.clientId,
    scope: SHOPIFY_SCOPES.join(','),
    redirect_uri: callback,
    state,
  });
  return `https://${shop}/admin/oauth/authorize?${query.toString()}`;
}

/** A minute-old link is one that was followed just now; an hour is what a slow browser may take. */
const FRESH_SECONDS = 3600;
const HEX = /^[0-9a-f]{64}$/;

/**
 * What a merchant's browser brings back. `BAD_REQUEST` unless Shopify signed exactly this query: every parameter
 * but `hmac`, sorted by name and encoded again, with HMAC-SHA256 in hex.
 */
export function verifyCallback(query: URLSearchParams, app: ShopifyApp, now: Clock): void {
  const given = query.get('hmac') ?? '';
  const names = [...query.keys()];
  const signed = new URLSearchParams([...query].filter(([name]) => name !== 'hmac'));
  signed.sort();
  const message = signed.toString();
  const wellFormed = HEX.test(given) && new Set(names).size === names.length;
  const digest = wellFormed ? Buffer.from(given, 'hex') : Buffer.alloc(32);
  let valid = false;
  for (const secret of app.secrets) {
    if (timingSafeEqual(createHmac('sha256', secret).update(message).digest(), digest)) valid = true;
  }
  const age = Math.abs(now() / 1000 - Number(query.get('timestamp')));
  if (!valid || !wellFormed || !(age <= FRESH_SECONDS)) {
    throw new AppError('BAD_REQUEST', 'the query is not signed by Shopify, or not lately');
  }
}

const Token = z.object({ access_token: z.string().min(1).max(500), scope: z.string().max(2000) });

/** Exchanges the code for the shop's token; `SHOP_REFUSED` for a code that Shopify does not know. */
export async function exchangeCode(
  app: ShopifyApp,
  { shop, code }: { shop: string; code: string },
  deps: { egress: Egress; now: Clock },
): Promise<{ token: string; scopes: string[] }> {
  const body = { client_id: app.clientId, client_secret: app.secrets[0], code };
  const url = `https://${shop}/admin/oauth/access_token`;
  const call = { method: 'POST', url, headers: {}, body, budget: `shopify/${shop}` } as const;
  const answer = Token.safeParse(await askShop(deps, call));
  if (!answer.success) throw new AppError('SHOP_REFUSED');
  return { token: answer.data.access_token, scopes: answer.data.scope.split(',') };
}
