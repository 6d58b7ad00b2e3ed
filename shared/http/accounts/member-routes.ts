import { createRoute } from '@hono/zod-openapi';
import { answer, body } from '../orders/route-parts.ts';
import { problemAnswers, problemResponses, problemResponsesWithBody } from '../schemas.ts';
import { isPublic, requires } from '../scope.ts';
import {
  Company,
  CompanyChange,
  Invite,
  Member,
  MemberChange,
  memberOrInvitationPath,
  memberPath,
  Members,
  SetPassword,
  SignedIn,
} from './account-schemas.ts';

const tags = ['Members'];

export const readCompanyRoute = createRoute({
  method: 'get',
  path: '/v1/company',
  operationId: 'readCompany',
  tags: ['Company'],
  summary: 'Read your company',
  ...requires('company:read'),
  responses: {
    200: { description: 'The company.', content: { 'application/json': { schema: Company } } },
    ...problemResponses('NOT_FOUND'),
  },
});

export const changeCompanyRoute = createRoute({
  method: 'patch',
  path: '/v1/company',
  operationId: 'changeCompany',
  tags: ['Company'],
  summary: 'Give your company another name',
  ...requires('company:write'),
  request: { body: body(CompanyChange) },
  responses: { 200: answer(Company, 'The company.'), ...problemResponsesWithBody('NOT_FOUND') },
});

export const listMembersRoute = createRoute({
  method: 'get',
  path: '/v1/members',
  operationId: 'listMembers',
  tags,
  summary: 'List members and invitations',
  description: 'All of them, the oldest first.',
  ...requires('members:read'),
  responses: {
    200: { description: 'All of them.', content: { 'application/json': { schema: Members } } },
    ...problemResponses(),
  },
});

export const inviteRoute = createRoute({
  method: 'post',
  path: '/v1/members',
  operationId: 'inviteMember',
  tags,
  summary: 'Invite somebody',
  description:
    'With a role up to your own. The link goes to the address, works once, for seven days, and makes a member with ' +
    'that address. An earlier invitation of the address is withdrawn.',
  ...requires('members:write'),
  request: { body: body(Invite) },
  responses: {
    201: answer(Member, 'The invitation.'),
    ...problemResponsesWithBody('CONFLICT', 'TOO_MANY_REQUESTS'),
  },
});

export const acceptInvitationRoute = createRoute({
  method: 'post',
  path: '/v1/members/accept',
  operationId: 'acceptInvitation',
  tags,
  summary: 'Join by an invitation',
  ...isPublic,
  request: { body: body(SetPassword) },
  responses: {
    201: answer(SignedIn, 'A session of the new member.'),
    ...problemAnswers(
      'BAD_REQUEST',
      'PAYLOAD_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
      'CONFLICT',
      'TOO_MANY_REQUESTS',
      'INTERNAL',
      'UNAVAILABLE',
    ),
  },
});

export const changeMemberRoute = createRoute({
  method: 'patch',
  path: '/v1/members/{id}',
  operationId: 'changeMember',
  tags,
  summary: 'Change what a member may do',
  description: 'Up to your own role. Counts at once. A company keeps at least one active owner.',
  ...requires('members:write'),
  request: { params: memberPath, body: body(MemberChange) },
  responses: {
    200: answer(Member, 'The member.'),
    ...problemResponsesWithBody('NOT_FOUND', 'LAST_OWNER'),
  },
});

export const removeMemberRoute = createRoute({
  method: 'delete',
  path: '/v1/members/{id}',
  operationId: 'removeMember',
  tags,
  summary: 'Take a member out, or an invitation back',
  description: 'Ends all sessions of the member. A company keeps at least one active owner.',
  ...requires('members:write'),
  request: { params: memberOrInvitationPath },
  responses: {
    204: { description: 'Done.', headers: answer(Member, '').headers },
    ...problemResponses('NOT_FOUND', 'LAST_OWNER'),
  },
});
