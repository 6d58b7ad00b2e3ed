import { createRoute, z } from '@hono/zod-openapi';
import { ACTIONS } from '../../audit/actions.ts';
import { idSchema } from '../../domain/ids.ts';
import { Instant } from '../../domain/order-data.ts';
import { pageQuery } from '../paging.ts';
import { isPublic, requires } from '../scope.ts';
import { problemAnswers, problemResponses } from '../schemas.ts';
import { AuditPage, Checkpoint, CheckpointPage, Consistency, EntryProof, PublishedRoot } from './schemas.ts';

const filters = {
  action: z.enum(ACTIONS).optional().openapi({ description: 'Only entries of this action.' }),
  actor: z
    .string()
    .regex(
      /^(?:key|con|ptn|mem|stf)_[0-9a-hjkmnp-tv-z]{26}$/,
      'not an id of an API key, a connection, a partner, a member or a person of staff',
    )
    .optional()
    .openapi({ description: 'Only what this API key, connection, partner, member or person of staff did.' }),
  record: z
    .string()
    .regex(
      /^(?:ord|era|cmp|mem|key|ptn|sup|prd|prl|imp|del|ept|con|chg)_[0-9a-hjkmnp-tv-z]{26}$/,
      'not an id of something that is acted on',
    )
    .optional()
    .openapi({ description: 'Only what was done to one of these.' }),
  from: Instant.optional().openapi({ description: 'At this time or later.' }),
  to: Instant.optional().openapi({ description: 'Before this time.' }),
};

const shared = { method: 'get' as const, tags: ['Audit'], ...requires('audit:read') };

const json = <S extends z.ZodType>(schema: S, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});

export const listAuditRoute = createRoute({
  ...shared,
  path: '/v1/audit',
  operationId: 'listAudit',
  summary: 'Read the log',
  description: 'Every action on your data, whoever took it, the newest first. Entries hold no consumer data.',
  request: { query: z.strictObject({ ...pageQuery, ...filters }) },
  responses: { 200: json(AuditPage, 'A page of entries.'), ...problemResponses() },
});

export const exportAuditRoute = createRoute({
  ...shared,
  path: '/v1/audit/export',
  operationId: 'exportAudit',
  summary: 'Fetch the log as a file',
  description:
    'All entries that fit the filters, the newest first, as CSV with a heading or one JSON object a line.',
  request: {
    query: z.strictObject({
      format: z.enum(['csv', 'ndjson']).default('ndjson').openapi({ description: 'Which of the two.' }),
      ...filters,
    }),
  },
  responses: {
    200: {
      description: 'The entries.',
      content: {
        'application/x-ndjson': {
          schema: z.string().openapi({ example: '{"id":"aud_…","action":"order.opened"}\n' }),
        },
        'text/csv': {
          schema: z
            .string()
            .openapi({ example: 'id,at,action\naud_…,2026-11-23T09:00:00.000Z,order.opened\n' }),
        },
      },
    },
    ...problemResponses(),
  },
});

export const bundleAuditRoute = createRoute({
  ...shared,
  path: '/v1/audit/bundle',
  operationId: 'fetchAuditBundle',
  summary: 'Fetch the whole log with its proofs',
  description:
    'One line of JSON each: what it is, every entry in the order of the tree, those that are not under a root yet, when ' +
    'the logs were restored from a backup, the last checkpoint of each day and the newest. Check it with `npx strongroom-verify`, offline.',
  responses: {
    200: {
      description: 'The bundle.',
      content: {
        'application/x-ndjson': { schema: z.string().openapi({ example: '{"strongroom":"log","v":1}\n' }) },
      },
    },
    ...problemResponses('NOT_SEALED'),
  },
});

export const proveEntryRoute = createRoute({
  ...shared,
  path: '/v1/audit/{id}/proof',
  operationId: 'proveAuditEntry',
  summary: 'Prove that an entry is in the log',
  description:
    'The hashes that lead from the entry’s leaf to your log’s head, and from there to a signed root.',
  request: { params: z.strictObject({ id: idSchema('audit') }) },
  responses: { 200: json(EntryProof, 'The proof.'), ...problemResponses('NOT_FOUND', 'NOT_SEALED') },
});

const Root = z.string().regex(/^(?:0|[1-9][0-9]{0,9})$/, 'not the number of a root');
const root = z.strictObject({
  n: Root.openapi({ description: 'The number of a root.', example: '4711' }),
});

export const listCheckpointsRoute = createRoute({
  ...shared,
  path: '/v1/audit/checkpoints',
  operationId: 'listAuditCheckpoints',
  summary: 'List the signed roots under which your log had grown',
  request: { query: z.strictObject({ limit: pageQuery.limit, after: Root.optional() }) },
  responses: { 200: json(CheckpointPage, 'The newest first.'), ...problemResponses() },
});

export const latestCheckpointRoute = createRoute({
  ...shared,
  path: '/v1/audit/checkpoints/latest',
  operationId: 'getLatestAuditCheckpoint',
  summary: 'Your log under the newest root, whether it has changed or not',
  responses: { 200: json(Checkpoint, 'The checkpoint.'), ...problemResponses('NOT_SEALED') },
});

export const consistencyRoute = createRoute({
  ...shared,
  path: '/v1/audit/checkpoints/{n}/consistency',
  operationId: 'proveAuditConsistency',
  summary: 'Prove that nothing but growth happened since a root',
  request: { params: root },
  responses: { 200: json(Consistency, 'The proof.'), ...problemResponses('NOT_FOUND', 'NOT_SEALED') },
});

export const newestRootRoute = createRoute({
  method: 'get',
  path: '/v1/roots',
  operationId: 'getNewestRoot',
  tags: ['Trust'],
  ...isPublic,
  summary: 'The newest root over all logs',
  description: 'Keep one of them: no later root can be signed that does not have it in its history.',
  responses: {
    200: json(PublishedRoot, 'Its number and the signed statement.'),
    ...problemAnswers('BAD_REQUEST', 'NOT_FOUND', 'INTERNAL', 'UNAVAILABLE'),
  },
});

export const auditRoutes = [
  listAuditRoute,
  exportAuditRoute,
  bundleAuditRoute,
  proveEntryRoute,
  listCheckpointsRoute,
  latestCheckpointRoute,
  consistencyRoute,
  newestRootRoute,
];
