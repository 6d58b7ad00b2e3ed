import { z } from '@hono/zod-openapi';
import { idSchema } from '../../domain/ids.ts';
import { STAFF_ROLES, StaffName } from '../../domain/staff.ts';
import { StaffRow } from '../../staff/attest.ts';
import {
  CreatedPasskey,
  PasskeyCreationOptions,
  PasskeyRequestOptions,
  UsedPasskey,
} from '../accounts/factor-schemas.ts';

/** The options of `navigator.credentials.create` and `.get`. */
export type PasskeyOptions = z.infer<typeof PasskeyCreationOptions>;

const Time = z.iso.datetime();
const STAFF_ID = 'stf_6m9p2r5t8w1y4a7c0e3g6j9n2q';
const DIGEST = 'b8Q0mWcJx0f6P0hVvYw3T2m0sR3l5oZk1nD9eA7gUuE';

const Password = z.string().min(1).max(1024).openapi({ example: 'seven anvils under a paper moon' });
const AppCode = z
  .string()
  .regex(/^[0-9]{6}$/, 'not six digits')
  .openapi({ example: '287082' });
const EnrolmentCode = z
  .string()
  .regex(/^sr_enrol_[0-9a-f]{32}$/, 'not a code of the operator')
  .openapi({ description: 'From the operator. It works once, within a day.' });
const CODE_EXAMPLE = `sr_enrol_${'0f'.repeat(16)}`;
const Attempt = idSchema('session').openapi({
  description: 'Ties the two steps together.',
  example: 'ses_1n4r7t0v3x6z9c2f5h8k1m4q7s',
});
export const Digest = z.string().regex(/^[\w-]{43}$/, 'not a SHA-256 in base64url');

export const SignInOptions = z
  .strictObject({ attempt: Attempt, passkey: PasskeyRequestOptions })
  .openapi('StaffSignInOptions');

export const SignIn = z
  .union([
    z.strictObject({ attempt: Attempt, passkey: UsedPasskey }),
    z.strictObject({ name: StaffName, password: Password, code: AppCode }),
  ])
  .openapi('StaffSignIn', {
    description: 'A passkey, or a password and a code together. There is no third way.',
    example: { name: 'desk-07', password: 'seven anvils under a paper moon', code: '287082' },
  });

export const Self = z
  .strictObject({
    id: idSchema('staff'),
    name: StaffName,
    role: z.enum(STAFF_ROLES),
    trainedUntil: Time.nullable(),
    sessionEndsAt: Time,
  })
  .openapi('StaffSelf', {
    example: {
      id: STAFF_ID,
      name: 'desk-07',
      role: 'support',
      trainedUntil: '2027-05-31T23:59:59.999Z',
      sessionEndsAt: '2026-11-23T19:00:00.000Z',
    },
  });

export const StaffSession = z
  .strictObject({
    token: z
      .string()
      .regex(/^sr_staff_[0-9a-f]{64}$/)
      .openapi({ description: 'Shown once. Good for ten hours, and no longer than half an hour unused.' }),
    staff: Self,
  })
  .openapi('StaffSession');

export const Enrolling = z
  .strictObject({ name: StaffName, code: EnrolmentCode })
  .openapi({ example: { name: 'desk-07', code: CODE_EXAMPLE } });

export const EnrolmentOptions = z
  .strictObject({
    passkey: PasskeyCreationOptions,
    app: z.strictObject({ secret: z.string(), uri: z.string() }).openapi({
      description: 'For an authenticator app. Shown once.',
    }),
  })
  .openapi('StaffEnrolmentOptions');

export const Enrolment = z
  .union([
    z.strictObject({ name: StaffName, code: EnrolmentCode, passkey: CreatedPasskey }),
    z.strictObject({
      name: StaffName,
      code: EnrolmentCode,
      password: Password,
      app: z.strictObject({ secret: z.string().regex(/^[A-Z2-7]{32}$/, 'not the secret'), code: AppCode }),
    }),
  ])
  .openapi('StaffEnrolment', {
    description: 'A passkey, or a password and an authenticator app.',
    example: {
      name: 'desk-07',
      code: CODE_EXAMPLE,
      password: 'seven anvils under a paper moon',
      app: { secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', code: '287082' },
    },
  });

const ROW_EXAMPLE: StaffRow = {
  id: STAFF_ID,
  name: 'desk-07',
  role: 'support',
  state: 'active',
  factors: ['passkey'],
  trainedUntil: '2027-05-31T23:59:59.999Z',
  attestedAt: '2026-09-01T08:00:00.000Z',
  lastUsedOn: '2026-11-22',
};

export const StaffList = z
  .strictObject({
    on: z.iso.date(),
    data: z.array(StaffRow),
    digest: Digest.openapi({ description: 'What the reviewer signs: SHA-256 over the day and all rows.' }),
    signing: PasskeyRequestOptions.optional().openapi({
      description: 'For a reviewer with a passkey: its challenge is the digest.',
    }),
  })
  .openapi('StaffList', {
    example: { on: '2026-11-23', data: [ROW_EXAMPLE], digest: DIGEST },
  });

export const NewAttestation = z.strictObject({ digest: Digest, passkey: UsedPasskey });

export const Attested = z
  .strictObject({ id: idSchema('attestation'), at: Time, attested: z.array(idSchema('staff')) })
  .openapi('StaffAttestation', {
    example: {
      id: 'att_8q1s4v7x0z3c6e9g2j5m8p1r4t',
      at: '2026-11-23T09:00:00.000Z',
      attested: [STAFF_ID],
    },
  });
