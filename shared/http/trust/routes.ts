import { createRoute, z } from '@hono/zod-openapi';
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

export const trustRoutes = [publicKeysRoute, openApiRoute, referenceRoute];
