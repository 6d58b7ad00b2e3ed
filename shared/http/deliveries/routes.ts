import { createRoute, z } from '@hono/zod-openapi';
import { DELIVERY_STATES } from '../../domain/delivery.ts';
import { idSchema } from '../../domain/ids.ts';
import { answer, body } from '../orders/route-parts.ts';
import { pageQuery } from '../paging.ts';
import { problemResponses, problemResponsesWithBody } from '../schemas.ts';
import { requires } from '../scope.ts';
import { Delivery, DeliveryPage, Endpoint, EndpointPage, MadeEndpoint, NewEndpoint } from './schemas.ts';

const tags = ['Deliveries'];

export const listDeliveriesRoute = createRoute({
  method: 'get',
  path: '/v1/deliveries',
  operationId: 'listDeliveries',
  tags,
  summary: 'List deliveries',
  description: 'What went out to your shops and endpoints, or is still to, the newest first.',
  ...requires('orders:read'),
  request: {
    query: z.strictObject({
      ...pageQuery,
      state: z.enum(DELIVERY_STATES).optional().openapi({ description: 'Only those in this state.' }),
      orderId: idSchema('order').optional().openapi({ description: 'Only those about this order.' }),
    }),
  },
  responses: { 200: answer(DeliveryPage, 'A page of deliveries.'), ...problemResponses() },
});

export const retryDeliveryRoute = createRoute({
  method: 'post',
  path: '/v1/deliveries/{id}/retry',
  operationId: 'retryDelivery',
  tags,
  summary: 'Send a delivery again',
  description:
    'One that was given up (`dead`) starts over. The shop is asked first whether it has it already.',
  ...requires('orders:write'),
  request: { params: z.strictObject({ id: idSchema('delivery') }) },
  responses: {
    200: answer(Delivery, 'The delivery, on its way again.'),
    ...problemResponses('NOT_FOUND', 'DELIVERY_NOT_DEAD'),
  },
});

export const deliveriesRoutes = [listDeliveriesRoute, retryDeliveryRoute];

export const listEndpointsRoute = createRoute({
  method: 'get',
  path: '/v1/endpoints',
  operationId: 'listEndpoints',
  tags,
  summary: 'List endpoints',
  description: 'Your own addresses that are told of events, the newest first. There are at most ten.',
  ...requires('endpoints:read'),
  responses: { 200: answer(EndpointPage, 'All endpoints.'), ...problemResponses() },
});

export const createEndpointRoute = createRoute({
  method: 'post',
  path: '/v1/endpoints',
  operationId: 'createEndpoint',
  tags,
  summary: 'Add an endpoint',
  description:
    'From half a minute later at the latest it is sent `{ type, timestamp, data }`, signed as Standard Webhooks says (`webhook-id`, `webhook-timestamp`, `webhook-signature: v1,…`). `data` holds ids and the trade as it is when it is sent, nothing of the consumer and no tracking numbers. Each event comes at least once, with the same `webhook-id`; those about one order come in order. Answer 2xx within 15 seconds; anything else is tried again for a day and a half, and 410 ends it.',
  ...requires('endpoints:write'),
  request: { body: body(NewEndpoint) },
  responses: {
    201: answer(MadeEndpoint, 'The endpoint, with its secret.'),
    ...problemResponsesWithBody('CONFLICT'),
  },
});

export const deleteEndpointRoute = createRoute({
  method: 'delete',
  path: '/v1/endpoints/{id}',
  operationId: 'deleteEndpoint',
  tags,
  summary: 'Remove an endpoint',
  description: 'It is told nothing any more, also not what is on its way.',
  ...requires('endpoints:write'),
  request: { params: z.strictObject({ id: idSchema('endpoint') }) },
  responses: {
    204: { description: 'It is removed.', headers: answer(Endpoint, '').headers },
    ...problemResponses('NOT_FOUND'),
  },
});

export const endpointsRoutes = [listEndpointsRoute, createEndpointRoute, deleteEndpointRoute];
