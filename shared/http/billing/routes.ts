import { createRoute, type RouteConfig, z } from '@hono/zod-openapi';
import { ChargeState } from '../../domain/billing.ts';
import { idSchema } from '../../domain/ids.ts';
import { answer, body, idempotencyKey } from '../orders/route-parts.ts';
import { pageQuery } from '../paging.ts';
import { problemResponses, problemResponsesWithBody } from '../schemas.ts';
import { requires } from '../scope.ts';
import * as schemas from './schemas.ts';

const tags = ['Billing'];
const chargePath = z.strictObject({ id: idSchema('charge') });

export const readAccountRoute = createRoute({
  method: 'get',
  path: '/v1/billing/account',
  operationId: 'readBillingAccount',
  tags,
  summary: 'See your Stripe account',
  description:
    'Whether it can take charges, and what Stripe still asks for. You disconnect it in Stripe’s dashboard.',
  ...requires('billing:read'),
  responses: { 200: answer(schemas.Account, 'The account.'), ...problemResponses() },
});

export const linkAccountRoute = createRoute({
  method: 'post',
  path: '/v1/billing/account',
  operationId: 'linkBillingAccount',
  tags,
  summary: 'Connect a Stripe account',
  description:
    'For a wholesaler. Makes a Standard account where you have none and answers a page of Stripe’s, where you say who ' +
    'you are; a repeat answers a fresh link to the same account. Who is at Stripe already signs in there with the login ' +
    'it has: the account is a further one under it.',
  ...requires('billing:write'),
  request: { body: body(z.strictObject({ returnUrl: schemas.returnUrl })) },
  responses: { 200: answer(schemas.AccountLink, 'Where to go on.'), ...problemResponsesWithBody() },
});

export const changeAccountRoute = createRoute({
  method: 'patch',
  path: '/v1/billing/account',
  operationId: 'changeBillingAccount',
  tags,
  summary: 'Say when declined charges are tried again',
  ...requires('billing:write'),
  request: { body: body(schemas.AccountChange) },
  responses: { 200: answer(schemas.Account, 'The account.'), ...problemResponsesWithBody('NOT_FOUND') },
});

export const readCardRoute = createRoute({
  method: 'get',
  path: '/v1/billing/cards',
  operationId: 'readBillingCard',
  tags,
  summary: 'See the card on file of a connection',
  description: 'For both sides. Asked of Stripe: brand and digits are kept nowhere here.',
  ...requires('billing:read'),
  request: { query: z.strictObject({ partner: idSchema('partner') }) },
  responses: { 200: answer(schemas.Card, 'The card.'), ...problemResponses('NOT_FOUND') },
});

export const askForCardRoute = createRoute({
  method: 'post',
  path: '/v1/billing/cards',
  operationId: 'putCardOnFile',
  tags,
  summary: 'Put a card on file for a wholesaler',
  description:
    'For a retailer. Answers a page of Stripe’s, where the card is typed; it becomes known to Stripe alone. Charges ' +
    'that were declined are tried again with it.',
  ...requires('billing:write'),
  request: {
    body: body(z.strictObject({ partner: idSchema('partner'), returnUrl: schemas.returnUrl })),
  },
  responses: {
    200: answer(schemas.CardLink, 'Where to go on.'),
    ...problemResponsesWithBody('NOT_FOUND', 'CONFLICT', 'BILLING_NOT_READY'),
  },
});

const period = {
  partner: idSchema('partner').optional(),
  from: z.iso.date().optional().openapi({ description: 'On this day or later.' }),
  to: z.iso.date().optional().openapi({ description: 'Before this day.' }),
};

export const listChargesRoute = createRoute({
  method: 'get',
  path: '/v1/billing/charges',
  operationId: 'listCharges',
  tags,
  summary: 'List charges',
  description: 'Those that you take and those that you pay, the newest first.',
  ...requires('billing:read'),
  request: { query: z.strictObject({ ...pageQuery, state: ChargeState.optional(), ...period }) },
  responses: { 200: answer(schemas.ChargePage, 'A page of charges.'), ...problemResponses() },
});

export const readChargeRoute = createRoute({
  method: 'get',
  path: '/v1/billing/charges/{id}',
  operationId: 'readCharge',
  tags,
  summary: 'Read a charge',
  ...requires('billing:read'),
  request: { params: chargePath },
  responses: { 200: answer(schemas.Charge, 'The charge.'), ...problemResponses('NOT_FOUND') },
});

export const refundRoute = createRoute({
  method: 'post',
  path: '/v1/billing/charges/{id}/refunds',
  operationId: 'refundCharge',
  tags,
  summary: 'Give money back',
  description:
    'For the wholesaler: all that is left of the charge, of one of its orders, of some lines that came back, or an ' +
    'amount of an order. `CONFLICT` while the charge is disputed, and on a Stripe account that was disconnected since.',
  ...requires('billing:write'),
  request: { params: chargePath, headers: idempotencyKey, body: body(schemas.RefundInput) },
  responses: {
    201: answer(schemas.Charge, 'The charge with its refund.'),
    ...problemResponsesWithBody('NOT_FOUND', 'CONFLICT', 'QUANTITY_EXCEEDED', 'IDEMPOTENCY_MISMATCH'),
  },
});

export const statementsRoute = createRoute({
  method: 'get',
  path: '/v1/billing/statements',
  operationId: 'readStatement',
  tags,
  summary: 'Read a statement',
  description:
    'What was paid, one row for each order of each paid charge, the newest charge first; `limit` counts charges. With ' +
    '`format=csv` the same as CSV, and the cursor of the next page in the header `Next-Page`.',
  ...requires('billing:read'),
  request: {
    query: z.strictObject({ ...pageQuery, ...period, format: z.enum(['json', 'csv']).default('json') }),
  },
  responses: {
    200: {
      description: 'A page of the statement.',
      headers: { 'Next-Page': { description: 'Of CSV: goes into `after`.', schema: { type: 'string' } } },
      content: {
        'application/json': { schema: schemas.Statement },
        'text/csv': { schema: z.string().openapi({ example: 'charge,day,partner,order,currency,amount\n' }) },
      },
    },
    ...problemResponses(),
  },
});

/** Every route of billing, for the OpenAPI document. */
export const billingRoutes: RouteConfig[] = [
  ...[readAccountRoute, linkAccountRoute, changeAccountRoute, readCardRoute, askForCardRoute],
  ...[listChargesRoute, readChargeRoute, refundRoute, statementsRoute],
];
