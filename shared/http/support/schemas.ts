import { z } from '@hono/zod-openapi';
import { idSchema } from '../../domain/ids.ts';
import {
  ManageAction,
  PublicKey,
  Purpose,
  type Reach,
  REACHES_NOTHING,
  ReachParts,
  reachesSomething,
  RecordKind,
  Ticket,
} from '../../domain/support.ts';

const Time = z.iso.datetime();
const ID = {
  request: 'sup_04h5xq8sdp2v0rnm7ke3t1ycwg',
  company: 'cmp_1n4r7t0v3x6z9c2f5h8k1m4q7s',
  order: 'ord_9x2z5b8d1g4j7n0r3t6w9y2a5e',
  staff: 'stf_6m9p2r5t8w1y4a7c0e3g6j9n2q',
};
/** The example key of RFC 7517, appendix A.1. */
const KEY_EXAMPLE: PublicKey = {
  kty: 'EC',
  crv: 'P-256',
  x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
  y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
};
const REACH_EXAMPLE: Reach = { records: [ID.order], kinds: [], actions: ['order.retry'], minutes: 60 };

export const ReachShown = z
  .strictObject(ReachParts.shape)
  .refine(reachesSomething, REACHES_NOTHING)
  .openapi('SupportReach', {
    description:
      'Single orders or whole kinds, the actions, and for how many minutes. Without an action: reading.',
    example: REACH_EXAMPLE,
  });
const Key = z.strictObject(PublicKey.shape).openapi('SupportKey', {
  description: 'P-256, made in the browser for this request alone. Its private half never leaves there.',
  example: KEY_EXAMPLE,
});
export const Digest = z
  .string()
  .regex(/^[\w-]{43}$/, 'not a SHA-256 in base64url')
  .openapi({ description: 'SHA-256 over all that is asked, the key included.' });

export const NewRequest = z
  .strictObject({
    companyId: idSchema('company'),
    purpose: Purpose,
    ticket: Ticket,
    asked: ReachShown,
    publicKey: Key,
  })
  .openapi('NewSupportRequest', {
    example: {
      companyId: ID.company,
      purpose: 'order_stuck',
      ticket: 'DESK-1024',
      asked: REACH_EXAMPLE,
      publicKey: KEY_EXAMPLE,
    },
  });

const REQUEST_EXAMPLE = {
  id: ID.request,
  companyId: ID.company,
  staffId: ID.staff,
  purpose: 'order_stuck' as const,
  ticket: 'DESK-1024',
  asked: REACH_EXAMPLE,
  publicKey: KEY_EXAMPLE,
  digest: 'b8Q0mWcJx0f6P0hVvYw3T2m0sR3l5oZk1nD9eA7gUuE',
  state: 'asked' as const,
  approved: null,
  createdAt: '2026-11-23T09:00:00.000Z',
  endsAt: '2026-12-07T09:00:00.000Z',
  endedAt: null,
};

export const SupportRequest = z
  .strictObject({
    id: idSchema('supportRequest'),
    companyId: idSchema('company'),
    staffId: idSchema('staff'),
    purpose: Purpose,
    ticket: Ticket,
    asked: ReachShown,
    publicKey: Key,
    digest: Digest,
    state: z.enum(['asked', 'approved', 'denied', 'revoked', 'ended']),
    approved: z.strictObject({ reach: ReachShown, by: idSchema('member'), at: Time }).nullable(),
    createdAt: Time,
    endsAt: Time.openapi({ description: 'When it ends by itself: first undecided, then approved.' }),
    endedAt: Time.nullable(),
  })
  .openapi('SupportRequest', { example: REQUEST_EXAMPLE });

export const RequestPage = z
  .strictObject({ data: z.array(SupportRequest), next: z.string().nullable() })
  .openapi('SupportRequestPage');

export const Opening = z
  .union([
    z.strictObject({ order: idSchema('order') }),
    z.strictObject({
      kind: RecordKind,
      limit: z.int().min(1).max(100).optional(),
      after: z.string().max(300).optional(),
    }),
  ])
  .openapi('SupportOpening', {
    description: 'One order, or a page of a kind that is approved as a whole.',
    example: { order: ID.order },
  });

export const Disclosure = z
  .strictObject({
    jwe: z.string().openapi({
      description:
        'Compact JWE (`ECDH-ES`, `A256GCM`) for the key of the request alone: the order as the merchant reads it, ' +
        'or a page of the list.',
    }),
  })
  .openapi('SupportDisclosure', { example: { jwe: 'eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTI1NkdDTSJ9..a.b.c' } });

export const Managing = z
  .strictObject({ action: ManageAction, order: idSchema('order') })
  .openapi('SupportAction', { example: { action: 'order.retry', order: ID.order } });

export const Managed = z
  .strictObject({ code: z.literal('DONE'), order: idSchema('order') })
  .openapi('SupportActionDone', { example: { code: 'DONE', order: ID.order } });

export const Approval = z
  .strictObject({
    digest: Digest,
    reach: z.strictObject(ReachParts.shape).partial().optional().openapi({
      description: 'Narrows what was asked for; what is left out stays as asked.',
    }),
  })
  .openapi('Approval', {
    example: { digest: REQUEST_EXAMPLE.digest, reach: { minutes: 30, actions: [] } },
  });
