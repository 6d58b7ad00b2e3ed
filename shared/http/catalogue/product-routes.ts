import { createRoute, z } from '@hono/zod-openapi';
import { PriceListId } from '../../catalogue/price-list.ts';
import { ProductSku } from '../../catalogue/product.ts';
import { answer, body, ifMatch } from '../orders/route-parts.ts';
import { pageQuery } from '../paging.ts';
import { problemResponses, problemResponsesWithBody } from '../schemas.ts';
import { requires } from '../scope.ts';
import { Product, ProductInput, ProductPage, ProductsInput, WrittenProducts } from './schemas.ts';

const tags = ['Catalogue'];
const read = requires('catalogue:read');
const write = requires('catalogue:write');
const params = z.strictObject({ sku: ProductSku });
const etag = { ETag: { description: 'The version, for `If-Match`.', schema: { type: 'string' } } };

export const listProductsRoute = createRoute({
  method: 'get',
  path: '/v1/products',
  operationId: 'listProducts',
  tags,
  summary: 'List products',
  description:
    'By SKU. With `Accept: text/csv` all of them as one file, which `POST /v1/imports` takes back: a cell that a ' +
    'spreadsheet would run as a formula has a quote in front.',
  ...read,
  request: {
    query: z.strictObject({
      ...pageQuery,
      active: z.enum(['true', 'false']).optional(),
      group: z.string().min(1).max(120).optional().openapi({ description: 'The variants of one product.' }),
      priceList: PriceListId.optional().openapi({ description: 'Those that a list has a rule for.' }),
    }),
  },
  responses: {
    200: {
      description: 'A page of products, or all of them as a file.',
      content: {
        'application/json': { schema: ProductPage },
        'text/csv': {
          schema: z.string().openapi({
            example:
              'sku,title,price,currency,active\r\nIPOD2008GREEN,"iPod Nano 8 GB, green",150.00,USD,true\r\n',
          }),
        },
      },
    },
    ...problemResponses(),
  },
});

export const putProductsRoute = createRoute({
  method: 'put',
  path: '/v1/products',
  operationId: 'putProducts',
  tags,
  summary: 'Make or replace up to 100 products',
  description: 'All of them, or none: a single field that is not valid refuses the request by its path.',
  ...write,
  request: { body: body(ProductsInput) },
  responses: { 200: answer(WrittenProducts, 'What became of each.'), ...problemResponsesWithBody() },
});

export const readProductRoute = createRoute({
  method: 'get',
  path: '/v1/products/{sku}',
  operationId: 'readProduct',
  tags,
  summary: 'Read one product',
  ...read,
  request: { params },
  responses: { 200: answer(Product, 'The product.', etag), ...problemResponses('NOT_FOUND') },
});

export const putProductRoute = createRoute({
  method: 'put',
  path: '/v1/products/{sku}',
  operationId: 'putProduct',
  tags,
  summary: 'Make or replace a product',
  description: 'What is left out is as it is by default. What price lists say of the SKU stays.',
  ...write,
  request: { params, headers: ifMatch, body: body(ProductInput) },
  responses: {
    200: answer(Product, 'The product.', etag),
    201: answer(Product, 'The product, which is new.', etag),
    ...problemResponsesWithBody('NOT_FOUND', 'PRECONDITION_FAILED'),
  },
});

export const deleteProductRoute = createRoute({
  method: 'delete',
  path: '/v1/products/{sku}',
  operationId: 'deleteProduct',
  tags,
  summary: 'Remove a product',
  description: 'With what price lists say of it. Partners see for 90 days that it was removed.',
  ...write,
  request: { params, headers: ifMatch },
  responses: {
    204: {
      description: 'It is removed.',
      headers: answer(Product, '').headers,
    },
    ...problemResponses('NOT_FOUND', 'PRECONDITION_FAILED'),
  },
});
