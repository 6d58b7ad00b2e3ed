import { createRoute } from '@hono/zod-openapi';
import { answer, body } from '../orders/route-parts.ts';
import { problemAnswers, problemResponses, problemResponsesWithBody } from '../schemas.ts';
import { isPublic, requiresSession } from '../scope.ts';
import {
  AskForReset,
  ChangePassword,
  Confirm,
  LETTER,
  OwnSessions,
  PUBLIC_PROBLEMS,
  sessionPath,
  SetPassword,
  SignedIn,
  SignIn,
  SignUp,
} from './account-schemas.ts';

const tags = ['Sessions'];

/** An answer without a body that names its entry in the log. */
const done = (description: string) => ({ description, headers: answer(SignedIn, '').headers });

export const signUpRoute = createRoute({
  method: 'post',
  path: '/v1/companies',
  operationId: 'signUp',
  tags: ['Company'],
  summary: 'Ask for an account',
  description: 'The link in the letter makes the company and its owner. It works once, for a day.',
  ...isPublic,
  request: { body: body(SignUp) },
  responses: { 202: LETTER, ...problemAnswers(...PUBLIC_PROBLEMS) },
});

export const confirmSignUpRoute = createRoute({
  method: 'post',
  path: '/v1/companies/confirm',
  operationId: 'confirmSignUp',
  tags: ['Company'],
  summary: 'Make the account that was asked for',
  ...isPublic,
  request: { body: body(Confirm) },
  responses: {
    201: answer(SignedIn, 'The company, its owner, and a session to set up a second factor.'),
    ...problemAnswers(...PUBLIC_PROBLEMS, 'CONFLICT'),
  },
});

export const signInRoute = createRoute({
  method: 'post',
  path: '/v1/sessions',
  operationId: 'signIn',
  tags,
  summary: 'Sign in',
  description:
    'Whatever is wrong is answered alike. One source gets ten tries at an account in a quarter of an hour. A member has ' +
    'a hundred sessions at most: the next one ends the oldest.',
  ...isPublic,
  request: { body: body(SignIn) },
  responses: {
    201: answer(SignedIn, 'A session.'),
    ...problemAnswers(...PUBLIC_PROBLEMS, 'UNAUTHENTICATED'),
  },
});

export const listSessionsRoute = createRoute({
  method: 'get',
  path: '/v1/sessions',
  operationId: 'listSessions',
  tags,
  summary: 'List your sessions',
  ...requiresSession('full', 'needs_enrolment'),
  responses: {
    200: { description: 'All of them.', content: { 'application/json': { schema: OwnSessions } } },
    ...problemResponses(),
  },
});

export const endSessionsRoute = createRoute({
  method: 'delete',
  path: '/v1/sessions',
  operationId: 'signOutEverywhere',
  tags,
  summary: 'Sign out everywhere',
  description: 'Ends all your sessions, this one too. Elsewhere it counts within half a minute.',
  ...requiresSession('full', 'needs_enrolment'),
  responses: { 204: done('They have ended.'), ...problemResponses() },
});

export const endSessionRoute = createRoute({
  method: 'delete',
  path: '/v1/sessions/{id}',
  operationId: 'signOut',
  tags,
  summary: 'End one of your sessions',
  description: 'While a sign-in waits for a second factor, itself only.',
  ...requiresSession('full', 'needs_enrolment', 'needs_factor'),
  request: { params: sessionPath },
  responses: { 204: done('It has ended.'), ...problemResponses('NOT_FOUND') },
});

export const askForResetRoute = createRoute({
  method: 'post',
  path: '/v1/password-resets',
  operationId: 'askForPasswordReset',
  tags,
  summary: 'Ask for a link to set a password',
  description: 'The link works once, for an hour.',
  ...isPublic,
  request: { body: body(AskForReset) },
  responses: { 202: LETTER, ...problemAnswers(...PUBLIC_PROBLEMS) },
});

export const confirmResetRoute = createRoute({
  method: 'post',
  path: '/v1/password-resets/confirm',
  operationId: 'resetPassword',
  tags,
  summary: 'Set a password by a link',
  description: 'Ends all sessions. Second factors stay as they are.',
  ...isPublic,
  request: { body: body(SetPassword) },
  responses: { 204: done('The password is set.'), ...problemAnswers(...PUBLIC_PROBLEMS) },
});

export const changePasswordRoute = createRoute({
  method: 'post',
  path: '/v1/password',
  operationId: 'changePassword',
  tags,
  summary: 'Change your password',
  description: 'Ends all sessions; the answer has a new one.',
  ...requiresSession('full', 'needs_enrolment'),
  request: { body: body(ChangePassword) },
  responses: {
    200: answer(SignedIn, 'A new session.'),
    ...problemResponsesWithBody('TOO_MANY_REQUESTS', 'CONFLICT'),
  },
});
