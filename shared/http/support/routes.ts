import { createRoute, z } from '@hono/zod-openapi';
import { idSchema } from '../../domain/ids.ts';
import { answer, body } from '../orders/route-parts.ts';
import { pageQuery } from '../paging.ts';
import { problemResponses, problemResponsesWithBody } from '../schemas.ts';
import { requiresRight } from '../staff/guard.ts';
import * as schemas from './schemas.ts';

const tags = ['Support'];
const path = z.strictObject({ id: idSchema('supportRequest') });

export const askRoute = createRoute({
  method: 'post',
  path: '/v1/support/requests',
  operationId: 'askMerchant',
  tags,
  summary: 'Ask a merchant',
  description: 'The merchant approves, narrows or denies it, within 14 days. It is in the merchant’s log.',
  ...requiresRight('ask'),
  request: { body: body(schemas.NewRequest) },
  responses: {
    201: answer(schemas.SupportRequest, 'The request.'),
    ...problemResponsesWithBody('NOT_FOUND', 'NOT_TRAINED'),
  },
});

export const listOwnRoute = createRoute({
  method: 'get',
  path: '/v1/support/requests',
  operationId: 'listSupportRequests',
  tags,
  summary: 'List your requests',
  ...requiresRight('ask'),
  request: { query: z.strictObject(pageQuery) },
  responses: { 200: answer(schemas.RequestPage, 'The newest first.'), ...problemResponses() },
});

export const readOwnRoute = createRoute({
  method: 'get',
  path: '/v1/support/requests/{id}',
  operationId: 'readSupportRequest',
  tags,
  summary: 'Read one of your requests',
  ...requiresRight('ask'),
  request: { params: path },
  responses: { 200: answer(schemas.SupportRequest, 'The request.'), ...problemResponses('NOT_FOUND') },
});

export const openRoute = createRoute({
  method: 'post',
  path: '/v1/support/requests/{id}/open',
  operationId: 'openForSupport',
  tags,
  summary: 'Have a record opened',
  description:
    'Within what was approved, and in the merchant’s log before it is opened. What is refused is there too. Nothing ' +
    'of what is opened is stored.',
  ...requiresRight('ask'),
  request: { params: path, body: body(schemas.Opening) },
  responses: {
    200: answer(schemas.Disclosure, 'The record, encrypted.'),
    ...problemResponsesWithBody('NOT_FOUND', 'NOT_APPROVED', 'NOT_TRAINED'),
  },
});

export const manageRoute = createRoute({
  method: 'post',
  path: '/v1/support/requests/{id}/actions',
  operationId: 'manageForSupport',
  tags,
  summary: 'Do one of the named actions',
  ...requiresRight('ask'),
  request: { params: path, body: body(schemas.Managing) },
  responses: {
    200: answer(schemas.Managed, 'A code and the id.'),
    ...problemResponsesWithBody(
      'NOT_FOUND',
      'NOT_APPROVED',
      'NOT_TRAINED',
      'CONFLICT',
      'ORDER_NOT_HELD',
      'ORDER_NOT_ENDED',
      'ORDER_ERASED',
    ),
  },
});

export const endRoute = createRoute({
  method: 'post',
  path: '/v1/support/requests/{id}/end',
  operationId: 'endSupportRequest',
  tags,
  summary: 'Be done before the time is over',
  ...requiresRight('ask'),
  request: { params: path },
  responses: {
    200: answer(schemas.SupportRequest, 'The request, ended.'),
    ...problemResponsesWithBody('NOT_FOUND', 'CONFLICT'),
  },
});

export const supportRoutes = [askRoute, listOwnRoute, readOwnRoute, openRoute, manageRoute, endRoute];
