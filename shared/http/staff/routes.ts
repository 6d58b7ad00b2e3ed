import { createRoute } from '@hono/zod-openapi';
import { body } from '../orders/route-parts.ts';
import { problemAnswers, problemResponses, problemResponsesWithBody } from '../schemas.ts';
import { isPublic } from '../scope.ts';
import { requiresRight } from './guard.ts';
import * as schemas from './schemas.ts';

const tags = ['Staff'];
const json = <S>(schema: S, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});
/** What each of the steps can answer that anybody may take. */
const openProblems = problemAnswers(
  'BAD_REQUEST',
  'UNAUTHENTICATED',
  'FACTOR_REFUSED',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'TOO_MANY_REQUESTS',
  'INTERNAL',
  'UNAVAILABLE',
);

export const signInOptionsRoute = createRoute({
  method: 'post',
  path: '/v1/staff/sessions/options',
  operationId: 'startStaffSignIn',
  tags,
  summary: 'Begin to sign in with a passkey',
  ...isPublic,
  responses: { 201: json(schemas.SignInOptions, 'For `navigator.credentials.get`.'), ...openProblems },
});

export const signInRoute = createRoute({
  method: 'post',
  path: '/v1/staff/sessions',
  operationId: 'signInStaff',
  tags,
  summary: 'Sign in with two factors',
  description:
    'Whatever is wrong is one answer. There are ten tries with a password in a quarter of an hour.',
  ...isPublic,
  request: { body: body(schemas.SignIn) },
  responses: { 201: json(schemas.StaffSession, 'The session.'), ...openProblems },
});

export const enrolmentOptionsRoute = createRoute({
  method: 'post',
  path: '/v1/staff/enrolments/options',
  operationId: 'startStaffEnrolment',
  tags,
  summary: 'Begin to set up two factors',
  ...isPublic,
  request: { body: body(schemas.Enrolling) },
  responses: { 201: json(schemas.EnrolmentOptions, 'Both ways to go on.'), ...openProblems },
});

export const enrolRoute = createRoute({
  method: 'post',
  path: '/v1/staff/enrolments',
  operationId: 'enrolStaff',
  tags,
  summary: 'Set up two factors',
  description: 'They take the place of earlier ones; every session ends and the code is used.',
  ...isPublic,
  request: { body: body(schemas.Enrolment) },
  responses: { 204: { description: 'Set up: sign in with them.' }, ...openProblems },
});

export const selfRoute = createRoute({
  method: 'get',
  path: '/v1/staff/self',
  operationId: 'readStaffSelf',
  tags,
  summary: 'Who you are',
  ...requiresRight('self'),
  responses: { 200: json(schemas.Self, 'Your own account.'), ...problemResponses() },
});

export const signOutRoute = createRoute({
  method: 'delete',
  path: '/v1/staff/sessions',
  operationId: 'signOutStaff',
  tags,
  summary: 'Sign out everywhere',
  ...requiresRight('self'),
  responses: { 204: { description: 'Every session of yours has ended.' }, ...problemResponses() },
});

export const listStaffRoute = createRoute({
  method: 'get',
  path: '/v1/staff',
  operationId: 'listStaff',
  tags,
  summary: 'The list of staff',
  description: 'Every account with its role, its factors and its last use, and the digest that is signed.',
  ...requiresRight('list'),
  responses: { 200: json(schemas.StaffList, 'All of them, as of today.'), ...problemResponses() },
});

export const attestRoute = createRoute({
  method: 'post',
  path: '/v1/staff/attestations',
  operationId: 'attestStaff',
  tags,
  summary: 'Sign the list of staff',
  description:
    'A passkey signs the digest of the list. Every active account on it is attested for 90 days, but for the one ' +
    'of whoever signs.',
  ...requiresRight('attest'),
  request: { body: body(schemas.NewAttestation) },
  responses: {
    201: json(schemas.Attested, 'Which accounts were attested.'),
    ...problemResponsesWithBody('FACTOR_REFUSED', 'CONFLICT'),
  },
});

/** By these one signs in: they ask for no session. */
export const openStaffRoutes = [signInOptionsRoute, signInRoute, enrolmentOptionsRoute, enrolRoute];

export const staffRoutes = [...openStaffRoutes, selfRoute, signOutRoute, listStaffRoute, attestRoute];
