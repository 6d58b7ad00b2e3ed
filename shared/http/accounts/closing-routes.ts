import { createRoute, z } from '@hono/zod-openapi';
import { StoredClosing } from '../../accounts/closing.ts';
import { idSchema } from '../../domain/ids.ts';
import { answer, body } from '../orders/route-parts.ts';
import { problemAnswers, problemResponses, problemResponsesWithBody } from '../schemas.ts';
import { isPublic, requires } from '../scope.ts';
import { Company, Confirm } from './account-schemas.ts';

const tags = ['Company'];
const Instant = z.iso.datetime({ precision: 3 });

const CompanyClosing = z
  .strictObject({
    company: Company,
    receipt: z.string().openapi({
      description:
        'Leads to the certificate at `/v1/companies/certificate`. The letters to all owners hold it too.',
    }),
  })
  .openapi('CompanyClosing');

const ClosingState = z
  .strictObject({
    companyId: idSchema('company'),
    state: StoredClosing.shape.state.clone().openapi({
      description:
        '`grace`: it can be taken back. `destroyed`: the keys are. `confirmed`: no copy of a key is left in a backup.',
    }),
    until: Instant,
    destroyedAt: Instant.nullable(),
    horizon: Instant.nullable().openapi({ description: 'From when on no copy of a key is left anywhere.' }),
    certificate: z
      .string()
      .nullable()
      .openapi({
        description:
          'A compact JWS of type `strongroom-closing+jwt` by a key of `/.well-known/jwks.json`. `npm run verify-erasure` ' +
          'checks it offline.',
      }),
  })
  .openapi('ClosingState', {
    example: {
      companyId: 'cmp_1n4r7t0v3x6z9c2f5h8k1m4q7s',
      state: 'destroyed',
      until: '2026-11-30T09:00:00.000Z',
      destroyedAt: '2026-11-30T09:05:00.000Z',
      horizon: '2026-11-30T10:05:00.000Z',
      certificate: 'eyJhbGciOiJFUzI1NiIsInR5cCI6…',
    },
  });

export const deleteCompanyRoute = createRoute({
  method: 'delete',
  path: '/v1/company',
  operationId: 'deleteCompany',
  tags,
  summary: 'Delete your company',
  description:
    'For owners who signed in, with password and second factor, within ten minutes. Orders are not taken from now on: ' +
    'platforms that send them are answered 410, Shopify 200. For seven days everything else goes on and any owner can ' +
    'take it back; fetch your export meanwhile. Then what has not ended is cancelled or declined, the key of every ' +
    'order is destroyed, then the company’s own, and all documents are removed.',
  ...requires('company:delete'),
  responses: {
    202: answer(CompanyClosing, 'It begins in seven days.'),
    ...problemResponses('NOT_FOUND', 'CONFLICT', 'FRESH_SIGN_IN_NEEDED'),
  },
});

export const keepCompanyRoute = createRoute({
  method: 'post',
  path: '/v1/company/keep',
  operationId: 'keepCompany',
  tags,
  summary: 'Take the deletion of your company back',
  ...requires('company:delete'),
  responses: {
    200: answer(Company, 'The company, which stays.'),
    ...problemResponsesWithBody('NOT_FOUND', 'CONFLICT'),
  },
});

export const closingCertificateRoute = createRoute({
  method: 'post',
  path: '/v1/companies/certificate',
  operationId: 'readClosingCertificate',
  tags,
  summary: 'See how far a deletion has come',
  description: 'For whoever has the receipt, until ninety days after the end.',
  ...isPublic,
  request: { body: body(Confirm) },
  responses: {
    200: {
      description: 'The deletion, and its certificate.',
      content: { 'application/json': { schema: ClosingState } },
    },
    ...problemAnswers(
      'BAD_REQUEST',
      'PAYLOAD_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
      'TOO_MANY_REQUESTS',
      'INTERNAL',
      'UNAVAILABLE',
    ),
  },
});
