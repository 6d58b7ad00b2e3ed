import { Timestamp } from '@google-cloud/firestore';
import { z } from 'zod';
import { idSchema } from '../domain/ids.ts';
import { MEMBER_ROLES } from '../domain/roles.ts';
import { StoredFactors } from '../factors/stored-factors.ts';

const Bytes = z.instanceof(Buffer);
const Instant = z.iso.datetime({ precision: 3 });
const Mode = z.enum(['live', 'test']);
const Role = z.enum(MEMBER_ROLES);

/** `companies/{companyId}`. */
export const StoredCompany = z.object({
  name: z.string(),
  mode: Mode,
  createdAt: Instant,
  /** Set when an owner has asked for the deletion; `keep` takes it back until then. */
  closing: z
    .object({ at: Instant, until: Instant, by: idSchema('member') })
    .nullable()
    .default(null),
});
export type StoredCompany = z.infer<typeof StoredCompany>;

/** `companies/{companyId}/members/{memberId}`. */
export const StoredMember = z.object({
  /** Sealed with the company key for `email/{memberId}`. */
  email: Bytes,
  /** The name of the member's document in `emailRefs`. */
  emailHash: z.string(),
  role: Role,
  state: z.enum(['active', 'suspended']),
  /** argon2id in PHC form. */
  passwordHash: z.string(),
  passwordChangedAt: Instant,
  createdAt: Instant,
  lastSignInAt: Instant.nullable(),
  /** After a recovery: no scope until there is a second factor again, whatever the role. */
  mustEnrol: z.boolean().default(false),
  /** The TOTP secret is sealed with the company key for `totp/{memberId}`. */
  secondFactors: StoredFactors,
});
export type StoredMember = z.infer<typeof StoredMember>;

/** `emailRefs/{keyed hash of the address}`: one address is in one company. */
export const EmailRef = z.object({ companyId: idSchema('company'), memberId: idSchema('member') });
export type EmailRef = z.infer<typeof EmailRef>;

/**
 * How far a sign-in has come. Only `full` has the scopes of its role; `needs_factor` waits for the second factor of
 * somebody who has one, `needs_enrolment` for an owner, or whoever lost theirs, to get one.
 */
export const SESSION_LEVELS = ['needs_factor', 'needs_enrolment', 'full'] as const;
export type SessionLevel = (typeof SESSION_LEVELS)[number];

/** `sessions/{SHA-256 of the token}`. */
export const StoredSession = z.object({
  id: idSchema('session'),
  companyId: idSchema('company'),
  memberId: idSchema('member'),
  mode: Mode,
  role: Role,
  level: z.enum(SESSION_LEVELS),
  /** When the password was shown; each rise of level keeps it. */
  passwordAt: Instant,
  createdAt: Instant,
  lastUsedAt: Instant,
  idleExpiresAt: Instant,
  absoluteExpiresAt: Instant,
  /** For Firestore's TTL, which is late: the code goes by the other two. */
  expireAt: z.instanceof(Timestamp),
});
export type StoredSession = z.infer<typeof StoredSession>;

/** `invitations/{SHA-256 of the token}`. */
export const StoredInvitation = z.object({
  id: idSchema('invitation'),
  companyId: idSchema('company'),
  /** Sealed with the company key for `email/{id}`. */
  email: Bytes,
  emailHash: z.string(),
  role: Role,
  invitedBy: idSchema('member'),
  createdAt: Instant,
  expiresAt: Instant,
  expireAt: z.instanceof(Timestamp),
});
export type StoredInvitation = z.infer<typeof StoredInvitation>;

/** `resets/{SHA-256 of the token}` and `recoveryLinks/{…}`. */
export const StoredLink = z.object({
  companyId: idSchema('company'),
  memberId: idSchema('member'),
  /** A link that was asked for before the password changed is worth nothing. */
  passwordChangedAt: Instant,
  expiresAt: Instant,
  expireAt: z.instanceof(Timestamp),
});
export type StoredLink = z.infer<typeof StoredLink>;

/** What a member can be asked for after the password, as far as it is set up whole. */
export type FactorKind = 'totp' | 'passkey' | 'recovery_code';

export function factorsOf({ secondFactors }: Pick<StoredMember, 'secondFactors'>): FactorKind[] {
  const kinds: FactorKind[] = [];
  if (secondFactors.totp !== null) kinds.push('totp');
  if (secondFactors.passkeys.length > 0) kinds.push('passkey');
  // Codes stand in for a factor that was lost; they are none of their own.
  if (kinds.length > 0 && secondFactors.recoveryCodes.length > 0) kinds.push('recovery_code');
  return kinds;
}

/** Where a password alone leads: further only for members without a factor who need none. */
export function levelAfterPassword(
  member: Pick<StoredMember, 'secondFactors' | 'role' | 'mustEnrol'>,
): SessionLevel {
  if (factorsOf(member).length > 0) return 'needs_factor';
  return member.role === 'owner' || member.mustEnrol ? 'needs_enrolment' : 'full';
}
