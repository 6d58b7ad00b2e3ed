import { createRoute, z } from '@hono/zod-openapi';
import { PriceListId } from '../../catalogue/price-list.ts';
import { answer, body, ifMatch } from '../orders/route-parts.ts';
import { pageQuery } from '../paging.ts';
import { problemResponses, problemResponsesWithBody } from '../schemas.ts';
import { requires } from '../scope.ts';
import { PriceList, PriceListInput, PriceListPage } from './schemas.ts';

const tags = ['Catalogue'];
const read = requires('catalogue:read');
const params = z.strictObject({
  // A copy: what was made before the OpenAPI extension of zod was loaded does not know it.
  id: PriceListId.clone().openapi({ description: 'A name of your own.', example: 'retail-eur' }),
});
const etag = { ETag: { description: 'The version, for `If-Match`.', schema: { type: 'string' } } };

export const listPriceListsRoute = createRoute({
  method: 'get',
  path: '/v1/price-lists',
  operationId: 'listPriceLists',
  tags,
  summary: 'List price lists',
  ...read,
  request: { query: z.strictObject(pageQuery) },
  responses: { 200: answer(PriceListPage, 'A page of price lists, by id.'), ...problemResponses() },
});

export const readPriceListRoute = createRoute({
  method: 'get',
  path: '/v1/price-lists/{id}',
  operationId: 'readPriceList',
  tags,
  summary: 'Read one price list',
  description: 'What it says of single SKUs shows on the products: `GET /v1/products?priceList={id}`.',
  ...read,
  request: { params },
  responses: { 200: answer(PriceList, 'The price list.', etag), ...problemResponses('NOT_FOUND') },
});

export const putPriceListRoute = createRoute({
  method: 'put',
  path: '/v1/price-lists/{id}',
  operationId: 'putPriceList',
  tags,
  summary: 'Make or replace a price list',
  description:
    'A price is converted, marked up and then rounded once, all exactly. Of `exceptions` the first wins that is in ' +
    'force and has a price for the SKU and quantity. A list that is not in force sells nothing. Settings are ' +
    'replaced; `items` changes the rules of the SKUs it names, and all of it takes effect, or nothing.',
  ...requires('catalogue:write'),
  request: { params, headers: ifMatch, body: body(PriceListInput) },
  responses: {
    200: answer(PriceList, 'The price list.', etag),
    201: answer(PriceList, 'The price list, which is new.', etag),
    ...problemResponsesWithBody('NOT_FOUND', 'CONFLICT', 'PRECONDITION_FAILED'),
  },
});
