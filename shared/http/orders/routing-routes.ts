import { createRoute, z } from '@hono/zod-openapi';
import { RoutingOrder } from '../../domain/routing.ts';
import { problemResponses, problemResponsesWithBody } from '../schemas.ts';
import { requires } from '../scope.ts';
import { answer, body } from './route-parts.ts';

const tags = ['Orders'];

const Routing = z
  .strictObject({
    order: RoutingOrder.clone().openapi({
      description:
        'What decides among partners that sell a SKU, the first counts most: your `preference` of a partner (lower ' +
        'first), its `price`, whether it has enough in `stock`. Whoever was connected first wins a tie.',
    }),
  })
  .openapi('Routing', { example: { order: ['stock', 'preference', 'price'] } });

export const readRoutingRoute = createRoute({
  method: 'get',
  path: '/v1/routing',
  operationId: 'readRouting',
  tags,
  summary: 'See how lines find their partner',
  description: 'Until you set it, it is `preference`, `price`, `stock`.',
  ...requires('orders:read'),
  responses: { 200: answer(Routing, 'What decides.'), ...problemResponses() },
});

export const setRoutingRoute = createRoute({
  method: 'put',
  path: '/v1/routing',
  operationId: 'setRouting',
  tags,
  summary: 'Say how lines find their partner',
  description: 'It counts for what is routed from then on. `POST /v1/orders/preview` shows what it comes to.',
  ...requires('orders:write'),
  request: { body: body(Routing) },
  responses: { 200: answer(Routing, 'What decides.'), ...problemResponsesWithBody('NOT_FOUND') },
});
