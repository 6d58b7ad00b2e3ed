import { z } from '@hono/zod-openapi';
import { SESSION_LEVELS } from '../../accounts/documents.ts';
import { emailSchema } from '../../accounts/email.ts';
import { PASSWORD_LENGTH } from '../../accounts/passwords.ts';
import { idSchema } from '../../domain/ids.ts';
import { noCardNumber } from '../../domain/card-number.ts';
import { plainLine } from '../../domain/plain-text.ts';
import { MEMBER_ROLES } from '../../domain/roles.ts';
import { SessionToken } from './factor-schemas.ts';

const Instant = z.iso.datetime({ precision: 3 });
const Role = z.enum(MEMBER_ROLES);
const FactorKinds = z.array(z.enum(['totp', 'passkey', 'recovery_code']));

const Address = emailSchema().openapi({ type: 'string', format: 'email', example: 'owner@retailer.example' });

/** Twice as many code units as characters count, so that no request is refused by the schema that the rule allows. */
const NewPassword = z
  .string()
  .max(PASSWORD_LENGTH.max * 4)
  .openapi({
    description: '12 to 256 characters of any kind, not easily guessed.',
    example: 'seven plain bricks under a lime tree',
  });
/** Of any length that could have been chosen: what it is like is told to nobody. */
const ShownPassword = z
  .string()
  .max(PASSWORD_LENGTH.max * 4)
  .openapi({ example: 'seven plain bricks under a lime tree' });

const LinkToken = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'not the token of a link')
  .openapi({ description: 'Out of the link in the letter, behind `#token=`.', example: '7f'.repeat(32) });

const CompanyName = z
  .string()
  .max(200)
  .transform(plainLine)
  .pipe(z.string().min(1, 'must have 1 to 100 characters').max(100, 'must have 1 to 100 characters'))
  .refine(...noCardNumber)
  .openapi({ type: 'string', example: 'Retailer Ltd' });

export const SignUp = z.strictObject({
  name: CompanyName,
  email: Address,
  password: NewPassword,
  mode: z.enum(['live', 'test']).openapi({ description: 'For good: live and test companies never meet.' }),
});
export const Confirm = z.strictObject({ token: LinkToken });
export const SignIn = z.strictObject({ email: Address, password: ShownPassword });
export const AskForReset = z.strictObject({ email: Address });
export const SetPassword = z.strictObject({ token: LinkToken, password: NewPassword });
export const CompleteRecovery = z.strictObject({ token: LinkToken, password: ShownPassword });
export const ChangePassword = z.strictObject({ current: ShownPassword, new: NewPassword });

export const SignedIn = z
  .strictObject({
    token: SessionToken.openapi({ description: 'Shown once; a bearer token like an API key.' }),
    level: z.enum(SESSION_LEVELS).openapi({
      description:
        'Only `full` has the scopes of the role. `needs_factor`: show a second factor at `/v1/sessions/factor`. ' +
        '`needs_enrolment`: an owner, and whoever lost theirs, sets up a second factor first.',
    }),
    factors: FactorKinds.openapi({ description: 'What can be shown.' }),
    sessionId: idSchema('session'),
    memberId: idSchema('member'),
    companyId: idSchema('company'),
    role: Role,
    expiresAt: Instant.openapi({
      description: 'At the latest; earlier when it is not used for twelve hours.',
    }),
  })
  .openapi('SignedIn', {
    example: {
      token: `sr_session_${'9c'.repeat(32)}`,
      level: 'needs_factor',
      factors: ['totp'],
      sessionId: 'ses_04h5xq8sdp2v0rnm7ke3t1ycwg',
      memberId: 'mem_3t6w9y2a5e8h1k4n7q0s3v6x9z',
      companyId: 'cmp_1n4r7t0v3x6z9c2f5h8k1m4q7s',
      role: 'owner',
      expiresAt: '2026-11-23T09:15:00.000Z',
    },
  });

const OwnSession = z
  .strictObject({
    id: idSchema('session'),
    current: z.boolean().openapi({ description: 'Whether this request was made in it.' }),
    level: z.enum(SESSION_LEVELS),
    createdAt: Instant,
    lastUsedAt: Instant.openapi({ description: 'To the minute.' }),
    expiresAt: Instant,
  })
  .openapi('Session');

export const OwnSessions = z.strictObject({ data: z.array(OwnSession), next: z.null() }).openapi('Sessions', {
  example: {
    data: [
      {
        id: 'ses_04h5xq8sdp2v0rnm7ke3t1ycwg',
        current: true,
        level: 'full',
        createdAt: '2026-11-23T09:00:00.000Z',
        lastUsedAt: '2026-11-23T09:30:00.000Z',
        expiresAt: '2026-11-30T09:00:00.000Z',
      },
    ],
    next: null,
  },
});

export const sessionPath = z.strictObject({ id: idSchema('session') });

export const Company = z
  .strictObject({
    id: idSchema('company'),
    name: z.string(),
    mode: z.enum(['live', 'test']),
    createdAt: Instant,
    closing: z
      .strictObject({ at: Instant, until: Instant, by: idSchema('member') })
      .nullable()
      .openapi({ description: 'Its deletion was asked for; until then it can be taken back.' }),
  })
  .openapi('Company', {
    example: {
      id: 'cmp_1n4r7t0v3x6z9c2f5h8k1m4q7s',
      name: 'Retailer Ltd',
      mode: 'test',
      createdAt: '2026-11-23T09:00:00.000Z',
      closing: null,
    },
  });
export const CompanyChange = z.strictObject({ name: CompanyName });

export const Member = z
  .strictObject({
    id: z.union([idSchema('member'), idSchema('invitation')]),
    email: z.string(),
    role: Role,
    state: z.enum(['invited', 'active', 'suspended']),
    factors: FactorKinds,
    createdAt: Instant,
    lastSignInAt: Instant.nullable(),
    expiresAt: Instant.nullable().openapi({ description: 'Of an invitation.' }),
  })
  .openapi('Member', {
    example: {
      id: 'mem_3t6w9y2a5e8h1k4n7q0s3v6x9z',
      email: 'owner@retailer.example',
      role: 'owner',
      state: 'active',
      factors: ['totp'],
      createdAt: '2026-11-23T09:00:00.000Z',
      lastSignInAt: '2026-11-23T09:00:00.000Z',
      expiresAt: null,
    },
  });
export const Members = z.strictObject({ data: z.array(Member), next: z.null() }).openapi('Members');
export const Invite = z.strictObject({ email: Address, role: Role });
export const MemberChange = z
  .strictObject({ role: Role.optional(), state: z.enum(['active', 'suspended']).optional() })
  .openapi({ example: { role: 'admin' } });
export const memberPath = z.strictObject({ id: idSchema('member') });
/** The problems of what anybody may ask. */
export const PUBLIC_PROBLEMS = [
  'BAD_REQUEST',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'TOO_MANY_REQUESTS',
  'INTERNAL',
  'UNAVAILABLE',
] as const;
export const LETTER = {
  description: 'A letter is on its way. The answer is the same whether the address has an account or not.',
};
export const memberOrInvitationPath = z.strictObject({
  id: z.union([idSchema('member'), idSchema('invitation')]),
});
