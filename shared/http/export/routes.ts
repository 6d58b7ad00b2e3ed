import { createRoute, z } from '@hono/zod-openapi';
import { answer } from '../orders/route-parts.ts';
import { problemResponses } from '../schemas.ts';
import { requires } from '../scope.ts';

const tags = ['Export'];

const Manifest = z
  .strictObject({
    manifest: z.string().openapi({
      description:
        'A compact JWS of type `strongroom-export+jwt` by a key of `/.well-known/jwks.json`: `sub` is your company, ' +
        '`company` what is stored of it, `parts` the kinds, each with its first part and how many records it has.',
    }),
  })
  .openapi('ExportManifest', { example: { manifest: 'eyJhbGciOiJFUzI1NiIsInR5cCI6…' } });

export const exportManifestRoute = createRoute({
  method: 'get',
  path: '/v1/export',
  operationId: 'startExport',
  tags,
  summary: 'Begin to fetch everything you have here',
  description: '`npm run fetch-export` fetches all parts, checks them and goes on where it stopped.',
  ...requires('export:read'),
  responses: { 200: answer(Manifest, 'What there is to fetch.'), ...problemResponses('NOT_FOUND') },
});

export const exportPartRoute = createRoute({
  method: 'get',
  path: '/v1/export/{part}',
  operationId: 'fetchExportPart',
  tags,
  summary: 'Fetch a part of the export',
  description:
    'Made when it is fetched: up to 500 records, one JSON object a line, and a last line `{"part": "…"}`. That is a ' +
    'compact JWS of type `strongroom-export-part+jwt` with the name of the part, the number of `records`, the SHA-256 ' +
    'of all bytes before the last line, and the `next` part of this kind, or null. Orders are opened; each part that ' +
    'opens something is in your log.',
  ...requires('export:read'),
  request: {
    params: z.strictObject({
      part: z
        .string()
        .regex(/^[a-zA-Z]{1,20}(?:\.[\w-]{1,1000})?$/)
        .openapi({ description: 'Out of the manifest, or the `next` of a part.', example: 'orders' }),
    }),
  },
  responses: {
    200: {
      description: 'The part.',
      headers: answer(Manifest, '').headers,
      content: {
        'application/x-ndjson': {
          schema: z.string().openapi({ example: '{"id":"ptn_…","role":"supplier"}\n{"part":"eyJhbGci…"}\n' }),
        },
      },
    },
    ...problemResponses('NOT_FOUND'),
  },
});

/** For the OpenAPI document. */
export const exportRoutes = [exportManifestRoute, exportPartRoute];
