import { createRoute } from '@hono/zod-openapi';
import { answer, body } from '../orders/route-parts.ts';
import { problemResponses, problemResponsesWithBody } from '../schemas.ts';
import { requiresSession } from '../scope.ts';
import {
  AddedFactor,
  ConfirmTotp,
  factorPath,
  NewPasskey,
  NewRecoveryCodes,
  PasskeyCreationOptions,
  PasskeyRequestOptions,
  SecondFactors,
  ShowFactor,
  TotpEnrolment,
  WholeSession,
} from './factor-schemas.ts';

const tags = ['Second factors'];
const FRESH = 'Needs a sign-in, or a factor shown, of the last ten minutes.';
/** Whoever signed in whole, and whoever has to add a first factor to be. */
const adding = requiresSession('full', 'needs_enrolment');

export const listFactorsRoute = createRoute({
  method: 'get',
  path: '/v1/second-factors',
  operationId: 'listSecondFactors',
  tags,
  summary: 'List your second factors',
  ...adding,
  responses: {
    200: { description: 'All of them.', content: { 'application/json': { schema: SecondFactors } } },
    ...problemResponses(),
  },
});

export const startTotpRoute = createRoute({
  method: 'post',
  path: '/v1/second-factors/totp',
  operationId: 'startTotp',
  tags,
  summary: 'Begin with an authenticator app',
  description: `The secret counts once a code of it was confirmed, within ten minutes. ${FRESH}`,
  ...adding,
  responses: {
    201: {
      description: 'For the app. It is shown once.',
      content: { 'application/json': { schema: TotpEnrolment } },
    },
    ...problemResponsesWithBody('FRESH_SIGN_IN_NEEDED'),
  },
});

export const confirmTotpRoute = createRoute({
  method: 'post',
  path: '/v1/second-factors/totp/confirm',
  operationId: 'confirmTotp',
  tags,
  summary: 'Confirm the authenticator app',
  description:
    'The app takes the place of an earlier one. With that, and with your first factor, all other sessions end.',
  ...adding,
  request: { body: body(ConfirmTotp) },
  responses: {
    201: answer(AddedFactor, 'The factor.'),
    ...problemResponsesWithBody('FACTOR_REFUSED', 'FRESH_SIGN_IN_NEEDED', 'CONFLICT'),
  },
});

export const startPasskeyRoute = createRoute({
  method: 'post',
  path: '/v1/second-factors/passkeys/options',
  operationId: 'startPasskey',
  tags,
  summary: 'Begin with a passkey',
  description: FRESH,
  ...adding,
  responses: {
    200: {
      description: 'For `navigator.credentials.create`.',
      content: { 'application/json': { schema: PasskeyCreationOptions } },
    },
    ...problemResponsesWithBody('FRESH_SIGN_IN_NEEDED', 'CONFLICT'),
  },
});

export const addPasskeyRoute = createRoute({
  method: 'post',
  path: '/v1/second-factors/passkeys',
  operationId: 'addPasskey',
  tags,
  summary: 'Add the passkey that was made',
  description: 'With your first factor all other sessions end.',
  ...adding,
  request: { body: body(NewPasskey) },
  responses: {
    201: answer(AddedFactor, 'The factor.'),
    ...problemResponsesWithBody('FACTOR_REFUSED', 'FRESH_SIGN_IN_NEEDED'),
  },
});

export const removeFactorRoute = createRoute({
  method: 'delete',
  path: '/v1/second-factors/{id}',
  operationId: 'removeSecondFactor',
  tags,
  summary: 'Take a second factor away',
  description: `All your other sessions end. An owner keeps at least one factor. ${FRESH}`,
  ...requiresSession(),
  request: { params: factorPath },
  responses: {
    204: {
      description: 'It is gone.',
      headers: answer(SecondFactors, '').headers,
    },
    ...problemResponses('NOT_FOUND', 'LAST_FACTOR', 'FRESH_SIGN_IN_NEEDED'),
  },
});

export const recoveryCodesRoute = createRoute({
  method: 'post',
  path: '/v1/second-factors/recovery-codes',
  operationId: 'renewRecoveryCodes',
  tags,
  summary: 'Get new recovery codes',
  description: `They take the place of all earlier ones. ${FRESH}`,
  ...requiresSession(),
  responses: {
    201: answer(NewRecoveryCodes, 'Ten codes.'),
    ...problemResponsesWithBody('FRESH_SIGN_IN_NEEDED', 'CONFLICT'),
  },
});

export const askForPasskeyRoute = createRoute({
  method: 'post',
  path: '/v1/sessions/factor/options',
  operationId: 'askForPasskey',
  tags,
  summary: 'Begin to sign in with a passkey',
  ...requiresSession('needs_factor', 'full'),
  responses: {
    200: {
      description: 'For `navigator.credentials.get`.',
      content: { 'application/json': { schema: PasskeyRequestOptions } },
    },
    ...problemResponsesWithBody('CONFLICT'),
  },
});

export const showFactorRoute = createRoute({
  method: 'post',
  path: '/v1/sessions/factor',
  operationId: 'showFactor',
  tags,
  summary: 'Show a second factor',
  description:
    'After the password, or to confirm a whole sign-in that is no longer fresh. The session ends and a new one begins. With the fifth wrong answer in a row the session ends too, and codes of the app are not looked at for a while.',
  ...requiresSession('needs_factor', 'full'),
  request: { body: body(ShowFactor) },
  responses: {
    201: answer(WholeSession, 'A whole session under a new token.'),
    ...problemResponsesWithBody('FACTOR_REFUSED', 'CONFLICT', 'TOO_MANY_REQUESTS'),
  },
});

/** For the OpenAPI document. */
export const factorRoutes = [
  listFactorsRoute,
  startTotpRoute,
  confirmTotpRoute,
  startPasskeyRoute,
  addPasskeyRoute,
  removeFactorRoute,
  recoveryCodesRoute,
  askForPasskeyRoute,
  showFactorRoute,
];
