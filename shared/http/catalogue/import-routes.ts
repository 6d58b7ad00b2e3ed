import { createRoute, z } from '@hono/zod-openapi';
import { idSchema } from '../../domain/ids.ts';
import { answer, idempotencyKey } from '../orders/route-parts.ts';
import { pageQuery } from '../paging.ts';
import { problemResponses, problemResponsesWithBody } from '../schemas.ts';
import { requires } from '../scope.ts';
import { Import, ImportPage } from './schemas.ts';

const tags = ['Catalogue'];
const read = requires('catalogue:read');

export const startImportRoute = createRoute({
  method: 'post',
  path: '/v1/imports',
  operationId: 'startImport',
  tags,
  summary: 'Import a file of products',
  description:
    'CSV in UTF-8 of up to 10 MB and 200,000 rows, its cells divided by comma, semicolon or tab, with a header: ' +
    '`sku`, `title`, ' +
    '`price` (as `19.90`), `currency`, and as you like `active`, `group`, `option1_name`, `option1_value` and so on ' +
    'to 3, `description`, `images` (with spaces between), `barcode`. A column that the file lacks stays as it is; an ' +
    'empty cell empties it. The file is checked whole before any of it is applied: with `onError=refuse` one problem ' +
    'means that nothing is, with `skip` the rows without a problem are. Ask for the import to see how far it is.',
  ...requires('catalogue:write'),
  request: {
    headers: idempotencyKey,
    query: z.strictObject({ onError: z.enum(['refuse', 'skip']).default('refuse') }),
    body: {
      required: true,
      content: {
        'text/csv': {
          schema: z.string().openapi({
            example: 'sku,title,price,currency\nIPOD2008GREEN,"iPod Nano 8 GB, green",150.00,USD\n',
          }),
        },
      },
    },
  },
  responses: {
    202: answer(Import, 'The import, which goes on by itself.', {
      Location: { description: 'Where to see how far it is.', schema: { type: 'string' } },
    }),
    ...problemResponsesWithBody('IDEMPOTENCY_MISMATCH'),
  },
});

export const listImportsRoute = createRoute({
  method: 'get',
  path: '/v1/imports',
  operationId: 'listImports',
  tags,
  summary: 'List imports',
  description: 'The newest first.',
  ...read,
  request: { query: z.strictObject(pageQuery) },
  responses: { 200: answer(ImportPage, 'A page of imports.'), ...problemResponses() },
});

export const readImportRoute = createRoute({
  method: 'get',
  path: '/v1/imports/{id}',
  operationId: 'readImport',
  tags,
  summary: 'See how far an import is',
  ...read,
  request: { params: z.strictObject({ id: idSchema('import') }) },
  responses: { 200: answer(Import, 'The import.'), ...problemResponses('NOT_FOUND') },
});
