import { createRoute, z } from '@hono/zod-openapi';
import { Sku } from '../../domain/order.ts';
import { answer, body } from '../orders/route-parts.ts';
import { pageQuery } from '../paging.ts';
import { problemResponses, problemResponsesWithBody } from '../schemas.ts';
import { requires } from '../scope.ts';
import { StockInput, StockPage } from './schemas.ts';

const tags = ['Stock'];

export const listStockRoute = createRoute({
  method: 'get',
  path: '/v1/stock',
  operationId: 'listStock',
  tags,
  summary: 'List your stock',
  description: 'By SKU. What is not in it is not tracked: orders of it are never backordered.',
  ...requires('catalogue:read'),
  request: { query: z.strictObject({ ...pageQuery, sku: Sku.optional() }) },
  responses: { 200: answer(StockPage, 'A page of your stock.'), ...problemResponses() },
});

export const setStockRoute = createRoute({
  method: 'put',
  path: '/v1/stock',
  operationId: 'setStock',
  tags,
  summary: 'Say what you have',
  description:
    'Up to 100 counts, each of one SKU in one place; all are taken, or none. From the first one on a SKU is tracked: ' +
    'lines of orders reserve it, and shipping takes them off; lines that were ordered before are not among them, so count ' +
    'without what they take. More of it goes to the lines that wait longest; when there ' +
    'is less than was promised, the lines that were promised last are backordered again.',
  ...requires('catalogue:write'),
  request: { body: body(StockInput) },
  responses: {
    200: answer(StockPage, 'The SKUs of the request as they are now.'),
    ...problemResponsesWithBody(),
  },
});

/** Every route of stock as it is declared, for the OpenAPI document. */
export const stockRoutes = [listStockRoute, setStockRoute];
