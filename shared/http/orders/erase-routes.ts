import { createRoute, z } from '@hono/zod-openapi';
import { idSchema } from '../../domain/ids.ts';
import { pageQuery } from '../paging.ts';
import { problemResponses, problemResponsesWithBody } from '../schemas.ts';
import { requires } from '../scope.ts';
import { answer, ifMatch, orderPath } from './route-parts.ts';
import { ArchivedErasure, Erasure, ErasurePage } from './schemas.ts';

const tags = ['Erasures'];

export const deleteOrderRoute = createRoute({
  method: 'delete',
  path: '/v1/orders/{id}',
  operationId: 'deleteOrder',
  tags,
  summary: 'Delete an archived order for good',
  description:
    'Of an order of your own the key is destroyed: nobody can open the address any more. Of an order that a partner ' +
    'sent, only what you can open is taken away.',
  ...requires('orders:erase'),
  request: { params: orderPath, headers: ifMatch },
  responses: {
    202: answer(Erasure, 'The erasure, under way.'),
    ...problemResponses('NOT_FOUND', 'ORDER_NOT_ARCHIVED', 'ORDER_ERASED', 'PRECONDITION_FAILED'),
  },
});

export const eraseArchivedRoute = createRoute({
  method: 'post',
  path: '/v1/orders/erase-archived',
  operationId: 'eraseArchived',
  tags,
  summary: 'Delete all archived orders for good',
  description: 'Up to 500 at once; `more` says that others are left.',
  ...requires('orders:erase'),
  responses: {
    202: answer(ArchivedErasure, 'The erasure, under way.'),
    204: { description: 'No order is archived.' },
    ...problemResponsesWithBody(),
  },
});

export const listErasuresRoute = createRoute({
  method: 'get',
  path: '/v1/erasures',
  operationId: 'listErasures',
  tags,
  summary: 'List erasures',
  description: 'The newest first.',
  ...requires('orders:read'),
  request: { query: z.strictObject(pageQuery) },
  responses: { 200: answer(ErasurePage, 'A page of erasures.'), ...problemResponses() },
});

export const readErasureRoute = createRoute({
  method: 'get',
  path: '/v1/erasures/{id}',
  operationId: 'readErasure',
  tags,
  summary: 'Read an erasure and its certificate',
  description:
    'The certificate is there once the keys are destroyed; after the horizon a second one replaces it.',
  ...requires('orders:read'),
  request: { params: z.strictObject({ id: idSchema('erasure') }) },
  responses: { 200: answer(Erasure, 'The erasure.'), ...problemResponses('NOT_FOUND') },
});
