import { createRoute, z } from '@hono/zod-openapi';
import { LETTER_PAGES } from '../../domain/letter-page.ts';
import { Timestamp } from '../../domain/order.ts';
import { problemAnswers } from '../schemas.ts';

const Jwks = z
  .strictObject({
    keys: z.array(
      z.strictObject({
        kty: z.literal('EC'),
        crv: z.literal('P-256'),
        x: z.string(),
        y: z.string(),
        kid: z.string(),
        alg: z.literal('ES256'),
        use: z.literal('sig'),
      }),
    ),
  })
  .openapi('Jwks', {
    example: {
      keys: [
        {
          kty: 'EC',
          crv: 'P-256',
          // The example key of RFC 7517, appendix A.1.
          x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
          y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
          kid: 'cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s',
          alg: 'ES256',
          use: 'sig',
        },
      ],
    },
  });

const open = { tags: ['Trust'], security: [] };

export const publicKeysRoute = createRoute({
  method: 'get',
  path: '/.well-known/jwks.json',
  operationId: 'getPublicKeys',
  summary: 'Our public keys',
  description:
    'RFC 7517. What we sign, such as certificates of erasure, is checked with these and nothing else of ours.',
  ...open,
  responses: {
    200: { description: 'Every key that is valid now.', content: { 'application/json': { schema: Jwks } } },
    ...problemAnswers('BAD_REQUEST', 'INTERNAL', 'UNAVAILABLE'),
  },
});

export const openApiRoute = createRoute({
  method: 'get',
  path: '/v1/openapi.json',
  operationId: 'getOpenApi',
  summary: 'This document',
  ...open,
  responses: {
    200: {
      description: 'OpenAPI 3.1, made from the schemas that check requests.',
      content: { 'application/json': { schema: z.object({ openapi: z.string() }) } },
    },
    ...problemAnswers('BAD_REQUEST'),
  },
});

export const referenceRoute = createRoute({
  method: 'get',
  path: '/docs',
  operationId: 'getReference',
  summary: 'This document as a page',
  ...open,
  responses: {
    200: { description: 'A page without scripts.', content: { 'text/html': { schema: z.string() } } },
    ...problemAnswers('BAD_REQUEST'),
  },
});

export const letterPageRoute = createRoute({
  method: 'get',
  path: '/app/{page}',
  operationId: 'getLetterPage',
  summary: 'Where a link in one of our letters leads',
  description:
    'Says what the link is for and which calls use it. What stands behind `#` in the link stays in the browser.',
  ...open,
  request: {
    params: z.strictObject({
      page: z.enum(LETTER_PAGES).openapi({ description: 'Its name.', example: 'confirm' }),
    }),
  },
  responses: {
    200: { description: 'A page without scripts.', content: { 'text/html': { schema: z.string() } } },
    ...problemAnswers('BAD_REQUEST', 'NOT_FOUND'),
  },
});

export const rootRoute = createRoute({
  method: 'get',
  path: '/v1/roots/{n}',
  operationId: 'getRoot',
  summary: 'A signed root over all logs, and what had changed',
  description:
    'Written once and never changed. With all of them from 0 on anyone can build the tree over all companies again.',
  ...open,
  request: {
    params: z.strictObject({
      n: z
        .string()
        .regex(/^(?:0|[1-9][0-9]{0,9})$/)
        .openapi({ description: 'Its number.', example: '4711' }),
    }),
  },
  responses: {
    200: {
      description: 'The root.',
      content: {
        'application/json': {
          schema: z
            .strictObject({
              root: z.string(),
              changed: z.array(z.strictObject({ company: z.string(), head: z.string() })),
            })
            .openapi('Root'),
        },
      },
    },
    ...problemAnswers('BAD_REQUEST', 'NOT_FOUND', 'INTERNAL', 'UNAVAILABLE'),
  },
});

const Seconds = z.int().min(0).nullable();

export const trustRoute = createRoute({
  method: 'get',
  path: '/v1/trust',
  operationId: 'getTrust',
  summary: 'How we keep our promises, measured',
  description:
    'Backups: the newest that is whole, here and offsite; whether one is overdue (none younger than 6 h 30); and the last ' +
    'drill, which restores one: how long that took, and how much would have been lost.',
  ...open,
  responses: {
    200: {
      description: 'Not older than a minute.',
      content: {
        'application/json': {
          schema: z
            .strictObject({
              backups: z.strictObject({
                newest: z.strictObject({ snapshotTime: Timestamp, goodAt: Timestamp }).nullable(),
                overdue: z.boolean(),
                drill: z
                  .strictObject({
                    ...{ at: Timestamp, passed: z.boolean() },
                    ...{ recoveryTimeSeconds: Seconds, recoveryPointSeconds: Seconds },
                  })
                  .nullable(),
              }),
            })
            .openapi('Trust', {
              example: {
                backups: {
                  newest: { snapshotTime: '2026-11-23T06:00:00.000Z', goodAt: '2026-11-23T06:30:02.000Z' },
                  overdue: false,
                  drill: {
                    ...{ at: '2026-11-23T01:04:10.000Z', passed: true },
                    ...{ recoveryTimeSeconds: 250, recoveryPointSeconds: 3600 },
                  },
                },
              },
            }),
        },
      },
    },
    ...problemAnswers('BAD_REQUEST', 'INTERNAL', 'UNAVAILABLE'),
  },
});

export const trustRoutes = [
  publicKeysRoute,
  trustRoute,
  rootRoute,
  openApiRoute,
  referenceRoute,
  letterPageRoute,
];
