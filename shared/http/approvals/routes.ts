import { createRoute, z } from '@hono/zod-openapi';
import { idSchema } from '../../domain/ids.ts';
import { answer, body } from '../orders/route-parts.ts';
import { pageQuery } from '../paging.ts';
import { problemResponses, problemResponsesWithBody } from '../schemas.ts';
import { requires } from '../scope.ts';
import { Approval, RequestPage, SupportRequest } from '../support/schemas.ts';

const tags = ['Approvals'];
const path = z.strictObject({ id: idSchema('supportRequest') });

export const listApprovalsRoute = createRoute({
  method: 'get',
  path: '/v1/approvals',
  operationId: 'listApprovals',
  tags,
  summary: 'List what our support asked of you',
  description: 'Requests, and what is approved now, the newest first.',
  ...requires('approvals:read'),
  request: { query: z.strictObject(pageQuery) },
  responses: { 200: answer(RequestPage, 'A page of requests.'), ...problemResponses() },
});

const decided = answer(SupportRequest, 'The request.');

export const approveRoute = createRoute({
  method: 'post',
  path: '/v1/approvals/{id}/approve',
  operationId: 'approveSupport',
  tags,
  summary: 'Approve a request, or less than it asks',
  description:
    'The time starts now. `digest` is the one that the request shows: what you approve is what you saw. Approving ' +
    'again finishes an approval that was cut off.',
  ...requires('approvals:write'),
  request: { params: path, body: body(Approval) },
  responses: { 200: decided, ...problemResponsesWithBody('NOT_FOUND', 'CONFLICT') },
});

export const denyRoute = createRoute({
  method: 'post',
  path: '/v1/approvals/{id}/deny',
  operationId: 'denySupport',
  tags,
  summary: 'Deny a request',
  ...requires('approvals:write'),
  request: { params: path },
  responses: { 200: decided, ...problemResponsesWithBody('NOT_FOUND', 'CONFLICT') },
});

export const revokeRoute = createRoute({
  method: 'post',
  path: '/v1/approvals/{id}/revoke',
  operationId: 'revokeSupport',
  tags,
  summary: 'Take an approval back',
  description: 'When this answers, nothing can be opened under it any more.',
  ...requires('approvals:write'),
  request: { params: path },
  responses: { 200: decided, ...problemResponsesWithBody('NOT_FOUND', 'CONFLICT') },
});

export const approvalsRoutes = [listApprovalsRoute, approveRoute, denyRoute, revokeRoute];
