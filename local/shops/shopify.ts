import { createHmac, randomUUID } from 'node:crypto';

/** The version of the API and of the webhooks; a shop knows no other here. */
export const SHOPIFY_VERSION = '2026-07';

/** A delivery as Shopify makes it. `body` is sent byte for byte; `shop` is the shop's `….myshopify.com` name. */
export interface ShopifyDelivery {
  url: string;
  secret: string;
  shop: string;
  topic: string;
  body: string | Buffer;
  /** When it came to be, in milliseconds since the epoch; now, unless it is told late. */
  at?: number;
  fetch?: typeof fetch;
}

/** Signs and sends a webhook with all the headers that Shopify sends, none of which it signs. */
export async function sendShopifyOrder(delivery: ShopifyDelivery): Promise<Response> {
  const { url, body } = delivery;
  return await (delivery.fetch ?? fetch)(url, {
    method: 'POST',
    headers: shopifyHeaders(delivery),
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
}

/** The headers of a delivery, for those who send it by themselves. */
export function shopifyHeaders(delivery: Omit<ShopifyDelivery, 'url' | 'fetch'>): Record<string, string> {
  return {
    'Content-Type': 'application/json',
    'User-Agent': 'Shopify-Captain-Hook',
    'X-Shopify-API-Version': SHOPIFY_VERSION,
    'X-Shopify-Event-Id': randomUUID(),
    'X-Shopify-Hmac-SHA256': createHmac('sha256', delivery.secret).update(delivery.body).digest('base64'),
    'X-Shopify-Shop-Domain': delivery.shop,
    'X-Shopify-Topic': delivery.topic,
    'X-Shopify-Triggered-At': new Date(delivery.at ?? Date.now()).toISOString(),
    'X-Shopify-Webhook-Id': randomUUID(),
  };
}
