import { type Scope, SCOPES } from './api-key.ts';

/** The highest first. */
export const MEMBER_ROLES = ['owner', 'admin', 'member', 'read_only'] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];

const READ: Scope[] = [
  'orders:read',
  'audit:read',
  'company:read',
  'members:read',
  'api-keys:read',
  'approvals:read',
  'partners:read',
  'catalogue:read',
  'billing:read',
  'endpoints:read',
  'connections:read',
];
const TRADE: Scope[] = [...READ, 'orders:write', 'orders:erase', 'catalogue:write'];
const MANAGE: Scope[] = [
  ...TRADE,
  'company:write',
  'members:write',
  'api-keys:write',
  'approvals:write',
  'export:read',
  'partners:write',
  'billing:write',
  'endpoints:write',
  'connections:write',
];

/** Who may do what: the one table. An API key has at most what the member had who made it. */
export const ROLE_SCOPES: Record<MemberRole, readonly Scope[]> = {
  owner: SCOPES,
  admin: MANAGE,
  member: TRADE,
  read_only: READ,
};

/** Whether a role is another one or stands below it: nobody gives, changes or takes away a role above their own. */
export function covers(own: MemberRole, other: MemberRole): boolean {
  return MEMBER_ROLES.indexOf(own) <= MEMBER_ROLES.indexOf(other);
}
