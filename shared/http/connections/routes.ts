import { createRoute, z } from '@hono/zod-openapi';
import { idSchema } from '../../domain/ids.ts';
import { answer, body, idempotencyKey } from '../orders/route-parts.ts';
import { pageQuery } from '../paging.ts';
import { problemResponses, problemResponsesWithBody } from '../schemas.ts';
import { requires } from '../scope.ts';
import {
  Connection,
  ConnectionChange,
  ConnectionPage,
  ImportInput,
  MadeConnection,
  NewConnection,
} from './schemas.ts';

const tags = ['Connections'];
const params = z.strictObject({ id: idSchema('connection') });

export const listConnectionsRoute = createRoute({
  method: 'get',
  path: '/v1/connections',
  operationId: 'listConnections',
  tags,
  summary: 'List your shops',
  description: 'The newest first.',
  ...requires('connections:read'),
  request: { query: z.strictObject(pageQuery) },
  responses: {
    200: {
      description: 'A page of connections.',
      content: { 'application/json': { schema: ConnectionPage } },
    },
    ...problemResponses(),
  },
});

export const connectRoute = createRoute({
  method: 'post',
  path: '/v1/connections',
  operationId: 'connectShop',
  tags,
  summary: 'Connect a shop',
  description:
    'WooCommerce and BigCommerce are asked at once whether they take the credentials; then we make the webhooks there. ' +
    'For Shopify open `authorizeUrl`. Any other sender signs with the `secret`, which is shown this once: a repeat of ' +
    'the request with the same idempotency key answers without it.\n\n' +
    'A shop has one connection, with the same id whenever it is made: one that is connected already is a `CONFLICT`, and ' +
    'one that comes back goes on where it was. At Shopify its merchant can agree anew, to other scopes for instance.',
  ...requires('connections:write'),
  request: { headers: idempotencyKey, body: body(NewConnection) },
  responses: {
    201: answer(MadeConnection, 'The connection.', {
      Location: { description: 'Where it is.', schema: { type: 'string' } },
    }),
    ...problemResponsesWithBody(
      'CONFLICT',
      'COMPANY_CLOSING',
      'SHOP_REFUSED',
      'SHOP_UNAVAILABLE',
      'IDEMPOTENCY_MISMATCH',
    ),
  },
});

/** Before the single read, whose path would take it. */
export const shopifyCallbackRoute = createRoute({
  method: 'get',
  path: '/v1/connections/shopify/callback',
  operationId: 'finishShopify',
  tags,
  summary: 'Where Shopify sends a merchant who has agreed',
  description:
    'The query is signed by Shopify, and its `state` is one that we gave out within the hour. It is taken from the very ' +
    'member or API key that began with `POST /v1/connections`, and from nobody else: what Shopify sends the browser to ' +
    'is called again with that credential.',
  ...requires('connections:write'),
  request: {
    query: z.object({
      code: z.string().max(500).optional(),
      hmac: z.string().max(100).optional(),
      shop: z.string().max(200).optional(),
      state: z.string().max(100).optional(),
      timestamp: z.string().max(20).optional(),
    }),
  },
  responses: {
    200: answer(Connection, 'The shop is connected.'),
    ...problemResponses('SHOP_REFUSED', 'SHOP_UNAVAILABLE'),
  },
});

export const readConnectionRoute = createRoute({
  method: 'get',
  path: '/v1/connections/{id}',
  operationId: 'readConnection',
  tags,
  summary: 'See how a shop is doing',
  ...requires('connections:read'),
  request: { params },
  responses: {
    200: { description: 'The connection.', content: { 'application/json': { schema: Connection } } },
    ...problemResponses('NOT_FOUND'),
  },
});

export const changeConnectionRoute = createRoute({
  method: 'patch',
  path: '/v1/connections/{id}',
  operationId: 'changeConnection',
  tags,
  summary: 'Rename a shop, or give it other credentials',
  description:
    'Only those of its platform. The shop is asked first whether it takes them. A client secret that is replaced is ' +
    'taken for 24 hours longer.',
  ...requires('connections:write'),
  request: { params, body: body(ConnectionChange) },
  responses: {
    200: answer(Connection, 'The connection as it is now.'),
    ...problemResponsesWithBody('NOT_FOUND', 'CONFLICT', 'SHOP_REFUSED', 'SHOP_UNAVAILABLE'),
  },
});

export const rotateConnectionRoute = createRoute({
  method: 'post',
  path: '/v1/connections/{id}/rotate',
  operationId: 'rotateConnection',
  tags,
  summary: 'Replace the secret of a shop’s webhooks',
  description:
    'The one before is taken for 24 hours longer. `CONFLICT` for Shopify and BigCommerce, whose own secret signs.',
  ...requires('connections:write'),
  request: { params },
  responses: {
    200: answer(MadeConnection, 'The connection, with the new secret of a Standard Webhooks sender.'),
    ...problemResponsesWithBody('NOT_FOUND', 'CONFLICT', 'SHOP_REFUSED', 'SHOP_UNAVAILABLE'),
  },
});

export const importProductsRoute = createRoute({
  method: 'post',
  path: '/v1/connections/{id}/import',
  operationId: 'importFromShop',
  tags,
  summary: 'Take over what a shop sells',
  description:
    'Its products with SKU, title, price and barcode go into your catalogue: all of them now, and from then on whatever ' +
    'changes. How far that is stands in `catalogue`. Needs `catalogue:write` too.',
  ...requires('connections:write'),
  request: { params, body: body(ImportInput) },
  responses: {
    202: answer(Connection, 'It has begun.'),
    ...problemResponsesWithBody('NOT_FOUND', 'CONFLICT'),
  },
});

export const removeConnectionRoute = createRoute({
  method: 'delete',
  path: '/v1/connections/{id}',
  operationId: 'removeConnection',
  tags,
  summary: 'Disconnect a shop',
  description: 'Its webhooks are removed there, as far as the shop lets us. Its orders stay.',
  ...requires('connections:write'),
  request: { params },
  responses: {
    204: { description: 'It is gone.', headers: answer(Connection, '').headers },
    ...problemResponses('NOT_FOUND'),
  },
});

export const connectionRoutes = [
  listConnectionsRoute,
  connectRoute,
  shopifyCallbackRoute,
  readConnectionRoute,
  changeConnectionRoute,
  rotateConnectionRoute,
  importProductsRoute,
  removeConnectionRoute,
];
