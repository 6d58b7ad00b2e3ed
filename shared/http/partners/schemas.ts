import { z } from '@hono/zod-openapi';
import { emailSchema } from '../../accounts/email.ts';
import { idSchema } from '../../domain/ids.ts';
import { PARTNER_ROLES, PARTNER_STATES, Preference, Terms } from '../../domain/partner.ts';
import { noCardNumber } from '../../domain/card-number.ts';
import { plainLine } from '../../domain/plain-text.ts';

const Instant = z.iso.datetime({ precision: 3 });
const Version = z.int().min(1).max(1_000_000).openapi({ example: 2 });

export const partnerPath = z.strictObject({ id: idSchema('partner') });
export const PartnerState = z.enum(PARTNER_STATES);
export const PartnerRole = z.enum(PARTNER_ROLES);

const EXAMPLE_TERMS = { priceListId: 'wholesale', bill: false, shares: { stock: true } };

const TermsInput = z
  .strictObject({
    priceListId: Terms.shape.priceListId.optional().openapi({
      description:
        'One of the supplier’s price lists, which the supplier names. `null`: the prices of its products.',
    }),
    bill: z.boolean().optional().openapi({ description: 'Whether the hub charges what was shipped.' }),
    shares: z
      .strictObject({
        stock: z.boolean().optional().openapi({
          description: 'Whether the retailer, and its shops, see how much of each product is in stock.',
        }),
      })
      .optional(),
  })
  .openapi({ example: EXAMPLE_TERMS });

const ContactName = z
  .string()
  .max(400)
  .transform(plainLine)
  .pipe(z.string().min(1, 'must have 1 to 200 characters').max(200, 'must have 1 to 200 characters'))
  .refine(...noCardNumber)
  .nullable()
  .default(null)
  .openapi({ type: ['string', 'null'], description: 'For you alone.', example: 'Sales' });
const ContactEmail = emailSchema().openapi({
  type: 'string',
  format: 'email',
  example: 'sales@supplier.example',
});

export const NewPartner = z.strictObject({
  email: ContactEmail,
  name: ContactName,
  role: PartnerRole.clone().openapi({
    description: 'What the other company is to yours.',
    example: 'supplier',
  }),
  terms: TermsInput.optional().openapi({
    description: 'Without them: no price list, not billed, stock is shared.',
  }),
});

export const PartnerChange = z
  .strictObject({
    terms: TermsInput.optional().openapi({
      description: 'A proposal: it holds when the partner accepts its version. What is left out stays.',
    }),
    preference: Preference.optional().openapi({
      description: 'Of a retailer: the supplier with the lowest is asked first.',
    }),
    contact: z.strictObject({ email: ContactEmail, name: ContactName }).nullable().optional(),
  })
  .refine((change) => Object.values(change).some((value) => value !== undefined), {
    message: 'names nothing to change',
    path: ['terms'],
  })
  .openapi({ example: { terms: { bill: true } } });

const Token = z
  .string()
  .max(2000)
  .regex(/^[\w-]+\.[\w-]+\.[\w-]+$/, 'not the token of a link')
  .openapi({
    description: 'Out of the link in the letter, behind `token=`.',
    example: 'eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiI3ZiJ9.c2lnbmF0dXJl',
  });

export const LinkToken = z.strictObject({ token: Token });

/** Exactly one of the two. */
export const Answered = z
  .strictObject({
    token: Token.optional(),
    version: Version.optional().openapi({ description: 'Of the proposed terms.' }),
  })
  .refine(({ token, version }) => (token === undefined) !== (version === undefined), {
    message: 'name either the token of an invitation or the version of a proposal',
    path: ['token'],
  })
  .openapi({ example: { version: 2 } });

const Side = z.enum(['us', 'them']);
const ID = 'ptn_6m9p2r5t8w1y4a7c0e3g6j9n2q';

export const Partner = z
  .strictObject({
    id: idSchema('partner').openapi({ description: 'Both companies know the connection by it.' }),
    name: z.string().nullable().openapi({ description: 'What the partner calls itself, once connected.' }),
    role: PartnerRole.clone().openapi({ description: 'What the partner is to you.' }),
    state: PartnerState.clone().openapi({
      description:
        '`invited`, `active`, `paused` and `ended` are the same for both. `closing`: the partner has asked for the ' +
        'deletion of its company, and nothing new is routed to it.',
    }),
    pausedBy: Side.nullable(),
    terms: Terms,
    termsVersion: Version,
    proposal: z
      .strictObject({ version: Version, terms: Terms, by: Side, at: Instant })
      .nullable()
      .openapi({ description: 'Other terms that wait for a yes.' }),
    preference: Preference.nullable().openapi({ description: 'Your own setting; of retailers alone.' }),
    contact: z
      .strictObject({ email: z.string(), name: z.string().nullable() })
      .nullable()
      .openapi({ description: 'Whom you reach there; the partner does not see it.' }),
    invitation: z.strictObject({ expiresAt: Instant }).nullable(),
    createdAt: Instant,
    endedAt: Instant.nullable(),
  })
  .openapi('Partner', {
    example: {
      ...{ id: ID, name: 'Supplier Ltd', role: 'supplier', state: 'active', pausedBy: null },
      ...{ terms: EXAMPLE_TERMS, termsVersion: 1, proposal: null, preference: 100 },
      ...{ contact: { email: 'sales@supplier.example', name: 'Sales' }, invitation: null },
      ...{ createdAt: '2026-11-23T09:00:00.000Z', endedAt: null },
    },
  });

export const PartnerPage = z
  .strictObject({ data: z.array(Partner), next: z.string().nullable() })
  .openapi('PartnerPage');

export const Invitation = z
  .strictObject({
    id: idSchema('partner'),
    name: z.string().openapi({ description: 'What the company that invites calls itself.' }),
    role: PartnerRole.clone().openapi({ description: 'What it is going to be to you.' }),
    terms: Terms,
    expiresAt: Instant,
  })
  .openapi('PartnerInvitation', {
    example: {
      ...{ id: ID, name: 'Retailer Ltd', role: 'retailer', terms: EXAMPLE_TERMS },
      expiresAt: '2026-12-07T09:00:00.000Z',
    },
  });
