import { createRoute, z } from '@hono/zod-openapi';
import { answer, body, idempotencyKey, ifMatch } from '../orders/route-parts.ts';
import { pageQuery } from '../paging.ts';
import { problemResponses, problemResponsesWithBody } from '../schemas.ts';
import { requires } from '../scope.ts';
import {
  Answered,
  Invitation,
  LinkToken,
  NewPartner,
  Partner,
  PartnerChange,
  PartnerPage,
  partnerPath,
  PartnerRole,
  PartnerState,
} from './schemas.ts';

const tags = ['Partners'];
const write = requires('partners:write');
const ETAG = { ETag: { description: 'The version, for `If-Match`.', schema: { type: 'string' } } };

export const listPartnersRoute = createRoute({
  method: 'get',
  path: '/v1/partners',
  operationId: 'listPartners',
  tags,
  summary: 'List partners',
  description: 'The newest first; invitations and what has ended too.',
  ...requires('partners:read'),
  request: {
    query: z.strictObject({
      ...pageQuery,
      state: PartnerState.optional(),
      role: PartnerRole.optional(),
    }),
  },
  responses: { 200: answer(PartnerPage, 'A page of partners.'), ...problemResponses() },
});

export const invitePartnerRoute = createRoute({
  method: 'post',
  path: '/v1/partners',
  operationId: 'invitePartner',
  tags,
  summary: 'Invite a company',
  description:
    'The link goes to the address, works once, for fourteen days, and for the company that the address is a member ' +
    'of: an existing one or one that signs up with it. Inviting an address again for the same role before it has ' +
    'answered replaces the link and the terms.',
  ...write,
  request: { headers: idempotencyKey, body: body(NewPartner) },
  responses: {
    201: answer(Partner, 'The invitation.', {
      Location: { description: 'Where to read it.', schema: { type: 'string' } },
    }),
    ...problemResponsesWithBody(
      'CONFLICT',
      'PARTNER_IS_SELF',
      'PARTNER_CLOSING',
      'IDEMPOTENCY_MISMATCH',
      'TOO_MANY_REQUESTS',
    ),
  },
});

export const readPartnerRoute = createRoute({
  method: 'get',
  path: '/v1/partners/{id}',
  operationId: 'readPartner',
  tags,
  summary: 'Read one partner',
  ...requires('partners:read'),
  request: { params: partnerPath },
  responses: { 200: answer(Partner, 'The partner.', ETAG), ...problemResponses('NOT_FOUND') },
});

export const changePartnerRoute = createRoute({
  method: 'patch',
  path: '/v1/partners/{id}',
  operationId: 'changePartner',
  tags,
  summary: 'Propose terms, or change your own settings',
  description:
    'Terms belong to both: a proposal replaces any other and holds once the partner accepts its version. Preference ' +
    'and contact are yours and hold at once.',
  ...write,
  request: { params: partnerPath, headers: ifMatch, body: body(PartnerChange) },
  responses: {
    200: answer(Partner, 'The partner.'),
    ...problemResponsesWithBody('NOT_FOUND', 'CONFLICT', 'PARTNER_CLOSING', 'PRECONDITION_FAILED'),
  },
});

export const readInvitationRoute = createRoute({
  method: 'post',
  path: '/v1/partners/{id}/invitation',
  operationId: 'readPartnerInvitation',
  tags,
  summary: 'See who invites you, and on what terms',
  description: 'The id and the token are in the link of the letter. Nothing is used up.',
  ...requires('partners:read'),
  request: { params: partnerPath, body: body(LinkToken) },
  responses: {
    200: answer(Invitation, 'The invitation.'),
    ...problemResponsesWithBody('INVITATION_OVER', 'INVITATION_NOT_YOURS', 'PARTNER_IS_SELF'),
  },
});

export const acceptRoute = createRoute({
  method: 'post',
  path: '/v1/partners/{id}/accept',
  operationId: 'acceptPartner',
  tags,
  summary: 'Accept an invitation, or terms',
  description:
    'With `token`: connects you, on the terms of the invitation. With `version`: the terms of that version, which the ' +
    'partner proposed, hold from now on.',
  ...write,
  request: { params: partnerPath, headers: ifMatch, body: body(Answered) },
  responses: {
    200: answer(Partner, 'The partner.'),
    ...problemResponsesWithBody(
      'NOT_FOUND',
      'CONFLICT',
      'INVITATION_OVER',
      'INVITATION_NOT_YOURS',
      'PARTNER_IS_SELF',
      'PARTNER_EXISTS',
      'PARTNER_OTHER_MODE',
      'PARTNER_CLOSING',
      'PRECONDITION_FAILED',
    ),
  },
});

export const declineRoute = createRoute({
  method: 'post',
  path: '/v1/partners/{id}/decline',
  operationId: 'declinePartner',
  tags,
  summary: 'Decline an invitation, or terms',
  description:
    'With `token`: the link is over. With `version`: terms that the partner proposed are declined, and terms that you ' +
    'proposed are taken back.',
  ...write,
  request: { params: partnerPath, headers: ifMatch, body: body(Answered) },
  responses: {
    204: { description: 'Done.', headers: answer(Partner, '').headers },
    ...problemResponsesWithBody(
      'NOT_FOUND',
      'CONFLICT',
      'INVITATION_OVER',
      'INVITATION_NOT_YOURS',
      'PARTNER_IS_SELF',
      'PRECONDITION_FAILED',
    ),
  },
});

const moved = {
  responses: {
    200: answer(Partner, 'The partner.'),
    ...problemResponsesWithBody('NOT_FOUND', 'CONFLICT', 'PARTNER_CLOSING', 'PRECONDITION_FAILED'),
  },
  request: { params: partnerPath, headers: ifMatch },
};

export const pauseRoute = createRoute({
  method: 'post',
  path: '/v1/partners/{id}/pause',
  operationId: 'pausePartner',
  tags,
  summary: 'Pause a connection',
  description:
    'Nothing new is routed; open orders are finished. Either side may. Shops of the retailer are told within some ' +
    'minutes that they have none of the supplier’s stock.',
  ...write,
  ...moved,
});

export const resumeRoute = createRoute({
  method: 'post',
  path: '/v1/partners/{id}/resume',
  operationId: 'resumePartner',
  tags,
  summary: 'Resume a connection',
  description: 'For the side that paused it.',
  ...write,
  ...moved,
});

export const endRoute = createRoute({
  method: 'post',
  path: '/v1/partners/{id}/end',
  operationId: 'endPartner',
  tags,
  summary: 'End a connection, or withdraw an invitation',
  description:
    'For good: nothing new is routed, open orders are finished, and whoever wants to trade again invites anew. Either ' +
    'side may. An invitation that nobody has accepted is withdrawn by this: its link leads nowhere.',
  ...write,
  ...moved,
});

/** Every route of partners as it is declared, without what answers it: for the OpenAPI document. */
export const partnersRoutes = [
  listPartnersRoute,
  invitePartnerRoute,
  readPartnerRoute,
  changePartnerRoute,
  readInvitationRoute,
  acceptRoute,
  declineRoute,
  pauseRoute,
  resumeRoute,
  endRoute,
];
