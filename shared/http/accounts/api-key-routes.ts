import { createRoute, z } from '@hono/zod-openapi';
import { API_KEY_SCOPES } from '../../domain/api-key.ts';
import { idSchema } from '../../domain/ids.ts';
import { noCardNumber } from '../../domain/card-number.ts';
import { plainLine } from '../../domain/plain-text.ts';
import { answer, body } from '../orders/route-parts.ts';
import { pageQuery } from '../paging.ts';
import { problemResponses, problemResponsesWithBody } from '../schemas.ts';
import { requires } from '../scope.ts';

const tags = ['API keys'];
const Instant = z.iso.datetime({ precision: 3 });
const Scopes = z.array(z.enum(API_KEY_SCOPES));

const NewApiKey = z.strictObject({
  name: z
    .string()
    .max(200)
    .transform(plainLine)
    .pipe(z.string().min(1, 'must have 1 to 100 characters').max(100, 'must have 1 to 100 characters'))
    .refine(...noCardNumber)
    .openapi({ type: 'string', description: 'For you, to tell keys apart.', example: 'Warehouse' }),
  scopes: Scopes.min(1)
    .max(API_KEY_SCOPES.length)
    .refine((scopes) => new Set(scopes).size === scopes.length, 'names a scope twice')
    .openapi({ description: 'At most your own.', example: ['orders:read', 'orders:write'] }),
  expiresAt: z.iso
    .datetime({ offset: true })
    .transform((at) => new Date(at).toISOString())
    .nullable()
    .default(null)
    .openapi({
      type: ['string', 'null'],
      format: 'date-time',
      description: 'From then on the key is refused. Without it: never.',
      example: '2027-11-23T09:00:00.000Z',
    }),
});

const SHOWN = {
  id: idSchema('apiKey'),
  name: z.string(),
  prefix: z
    .string()
    .openapi({ description: 'How the key begins. All of it is shown once, when it is made.' }),
  scopes: Scopes,
  createdAt: Instant,
  createdBy: idSchema('member').nullable().openapi({
    description:
      'The member who made it, who may be none any more: a key goes on without its maker until it is revoked.',
  }),
  expiresAt: Instant.nullable(),
  lastUsedAt: Instant.nullable().openapi({ description: 'To the minute.' }),
  revokedAt: Instant.nullable(),
};

const EXAMPLE = {
  id: 'key_5c8f1h4k7m0q3s6v9x2z5b8d1g',
  name: 'Warehouse',
  prefix: 'sr_test_Kd81',
  scopes: ['orders:read', 'orders:write'] as (typeof API_KEY_SCOPES)[number][],
  createdAt: '2026-11-23T09:00:00.000Z',
  createdBy: 'mem_5c8f1h4k7m0q3s6v9x2z5b8d1g',
  expiresAt: null,
  lastUsedAt: '2026-11-23T09:30:00.000Z',
  revokedAt: null,
};

const ApiKey = z.strictObject(SHOWN).openapi('ApiKey', { example: EXAMPLE });
const MadeApiKey = z
  .strictObject({ ...SHOWN, apiKey: z.string().openapi({ description: 'The key. It is shown once.' }) })
  .openapi('MadeApiKey', {
    example: { ...EXAMPLE, lastUsedAt: null, apiKey: 'sr_test_Kd81…, 46 characters' },
  });
const ApiKeyPage = z
  .strictObject({ data: z.array(ApiKey), next: z.string().nullable() })
  .openapi('ApiKeyPage', { example: { data: [EXAMPLE], next: null } });

export const listApiKeysRoute = createRoute({
  method: 'get',
  path: '/v1/api-keys',
  operationId: 'listApiKeys',
  tags,
  summary: 'List API keys',
  description: 'The newest first; revoked and expired ones too.',
  ...requires('api-keys:read'),
  request: { query: z.strictObject(pageQuery) },
  responses: {
    200: { description: 'A page of keys.', content: { 'application/json': { schema: ApiKeyPage } } },
    ...problemResponses(),
  },
});

export const createApiKeyRoute = createRoute({
  method: 'post',
  path: '/v1/api-keys',
  operationId: 'createApiKey',
  tags,
  summary: 'Make an API key',
  description: 'For live or test data, as the company is. Only members make keys; a key makes none.',
  ...requires('api-keys:write'),
  request: { body: body(NewApiKey) },
  responses: { 201: answer(MadeApiKey, 'The key, shown this once.'), ...problemResponsesWithBody() },
});

export const revokeApiKeyRoute = createRoute({
  method: 'delete',
  path: '/v1/api-keys/{id}',
  operationId: 'revokeApiKey',
  tags,
  summary: 'Revoke an API key',
  description: 'For good. It counts everywhere within half a minute.',
  ...requires('api-keys:write'),
  request: { params: z.strictObject({ id: idSchema('apiKey') }) },
  responses: {
    204: { description: 'It is revoked.', headers: answer(ApiKey, '').headers },
    ...problemResponses('NOT_FOUND'),
  },
});
