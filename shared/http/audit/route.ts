import { createRoute, z } from '@hono/zod-openapi';
import { ACTIONS } from '../../audit/actions.ts';
import { AuditEntry, leafHash } from '../../audit/entry.ts';
import { Instant } from '../../domain/order-data.ts';
import { pageQuery } from '../paging.ts';
import { requires } from '../scope.ts';
import { problemResponses } from '../schemas.ts';

const ListQuery = z.strictObject({
  ...pageQuery,
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
      /^(?:ord|era|cmp|mem|key|ptn|sup|con)_[0-9a-hjkmnp-tv-z]{26}$/,
      'not an id of an order, an erasure, a company, a member, an API key, a partner, a connection or a support request',
    )
    .optional()
    .openapi({ description: 'Only what was done to one of these.' }),
  from: Instant.optional().openapi({ description: 'At this time or later.' }),
  to: Instant.optional().openapi({ description: 'Before this time.' }),
});

const EXAMPLE: AuditEntry = {
  id: 'aud_7v3k9x0q2m4c8t1w5y6z0b2d4f',
  companyId: 'cmp_1n4r7t0v3x6z9c2f5h8k1m4q7s',
  at: '2026-11-23T09:00:00.000Z',
  actor: { type: 'api_key', id: 'key_5c8f1h4k7m0q3s6v9x2z5b8d1g' },
  action: 'order.opened',
  record: { type: 'order', id: 'ord_9x2z5b8d1g4j7n0r3t6w9y2a5e' },
  result: 'done',
  requestId: 'req_3t6w9y2a5e8h1k4n7q0s3v6x9z',
  facts: {},
};

/** An entry as it is shown: all that its leaf is made of, so that a merchant can compute the hash again. */
const ShownEntry = AuditEntry.extend({
  leaf: z
    .string()
    .regex(/^[\w-]{43}$/)
    .openapi({ description: 'base64url of SHA-256(0x00 ‖ RFC 8785 form of the other members and `"v":1`).' }),
}).openapi('AuditEntry', { example: { ...EXAMPLE, leaf: leafHash(EXAMPLE) } });

const AuditPage = z
  .strictObject({ data: z.array(ShownEntry), next: z.string().nullable() })
  .openapi('AuditPage');

export const listAuditRoute = createRoute({
  method: 'get',
  path: '/v1/audit',
  operationId: 'listAudit',
  tags: ['Audit'],
  summary: 'Read the log',
  description: 'Every action on your data, whoever took it, the newest first. Entries hold no consumer data.',
  ...requires('audit:read'),
  request: { query: ListQuery },
  responses: {
    200: { description: 'A page of entries.', content: { 'application/json': { schema: AuditPage } } },
    ...problemResponses(),
  },
});

export const auditRoutes = [listAuditRoute];
