import { z } from '@hono/zod-openapi';
import { ChargeCode, ChargeState } from '../../domain/billing.ts';
import { CARD_REFUSED, holdsCardNumber } from '../../domain/card-number.ts';
import { idSchema } from '../../domain/ids.ts';
import { Amount, Currency, Quantity, Timestamp } from '../../domain/order.ts';

const Day = z.iso.date();
const RetryAfterDays = z
  .array(z.int().min(1).max(30))
  .max(8)
  .openapi({ description: 'Days after each decline until the next try.', example: [1, 3, 7] });

/** What a web address says to whoever reads it; itself where it says nothing. */
function decoded(url: string): string {
  try {
    return decodeURIComponent(url.replaceAll('+', ' '));
  } catch {
    return url;
  }
}

export const returnUrl = z
  .url({ protocol: /^https?$/, error: 'not a web address' })
  .max(1000)
  .refine((url) => !holdsCardNumber(url) && !holdsCardNumber(decoded(url)), CARD_REFUSED)
  .optional()
  .openapi({
    description: 'Where Stripe sends the person afterwards.',
    example: 'https://shop.example/billing',
  });

export const Account = z
  .strictObject({
    accountId: z.string().nullable(),
    state: z.enum(['none', 'pending', 'ready', 'disconnected']),
    chargesEnabled: z.boolean(),
    missing: z.array(z.string()).openapi({ description: 'What Stripe still asks for, by its own names.' }),
    retryAfterDays: RetryAfterDays,
  })
  .openapi('BillingAccount', {
    example: {
      accountId: 'acct_1PgafTB7WZ01zgkW',
      state: 'ready',
      chargesEnabled: true,
      missing: [],
      retryAfterDays: [1, 3, 7],
    },
  });

export const AccountChange = z.strictObject({ retryAfterDays: RetryAfterDays });

const LINK = {
  url: z.string().openapi({ description: 'A page of Stripe’s, to be opened by a person.' }),
  expiresAt: Timestamp,
};
export const AccountLink = z.strictObject({ accountId: z.string(), ...LINK }).openapi('BillingAccountLink');
export const CardLink = z.strictObject(LINK).openapi('BillingCardLink');

export const Card = z
  .strictObject({
    partner: idSchema('partner'),
    card: z
      .strictObject({ brand: z.string(), last4: z.string(), expires: z.string() })
      .nullable()
      .openapi({ description: 'As Stripe says it now; we keep none of it.' }),
  })
  .openapi('BillingCard', {
    example: {
      partner: 'ptn_9x2z5b8d1g4j7n0r3t6w9y2a5e',
      card: { brand: 'visa', last4: '4242', expires: '2034-08' },
    },
  });

const ShownLine = z.strictObject({
  lineId: idSchema('line')
    .optional()
    .openapi({ description: 'For the wholesaler: a line of its own order.' }),
  sku: z.string(),
  quantity: Quantity,
  unitPrice: Amount,
  refunded: z.int().min(0),
});

const MONEY = { amount: Amount, refunded: Amount, lost: Amount };

export const Charge = z
  .strictObject({
    id: idSchema('charge'),
    partner: idSchema('partner'),
    state: ChargeState,
    code: ChargeCode.nullable(),
    fix: z.string().nullable().openapi({ description: 'How what keeps it from being paid is put right.' }),
    nextAttemptAt: Timestamp.nullable(),
    attempts: z.int().min(0),
    day: Day,
    currency: Currency,
    ...MONEY,
    fee: Amount.nullable().openapi({
      description: 'For the wholesaler: the hub’s share, which Stripe takes off what it pays out.',
    }),
    net: Amount,
    dispute: z.enum(['open', 'won', 'lost']).nullable(),
    orders: z.array(z.strictObject({ id: idSchema('order'), ...MONEY, lines: z.array(ShownLine) })),
    refunds: z.array(
      z.strictObject({
        id: idSchema('refund'),
        state: z.enum(['pending', 'succeeded', 'failed']),
        amount: Amount,
        stripe: z.string().nullable().openapi({ description: 'For the wholesaler: its id at Stripe.' }),
        createdAt: Timestamp,
        orders: z.array(z.strictObject({ id: idSchema('order'), amount: Amount })),
      }),
    ),
    stripe: z
      .strictObject({
        account: z.string(),
        customer: z.string().nullable(),
        invoice: z.string().nullable(),
        paymentIntent: z.string().nullable(),
      })
      .nullable()
      .openapi({ description: 'For the wholesaler: where to find it at Stripe.' }),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .openapi('Charge');

export const ChargePage = z
  .strictObject({ data: z.array(Charge), next: z.string().nullable() })
  .openapi('ChargePage');

export const RefundInput = z
  .strictObject({
    orderId: idSchema('order').optional(),
    lines: z
      .array(z.strictObject({ lineId: idSchema('line'), quantity: Quantity }))
      .min(1)
      .max(500)
      .optional(),
    amount: Amount.optional(),
  })
  .refine(({ lines, amount }) => lines === undefined || amount === undefined, {
    path: ['amount'],
    message: 'goes without lines, which say it',
  })
  .openapi({
    example: {
      orderId: 'ord_9x2z5b8d1g4j7n0r3t6w9y2a5e',
      lines: [{ lineId: 'ln_3t6w9y2a5e8h1k4n7q0s3v6x9z', quantity: 1 }],
    },
  });

const StatementRow = z.strictObject({
  charge: idSchema('charge'),
  day: Day,
  partner: idSchema('partner'),
  order: idSchema('order'),
  currency: Currency,
  ...MONEY,
  net: Amount,
});
export const Statement = z
  .strictObject({ data: z.array(StatementRow), next: z.string().nullable() })
  .openapi('Statement');
