import { createRoute, z } from '@hono/zod-openapi';
import { idSchema } from '../../domain/ids.ts';
import { PRIVACY_KINDS } from '../../orders/privacy-request.ts';
import { pageQuery } from '../paging.ts';
import { problemResponses } from '../schemas.ts';
import { requires } from '../scope.ts';

const Instant = z.iso.datetime({ precision: 3 });
const EXAMPLE = {
  id: 'prv_5c8f1h4k7m0q3s6v9x2z5b8d1g',
  connectionId: 'con_2m5q8t1w4z7c0f3h6k9n2r5v8x',
  kind: 'customer_redact' as const,
  orders: ['ord_9x2z5b8d1g4j7n0r3t6w9y2a5e'],
  state: 'open' as const,
  waiting: 1,
  requestedAt: '2026-11-23T09:00:00.000Z',
  until: '2026-12-18T09:00:00.000Z',
};

const PrivacyRequest = z
  .strictObject({
    id: idSchema('privacy'),
    connectionId: idSchema('connection'),
    kind: z.enum(PRIVACY_KINDS).openapi({
      description:
        '`data_request`: a consumer wants to know what is held; read the orders that are named and tell them. The other two erase.',
    }),
    orders: z
      .array(idSchema('order'))
      .openapi({ description: 'Those that the platform named. Not all need exist.' }),
    state: z.enum(['open', 'done']),
    waiting: z.int().openapi({ description: 'How many orders still have something to ship.' }),
    requestedAt: Instant,
    until: Instant.openapi({ description: 'By when everything is erased, whatever has been shipped.' }),
  })
  .openapi('PrivacyRequest', { example: EXAMPLE });

export const listPrivacyRequestsRoute = createRoute({
  method: 'get',
  path: '/v1/privacy-requests',
  operationId: 'listPrivacyRequests',
  tags: ['Erasures'],
  summary: 'List what platforms asked for consumers',
  description: 'The newest first.',
  ...requires('orders:read'),
  request: { query: z.strictObject(pageQuery) },
  responses: {
    200: {
      description: 'A page of requests.',
      content: {
        'application/json': {
          schema: z
            .strictObject({ data: z.array(PrivacyRequest), next: z.string().nullable() })
            .openapi('PrivacyRequestPage', { example: { data: [EXAMPLE], next: null } }),
        },
      },
    },
    ...problemResponses(),
  },
});
