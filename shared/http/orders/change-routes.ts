import { createRoute, z } from '@hono/zod-openapi';
import { idSchema } from '../../domain/ids.ts';
import { OrderInput } from '../../domain/order-data.ts';
import { problemResponsesWithBody } from '../schemas.ts';
import { requires } from '../scope.ts';
import { ShipmentInput, TrackingInput } from './requests.ts';
import { answer, body, idempotencyKey, ifMatch, orderPath } from './route-parts.ts';
import { LineQuantities, MadeFulfilment, OrderSummary } from './schemas.ts';

const tags = ['Orders'];
const write = requires('orders:write');

export const createOrderRoute = createRoute({
  method: 'post',
  path: '/v1/orders',
  operationId: 'createOrder',
  tags,
  summary: 'Create an order',
  description: 'For systems without a shop. An external id makes one order: using it again is refused.',
  ...write,
  request: {
    headers: idempotencyKey,
    body: body(
      z.strictObject(OrderInput.shape).openapi({
        example: {
          externalId: '2026-000017',
          code: '2026-000017',
          currency: 'USD',
          lines: [{ sku: 'IPOD2008GREEN', title: 'iPod Nano 8 GB, green', quantity: 1, unitPrice: 19900 }],
          totals: { items: 19900, shipping: 1000, tax: 1194, discount: 0, total: 22094 },
          shipTo: {
            firstName: 'First',
            lastName: 'Last',
            streetAddress: '123 Shipping Street\nShippington',
            postalCode: '40003',
            region: 'Kentucky',
            country: 'US',
          },
        },
      }),
    ),
  },
  responses: {
    201: answer(OrderSummary, 'The order.', {
      Location: { description: 'Where to read it.', schema: { type: 'string' } },
    }),
    ...problemResponsesWithBody('ORDER_EXISTS', 'ORDER_ERASED', 'COMPANY_CLOSING', 'IDEMPOTENCY_MISMATCH'),
  },
});

export const correctAddressRoute = createRoute({
  method: 'patch',
  path: '/v1/orders/{id}',
  operationId: 'correctAddress',
  tags,
  summary: 'Correct an address',
  description: 'As long as nothing was shipped. Partners see the new address, and that it changed.',
  ...write,
  request: {
    params: orderPath,
    headers: ifMatch,
    body: body(z.strictObject({ shipTo: OrderInput.shape.shipTo })),
  },
  responses: {
    200: answer(OrderSummary, 'The order.'),
    ...problemResponsesWithBody('NOT_FOUND', 'CONFLICT', 'ORDER_ERASED', 'PRECONDITION_FAILED'),
  },
});

export const fulfilRoute = createRoute({
  method: 'post',
  path: '/v1/orders/{id}/fulfilments',
  operationId: 'fulfilOrder',
  tags,
  summary: 'Tell that lines were shipped',
  description: "Without `lines`: all that is yours to ship. It shows on the retailer's order at once.",
  ...write,
  request: {
    params: orderPath,
    headers: ifMatch.extend(idempotencyKey.shape),
    body: body(
      ShipmentInput.openapi({ example: { carrier: 'ups', trackingNumbers: ['1Z1234512345123456'] } }),
      false,
    ),
  },
  responses: {
    201: answer(MadeFulfilment, 'The shipment, and the order as it is now.'),
    ...problemResponsesWithBody(
      'NOT_FOUND',
      'CONFLICT',
      'QUANTITY_EXCEEDED',
      'ORDER_ERASED',
      'PRECONDITION_FAILED',
      'IDEMPOTENCY_MISMATCH',
    ),
  },
});

export const correctFulfilmentRoute = createRoute({
  method: 'patch',
  path: '/v1/orders/{id}/fulfilments/{fulfilmentId}',
  operationId: 'correctFulfilment',
  tags,
  summary: 'Correct carrier and tracking',
  description: 'Of a shipment of your own. What is not given stays.',
  ...write,
  request: {
    params: orderPath.extend({ fulfilmentId: idSchema('fulfilment') }),
    headers: ifMatch,
    body: body(TrackingInput),
  },
  responses: {
    200: answer(OrderSummary, 'The order.'),
    ...problemResponsesWithBody('NOT_FOUND', 'CONFLICT', 'ORDER_ERASED', 'PRECONDITION_FAILED'),
  },
});

const actionProblems = problemResponsesWithBody(
  'NOT_FOUND',
  'CONFLICT',
  'QUANTITY_EXCEEDED',
  'ORDER_ERASED',
  'PRECONDITION_FAILED',
);
const someLines = body(z.strictObject({ lines: LineQuantities.optional() }), false);

/** An action on one order: `POST /v1/orders/{id}/{name}`. */
function action<const N extends string, const R extends object>(
  name: N,
  texts: { operationId: string; summary: string; description: string },
  request: R,
) {
  return {
    method: 'post' as const,
    path: `/v1/orders/{id}/${name}` as const,
    tags,
    ...texts,
    ...write,
    request: { params: orderPath, headers: ifMatch, ...request },
    responses: { 200: answer(OrderSummary, 'The order.'), ...actionProblems },
  };
}

export const cancelRoute = createRoute(
  action(
    'cancel',
    {
      operationId: 'cancelOrder',
      summary: 'Cancel what was not shipped',
      description: 'All of it, or some lines. Partners are told at once.',
    },
    { body: someLines },
  ),
);

export const declineRoute = createRoute(
  action(
    'decline',
    {
      operationId: 'declineOrder',
      summary: 'Decline lines of a supply order',
      description: 'They go back to the retailer. Without `lines`: all that was not shipped.',
    },
    {
      body: body(
        z.strictObject({
          lines: z
            .array(z.strictObject({ lineId: idSchema('line') }))
            .min(1)
            .max(500)
            .optional(),
        }),
        false,
      ),
    },
  ),
);

export const returnRoute = createRoute(
  action(
    'returns',
    {
      operationId: 'returnLines',
      summary: 'Note what came back',
      description:
        'Of what was shipped. It shows on both sides. What a retailer notes of what its partner shipped is charged until ' +
        'the partner notes it too, which confirms it and counts nothing twice, or refunds it.',
    },
    { body: body(z.strictObject({ lines: LineQuantities })) },
  ),
);

export const archiveRoute = createRoute({
  ...action(
    'archive',
    {
      operationId: 'archiveOrder',
      summary: 'Archive an ended order',
      description: 'Only an archived order can be deleted.',
    },
    {},
  ),
  responses: {
    200: answer(OrderSummary, 'The order.'),
    ...problemResponsesWithBody('NOT_FOUND', 'ORDER_NOT_ENDED', 'ORDER_ERASED', 'PRECONDITION_FAILED'),
  },
});

export const routeAgainRoute = createRoute({
  ...action(
    'route',
    {
      operationId: 'routeOrder',
      summary: 'Offer what nobody supplies to partners again',
      description:
        'For lines whose partner was paused when the order came, or that a new partner sells. Whoever gave a line back ' +
        'is not asked for it again. `CONFLICT` where every line that is left has a supplier.',
    },
    {},
  ),
  responses: {
    200: answer(OrderSummary, 'The order.'),
    ...problemResponsesWithBody('NOT_FOUND', 'CONFLICT', 'ORDER_ERASED', 'PRECONDITION_FAILED'),
  },
});

export const retryRoute = createRoute({
  ...action(
    'retry',
    {
      operationId: 'retryOrder',
      summary: 'Set a held order going again',
      description: '`held` says why it stopped.',
    },
    {},
  ),
  responses: {
    200: answer(OrderSummary, 'The order.'),
    ...problemResponsesWithBody(
      'NOT_FOUND',
      'CONFLICT',
      'ORDER_NOT_HELD',
      'ORDER_ERASED',
      'PRECONDITION_FAILED',
    ),
  },
});
