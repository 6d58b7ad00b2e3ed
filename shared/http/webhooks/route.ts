import { createRoute, z } from '@hono/zod-openapi';
import { idSchema } from '../../domain/ids.ts';
import { problemAnswers } from '../schemas.ts';

/** The declaration alone: the function answers without a router, since a platform waits five seconds in all. */
export const receiveWebhookRoute = createRoute({
  method: 'post',
  path: '/webhooks/{connectionId}',
  operationId: 'receiveWebhook',
  tags: ['Webhooks'],
  summary: 'Take an event of a commerce platform',
  description:
    'Shopify signs with `X-Shopify-Hmac-SHA256`, WooCommerce with `X-WC-Webhook-Signature`; BigCommerce and any other ' +
    'sender with the headers of Standard Webhooks (`v1`, `v1a`). ' +
    'The bytes are verified before anything reads them. A repeat is answered like the first delivery.',
  security: [],
  request: {
    params: z.strictObject({ connectionId: idSchema('connection') }),
    headers: z.object({
      'x-shopify-hmac-sha256': z.string().optional(),
      'webhook-id': z.string().optional(),
      'webhook-timestamp': z.string().optional(),
      'webhook-signature': z.string().optional(),
    }),
    body: {
      required: true,
      content: { 'application/json': { schema: z.object({}) } },
    },
  },
  responses: {
    200: { description: 'Taken, known already, or of no concern to us.' },
    ...problemAnswers(
      'BAD_REQUEST',
      'UNAUTHENTICATED',
      'COMPANY_CLOSING',
      'PAYLOAD_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
      'INTERNAL',
      'UNAVAILABLE',
    ),
  },
});

export const shopifyAppRoute = createRoute({
  method: 'post',
  path: '/webhooks/shopify',
  operationId: 'receiveShopifyPrivacy',
  tags: ['Webhooks'],
  summary: 'Take what Shopify asks for a consumer or a whole shop',
  description:
    '`customers/data_request`, `customers/redact` and `shop/redact`, signed with the app’s secret. The shop is found by ' +
    'its name in the body, after it took the app away too.',
  security: [],
  request: {
    headers: z.object({
      'x-shopify-hmac-sha256': z.string().optional(),
      'x-shopify-topic': z.string().optional(),
    }),
    body: { required: true, content: { 'application/json': { schema: z.object({}) } } },
  },
  responses: {
    200: { description: 'Written down, known already, or about a shop that we do not have.' },
    ...problemAnswers(
      'BAD_REQUEST',
      'UNAUTHENTICATED',
      'PAYLOAD_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
      'INTERNAL',
      'UNAVAILABLE',
    ),
  },
});

export const webhookRoutes = [receiveWebhookRoute, shopifyAppRoute];
