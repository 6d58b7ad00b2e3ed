import { createRoute, z } from '@hono/zod-openapi';
import { idSchema } from '../../domain/ids.ts';
import { OrderedSku, PaidCurrency } from '../../domain/order-data.ts';
import { OrderState, Quantity } from '../../domain/order.ts';
import { Instant } from '../../domain/order-data.ts';
import { pageQuery } from '../paging.ts';
import { problemResponses, problemResponsesWithBody } from '../schemas.ts';
import { requires } from '../scope.ts';
import { answer, body, orderPath } from './route-parts.ts';
import { Order, OrderPage, Preview } from './schemas.ts';

const tags = ['Orders'];

export const listOrdersRoute = createRoute({
  method: 'get',
  path: '/v1/orders',
  operationId: 'listOrders',
  tags,
  summary: 'List orders',
  description:
    'The newest first; with `updatedAfter` the oldest change first, for keeping a copy. Addresses, titles that no ' +
    'catalogue has and tracking are left out: they show on the single read.',
  ...requires('orders:read'),
  request: {
    query: z.strictObject({
      ...pageQuery,
      state: OrderState.optional(),
      partner: idSchema('partner').optional(),
      archived: z.enum(['true', 'false']).optional(),
      updatedAfter: Instant.optional(),
      code: z.string().min(1).max(40).optional(),
    }),
  },
  responses: { 200: answer(OrderPage, 'A page of orders.'), ...problemResponses() },
});

export const readOrderRoute = createRoute({
  method: 'get',
  path: '/v1/orders/{id}',
  operationId: 'readOrder',
  tags,
  summary: 'Open one order',
  description: 'With the address. The opening is in your log before it is answered.',
  ...requires('orders:read'),
  request: { params: orderPath },
  responses: {
    200: answer(Order, 'The order.', {
      ETag: { description: 'The version of the order, for `If-Match`.', schema: { type: 'string' } },
    }),
    ...problemResponses('NOT_FOUND'),
  },
});

export const previewOrderRoute = createRoute({
  method: 'post',
  path: '/v1/orders/preview',
  operationId: 'previewOrder',
  tags,
  summary: 'See where an order would go',
  description: 'Which partner would get each line, and at what price. Nothing is stored.',
  ...requires('orders:read'),
  request: {
    body: body(
      z
        .strictObject({
          currency: PaidCurrency,
          lines: z
            .array(z.strictObject({ sku: OrderedSku, quantity: Quantity }))
            .min(1)
            .max(500),
        })
        .openapi({ example: { currency: 'USD', lines: [{ sku: 'IPOD2008GREEN', quantity: 2 }] } }),
    ),
  },
  responses: { 200: answer(Preview, 'Where it would go.'), ...problemResponsesWithBody() },
});
