import { createRoute, z } from '@hono/zod-openapi';
import { idSchema } from '../../domain/ids.ts';
import { answer } from '../orders/route-parts.ts';
import { pageQuery } from '../paging.ts';
import { problemResponses } from '../schemas.ts';
import { requires } from '../scope.ts';
import { PartnerCatalogue } from './schemas.ts';

export const partnerCatalogueRoute = createRoute({
  method: 'get',
  path: '/v1/partners/{id}/catalogue',
  operationId: 'readPartnerCatalogue',
  tags: ['Catalogue'],
  summary: 'See what a partner sells to you',
  description:
    'At your prices as of now, in the order in which products were last changed. Pages may hold less than `limit`: ' +
    'the end is where `next` is null. With `changes` of a last page as `after`: what has changed or is not sold any ' +
    'more since then; another number of `available` alone is no change. A connection that is not active sells nothing.',
  ...requires('catalogue:read'),
  request: {
    params: z.strictObject({ id: idSchema('partner') }),
    query: z.strictObject({
      ...pageQuery,
      stock: z.enum(['true', 'false']).default('false').openapi({
        description: 'Whether each product also says how much of it is `available`.',
      }),
    }),
  },
  responses: {
    200: answer(PartnerCatalogue, 'A page of it.'),
    ...problemResponses('NOT_FOUND', 'CONFLICT'),
  },
});
