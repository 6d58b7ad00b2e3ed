import { z } from 'zod';

/** What our own people can be. The operator and the security officer do their work with `gcloud`, not here. */
export const STAFF_ROLES = ['support', 'security-officer', 'reviewer', 'operator'] as const;
export type StaffRole = (typeof STAFF_ROLES)[number];

/** What a route of the staff's desk asks for. */
export type StaffRight = 'self' | 'ask' | 'list' | 'attest';

/** Who may do what at the desk: the one table. Nobody there can make, train or change an account. */
export const STAFF_RIGHTS: Record<StaffRole, readonly StaffRight[]> = {
  support: ['self', 'ask'],
  reviewer: ['self', 'list', 'attest'],
  'security-officer': ['self', 'list'],
  operator: ['self', 'list'],
};

/** The name a staff member signs in with: a code that the operator chooses, and not an address. */
export const StaffName = z.string().regex(/^[a-z][a-z0-9-]{1,30}[a-z0-9]$/, 'not a name such as desk-07');

/** An account that nobody has attested for this long, in milliseconds, has no access. */
export const ATTESTED_FOR = 90 * 24 * 60 * 60_000;
