import { z } from '@hono/zod-openapi';
import { PLATFORM_NAMES } from '../../commerce/stored-connection.ts';
import { noCardNumber } from '../../domain/card-number.ts';
import { ERRORS, type ErrorCode } from '../../domain/errors.ts';
import { idSchema } from '../../domain/ids.ts';
import { plainLine } from '../../domain/plain-text.ts';

const Instant = z.iso.datetime({ precision: 3 });
const Name = z
  .string()
  .max(200)
  .transform(plainLine)
  .pipe(z.string().max(100, 'must have at most 100 characters'))
  .refine(...noCardNumber)
  .openapi({ type: 'string', description: 'For you, to tell shops apart.', example: 'Main shop' });
/** What stands in a header: no space, no control character. */
const credential = (example: string) =>
  z
    .string()
    .regex(/^[\x21-\x7e]{1,500}$/, 'not a credential of 1 to 500 plain characters')
    .openapi({ example });
const NAME = { name: Name.default('') };

const NewShopify = z.strictObject({
  platform: z.literal('shopify'),
  ...NAME,
  shop: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,100}\.myshopify\.com$/, 'not a name of the form ….myshopify.com')
    .openapi({ example: 'my-shop.myshopify.com' }),
});
const NewWooCommerce = z.strictObject({
  platform: z.literal('woocommerce'),
  ...NAME,
  site: z.string().max(500).openapi({
    description: 'The address of the shop, https:// and whatever comes before `/wp-json`.',
    example: 'https://shop.example.com',
  }),
  consumerKey: credential('ck_5f0c2a9e7b'),
  consumerSecret: credential('cs_9a1d3e5f7c'),
});
const NewBigCommerce = z.strictObject({
  platform: z.literal('bigcommerce'),
  ...NAME,
  storeHash: z
    .string()
    .regex(/^[a-z0-9]{1,40}$/, 'not the hash of a store')
    .openapi({ example: 'abc123' }),
  accessToken: credential('token-of-an-api-account'),
  clientSecret: credential('its-client-secret'),
});
const NewStandard = z.strictObject({
  platform: z.literal('standard'),
  ...NAME,
  publicKey: z
    .string()
    .regex(/^whpk_[A-Za-z0-9+/]{43}=$/, 'not an Ed25519 public key of the form whpk_…')
    .nullable()
    .default(null)
    .openapi({ description: 'Of a sender that signs with `v1a` as well, or alone.' }),
});

export const NewConnection = z
  .discriminatedUnion('platform', [NewShopify, NewWooCommerce, NewBigCommerce, NewStandard])
  .openapi('NewConnection');

export const ConnectionChange = z
  .strictObject({
    name: Name.optional(),
    consumerKey: credential('ck_5f0c2a9e7b').optional(),
    consumerSecret: credential('cs_9a1d3e5f7c').optional(),
    accessToken: credential('token-of-an-api-account').optional(),
    clientSecret: credential('its-client-secret').optional(),
  })
  .refine((change) => Object.values(change).some((value) => value !== undefined), 'names nothing to change')
  .openapi('ConnectionChange', { example: { name: 'Second shop' } });

export const ImportInput = z
  .strictObject({
    stock: z.boolean().default(true).openapi({
      description:
        'Takes the shop’s number for each SKU that is not counted here yet, and what is changed of it there later.',
    }),
  })
  .openapi('ShopImport', { example: { stock: true } });

const Health = z.strictObject({
  lastEventAt: Instant.nullable().openapi({ description: 'The last signed delivery, to five minutes.' }),
  lastPolledAt: Instant.nullable().openapi({
    description: 'When the shop was last asked for what it changed.',
  }),
  lastFailure: z
    .strictObject({ at: Instant, code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]) })
    .nullable()
    .openapi({ description: 'What last went wrong between the shop and us, until it goes well again.' }),
  subscription: z.enum(['present', 'restored', 'missing', 'unknown', 'none']).openapi({
    description:
      'Our webhooks at the shop, looked at daily and whenever a delivery was missed. `restored`: the platform had dropped some.',
  }),
  checkedAt: Instant.nullable(),
});

const SHOWN = {
  id: idSchema('connection'),
  platform: z.enum(PLATFORM_NAMES),
  name: z.string(),
  shop: z.string().nullable(),
  state: z.enum(['pending', 'active', 'uninstalled']).openapi({
    description:
      '`pending`: the merchant has not agreed at Shopify yet. `uninstalled`: they took the app away.',
  }),
  url: z.url().openapi({ description: 'Where the shop sends its events.' }),
  scopes: z.array(z.string()).openapi({ description: 'What you let us do, in Shopify’s words.' }),
  secretOverlapUntil: Instant.nullable().openapi({
    description: 'Until when the secret of before is taken too.',
  }),
  health: Health,
  catalogue: z
    .strictObject({
      state: z.enum(['running', 'done']),
      requestedAt: Instant,
      finishedAt: Instant.nullable(),
      products: z.int().openapi({ description: 'Taken over since then, changes included.' }),
      refused: z
        .int()
        .openapi({ description: 'Left out: without a SKU, or nothing that a catalogue takes.' }),
    })
    .nullable()
    .openapi({ description: 'How the shop’s products are taken over; `null` before that was asked for.' }),
  createdAt: Instant,
};
const EXAMPLE = {
  id: 'con_2m5q8t1w4z7c0f3h6k9n2r5v8x',
  platform: 'woocommerce' as const,
  name: 'Main shop',
  shop: 'https://shop.example.com',
  state: 'active' as const,
  url: 'https://hub.example.com/webhooks/con_2m5q8t1w4z7c0f3h6k9n2r5v8x',
  scopes: [],
  secretOverlapUntil: null,
  health: {
    lastEventAt: '2026-11-23T09:30:00.000Z',
    lastPolledAt: '2026-11-23T09:32:00.000Z',
    lastFailure: null,
    subscription: 'present' as const,
    checkedAt: '2026-11-23T09:00:00.000Z',
  },
  catalogue: null,
  createdAt: '2026-11-23T09:00:00.000Z',
};

export const Connection = z.strictObject(SHOWN).openapi('Connection', { example: EXAMPLE });
export const MadeConnection = z
  .strictObject({
    ...SHOWN,
    secret: z
      .string()
      .nullable()
      .openapi({ description: 'What a Standard Webhooks sender signs with. It is shown this once.' }),
    authorizeUrl: z
      .url()
      .nullable()
      .openapi({ description: 'Open it within an hour, signed in as the owner of the Shopify shop.' }),
  })
  .openapi('MadeConnection', { example: { ...EXAMPLE, secret: null, authorizeUrl: null } });
export const ConnectionPage = z
  .strictObject({ data: z.array(Connection), next: z.string().nullable() })
  .openapi('ConnectionPage', { example: { data: [EXAMPLE], next: null } });
