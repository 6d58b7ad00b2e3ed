import { createRoute, z } from '@hono/zod-openapi';
import { idSchema } from '../../domain/ids.ts';
import { answer, body } from '../orders/route-parts.ts';
import { problemAnswers, problemResponses, problemResponsesWithBody } from '../schemas.ts';
import { isPublic, requires, requiresSession } from '../scope.ts';
import {
  AskForReset,
  CompleteRecovery,
  Confirm,
  LETTER,
  memberPath,
  PUBLIC_PROBLEMS,
  SignedIn,
} from './account-schemas.ts';

const tags = ['Recovery'];
const Instant = z.iso.datetime({ precision: 3 });

const Recovery = z
  .strictObject({
    memberId: idSchema('member'),
    startedAt: Instant,
    opensAt: Instant.openapi({
      description: 'From when on it can be completed. A notice that could not be sent in time puts it off.',
    }),
    until: Instant.openapi({ description: 'Then it is over.' }),
  })
  .openapi('Recovery', {
    example: {
      memberId: 'mem_3t6w9y2a5e8h1k4n7q0s3v6x9z',
      startedAt: '2026-11-23T09:00:00.000Z',
      opensAt: '2026-11-30T09:00:00.000Z',
      until: '2026-12-07T09:00:00.000Z',
    },
  });
const Recoveries = z.strictObject({ data: z.array(Recovery), next: z.null() }).openapi('Recoveries');
/** An answer without a body that names its entry in the log. */
const done = (description: string) => ({ description, headers: answer(Recovery, '').headers });

export const askForRecoveryRoute = createRoute({
  method: 'post',
  path: '/v1/recoveries',
  operationId: 'askForRecovery',
  tags,
  summary: 'Ask for a link to get back in without the second factor',
  description:
    'For whoever lost the second factor and the recovery codes. The link works once, for an hour: one begins a ' +
    'recovery, another completes it.',
  ...isPublic,
  request: { body: body(AskForReset) },
  responses: { 202: LETTER, ...problemAnswers(...PUBLIC_PROBLEMS) },
});

export const startRecoveryRoute = createRoute({
  method: 'post',
  path: '/v1/recoveries/start',
  operationId: 'startRecovery',
  tags,
  summary: 'Begin a recovery by a link',
  description:
    'Another owner can approve it at once. Otherwise it is possible in seven days: all owners and the member get ' +
    'letters at once and after one, three and six days, and each of them who is signed in can stop it.',
  ...isPublic,
  request: { body: body(Confirm) },
  responses: { 202: answer(Recovery, 'It waits.'), ...problemAnswers(...PUBLIC_PROBLEMS, 'CONFLICT') },
});

export const completeRecoveryRoute = createRoute({
  method: 'post',
  path: '/v1/recoveries/complete',
  operationId: 'completeRecovery',
  tags,
  summary: 'Complete a recovery by another link and the password',
  description:
    'When its seven days are over, within seven more. Second factors and sessions end. Whoever lost the password ' +
    'too sets a new one first, at `/v1/password-resets`, and then asks for the link.',
  ...isPublic,
  request: { body: body(CompleteRecovery) },
  responses: {
    201: answer(SignedIn, 'A session at `needs_enrolment`, to set up a new second factor.'),
    ...problemAnswers(...PUBLIC_PROBLEMS, 'CONFLICT'),
  },
});

export const listRecoveriesRoute = createRoute({
  method: 'get',
  path: '/v1/recoveries',
  operationId: 'listRecoveries',
  tags,
  summary: 'List recoveries that wait',
  description: 'Owners see all of the company, everybody else their own.',
  ...requiresSession(),
  responses: {
    200: { description: 'All of them.', content: { 'application/json': { schema: Recoveries } } },
    ...problemResponses(),
  },
});

export const stopRecoveryRoute = createRoute({
  method: 'delete',
  path: '/v1/recoveries/{id}',
  operationId: 'stopRecovery',
  tags,
  summary: 'Stop a member’s recovery',
  description: 'For any owner, and for the member, with the second factor. The id is the member’s.',
  ...requiresSession(),
  request: { params: memberPath },
  responses: { 204: done('It has ended.'), ...problemResponses('NOT_FOUND') },
});

export const approveRecoveryRoute = createRoute({
  method: 'post',
  path: '/v1/recoveries/{id}/approve',
  operationId: 'approveRecovery',
  tags,
  summary: 'Approve another member’s recovery',
  description:
    'For owners who signed in, with password and second factor, within ten minutes. Second factors and sessions of ' +
    'the member end; the member signs in by password and sets up a new factor. Ask the person first, in person.',
  ...requires('recoveries:write'),
  request: { params: memberPath },
  responses: {
    204: done('The member can sign in.'),
    ...problemResponsesWithBody('NOT_FOUND', 'CONFLICT', 'FRESH_SIGN_IN_NEEDED'),
  },
});
