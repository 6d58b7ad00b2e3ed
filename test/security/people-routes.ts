import type { Scope } from '../../shared/domain/api-key.ts';
import type { StaffRight } from '../../shared/domain/staff.ts';
import type { Method } from './foreign-routes.ts';

interface Route {
  method: Method;
  /** As the OpenAPI document has it. */
  template: string;
}

/** A route for people who sign in, and for no API key. */
export interface MemberRoute extends Route {
  /** `own`: what every member does for themselves. */
  scope: Scope | 'own';
}

/** A route of the staff's desk. */
export interface StaffRoute extends Route {
  right: StaffRight;
}

export const MEMBER_ROUTES: readonly MemberRoute[] = [
  { method: 'PATCH', template: '/v1/company', scope: 'company:write' },
  { method: 'DELETE', template: '/v1/company', scope: 'company:delete' },
  { method: 'POST', template: '/v1/company/keep', scope: 'company:delete' },
  { method: 'GET', template: '/v1/members', scope: 'members:read' },
  { method: 'POST', template: '/v1/members', scope: 'members:write' },
  { method: 'PATCH', template: '/v1/members/{id}', scope: 'members:write' },
  { method: 'DELETE', template: '/v1/members/{id}', scope: 'members:write' },
  { method: 'GET', template: '/v1/api-keys', scope: 'api-keys:read' },
  { method: 'POST', template: '/v1/api-keys', scope: 'api-keys:write' },
  { method: 'DELETE', template: '/v1/api-keys/{id}', scope: 'api-keys:write' },
  { method: 'GET', template: '/v1/approvals', scope: 'approvals:read' },
  { method: 'POST', template: '/v1/approvals/{id}/approve', scope: 'approvals:write' },
  { method: 'POST', template: '/v1/approvals/{id}/deny', scope: 'approvals:write' },
  { method: 'POST', template: '/v1/approvals/{id}/revoke', scope: 'approvals:write' },
  { method: 'GET', template: '/v1/sessions', scope: 'own' },
  { method: 'DELETE', template: '/v1/sessions', scope: 'own' },
  { method: 'DELETE', template: '/v1/sessions/{id}', scope: 'own' },
  { method: 'POST', template: '/v1/sessions/factor', scope: 'own' },
  { method: 'POST', template: '/v1/sessions/factor/options', scope: 'own' },
  { method: 'POST', template: '/v1/password', scope: 'own' },
  { method: 'GET', template: '/v1/second-factors', scope: 'own' },
  { method: 'DELETE', template: '/v1/second-factors/{id}', scope: 'own' },
  { method: 'POST', template: '/v1/second-factors/totp', scope: 'own' },
  { method: 'POST', template: '/v1/second-factors/totp/confirm', scope: 'own' },
  { method: 'POST', template: '/v1/second-factors/passkeys', scope: 'own' },
  { method: 'POST', template: '/v1/second-factors/passkeys/options', scope: 'own' },
  { method: 'POST', template: '/v1/second-factors/recovery-codes', scope: 'own' },
  { method: 'GET', template: '/v1/recoveries', scope: 'own' },
  { method: 'DELETE', template: '/v1/recoveries/{id}', scope: 'own' },
  { method: 'POST', template: '/v1/recoveries/{id}/approve', scope: 'recoveries:write' },
];

export const STAFF_ROUTES: readonly StaffRoute[] = [
  { method: 'GET', template: '/v1/staff', right: 'list' },
  { method: 'GET', template: '/v1/staff/self', right: 'self' },
  { method: 'DELETE', template: '/v1/staff/sessions', right: 'self' },
  { method: 'POST', template: '/v1/staff/attestations', right: 'attest' },
  { method: 'GET', template: '/v1/support/requests', right: 'ask' },
  { method: 'POST', template: '/v1/support/requests', right: 'ask' },
  { method: 'GET', template: '/v1/support/requests/{id}', right: 'ask' },
  { method: 'POST', template: '/v1/support/requests/{id}/open', right: 'ask' },
  { method: 'POST', template: '/v1/support/requests/{id}/actions', right: 'ask' },
  { method: 'POST', template: '/v1/support/requests/{id}/end', right: 'ask' },
];
