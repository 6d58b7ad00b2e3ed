import { z } from '@hono/zod-openapi';
import { ChargeCode, OrderChargeState } from '../../domain/billing.ts';
import { idSchema } from '../../domain/ids.ts';
import { Amount, Currency, HeldCode, OrderState, Quantity, ShipTo, Sku } from '../../domain/order.ts';

const Count = z.int().min(0);
/** Amounts of up to 500 lines together. */
const Sum = z.int().min(0);
const Time = z.iso.datetime();
const ID = {
  order: 'ord_9x2z5b8d1g4j7n0r3t6w9y2a5e',
  line: 'ln_2c5e8h1k4n7q0s3v6x9z2b5d8f',
  partner: 'ptn_6m9p2r5t8w1y4a7c0e3g6j9n2q',
  fulfilment: 'ful_0b3d6f9h2k5n8q1s4v7x0z3c6e',
  erasure: 'era_4j7n0r3t6w9y2a5e8h1k4n7q0s',
  connection: 'con_8q1s4v7x0z3c6e9g2j5m8p1r4t',
};

const LineSummary = z.strictObject({
  id: idSchema('line'),
  sku: Sku,
  title: z.string().optional().openapi({ description: 'Only when a catalogue names it.' }),
  quantity: Quantity,
  fulfilledQuantity: Count,
  cancelledQuantity: Count,
  returnedQuantity: Count,
  unconfirmedReturnQuantity: Count.optional().openapi({
    description:
      'On a supply order: how many of the returned ones only the retailer has noted. They are charged until the ' +
      'supplier notes them too, or refunds them.',
  }),
  unitPrice: Amount,
  supplier: idSchema('partner').nullable(),
  stock: z.enum(['asked', 'granted', 'backordered']).nullable(),
});
const Line = LineSummary.extend({ title: z.string().nullable() });

const FulfilmentSummary = z.strictObject({
  id: idSchema('fulfilment'),
  shippedAt: Time,
  carrier: z.string().nullable(),
  lines: z.array(z.strictObject({ lineId: idSchema('line'), quantity: Quantity })),
});
const Fulfilment = FulfilmentSummary.extend({
  trackingNumbers: z.array(z.string()),
  trackingUrls: z.array(z.string()),
});

const LINE_EXAMPLE = {
  id: ID.line,
  sku: 'IPOD2008GREEN',
  title: 'iPod Nano 8 GB, green',
  quantity: 1,
  fulfilledQuantity: 1,
  cancelledQuantity: 0,
  returnedQuantity: 0,
  unitPrice: 19900,
  supplier: ID.partner,
  stock: null,
};
const FULFILMENT_EXAMPLE = {
  id: ID.fulfilment,
  shippedAt: '2026-11-23T12:00:00.000Z',
  carrier: 'ups',
  lines: [{ lineId: ID.line, quantity: 1 }],
};
const ORDER_EXAMPLE = {
  id: ID.order,
  code: '#1001',
  source: { connectionId: ID.connection, platform: 'shopify', externalId: '820982911946154508' },
  state: 'fulfilled' as const,
  routing: 'done' as const,
  held: null,
  partner: null,
  supplyOrders: [{ id: 'ord_5c8f1h4k7m0q3s6v9x2z5b8d1g', partner: ID.partner, state: 'fulfilled' as const }],
  shippingService: 'standard',
  addressCleaned: false,
  archivedAt: null,
  erasedAt: null,
  eraseBy: null,
  currency: 'USD',
  lines: [LINE_EXAMPLE],
  totals: { items: 19900, shipping: 1000, tax: 1194, discount: 0, total: 22094 },
  fulfilments: [FULFILMENT_EXAMPLE],
  createdAt: '2026-11-23T09:00:00.000Z',
  updatedAt: '2026-11-23T12:00:00.000Z',
};

/** Of a supply order that is billed here, the same at both sides. */
const OrderBilling = z.strictObject({
  unbilled: z.boolean().openapi({ description: 'Whether something that shipped was not paid for yet.' }),
  charges: z
    .array(
      z.strictObject({
        id: idSchema('charge'),
        amount: z.int(),
        refunded: z.int(),
        lost: z.int(),
        state: OrderChargeState,
        code: ChargeCode.nullable(),
        fix: z.string().nullable().openapi({ description: 'How whoever reads it puts it right.' }),
      }),
    )
    .openapi({
      description: 'Each is `pending` until it was paid or refused; `code` says why it was not paid.',
    }),
});

/** An order as lists and answers to actions show it: nothing in it is sealed. */
export const OrderSummary = z
  .strictObject({
    id: idSchema('order'),
    code: z.string().openapi({ description: "The shop's own number; empty once the order was erased." }),
    source: z
      .strictObject({
        connectionId: idSchema('connection').nullable(),
        platform: z.string(),
        externalId: z.string(),
      })
      .nullable()
      .openapi({ description: 'Where it came from; `null` on an order that a partner sent.' }),
    state: OrderState,
    routing: z.enum(['pending', 'done', 'held']),
    held: z.strictObject({ code: HeldCode, at: Time }).nullable(),
    partner: idSchema('partner').nullable().openapi({ description: 'The retailer, on an order to supply.' }),
    supplyOrders: z.array(
      z.strictObject({
        id: idSchema('order'),
        partner: idSchema('partner'),
        state: OrderState,
        billing: OrderBilling.optional().openapi({
          description: 'In lists and the single read, of one that is billed here and was shipped.',
        }),
      }),
    ),
    shippingService: z.string().nullable(),
    addressCleaned: z
      .boolean()
      .openapi({ description: 'True when an email, a phone number or an IP address was cut out of it.' }),
    archivedAt: Time.nullable(),
    erasedAt: Time.nullable(),
    eraseBy: Time.nullable().openapi({
      description: 'By when the address will be erased, since the shop asked for that. Ship before.',
    }),
    currency: Currency,
    lines: z.array(LineSummary),
    totals: z.strictObject({ items: Sum, shipping: Sum, tax: Sum, discount: Sum, total: Sum }),
    fulfilments: z.array(FulfilmentSummary),
    billing: OrderBilling.optional().openapi({
      description: "On an order to supply; on the retailer's own order each of its supply orders has one.",
    }),
    createdAt: Time,
    updatedAt: Time,
  })
  .openapi('OrderSummary', { example: ORDER_EXAMPLE });

/** An order opened: with the address, all titles, and tracking. */
// Spread, not extended: an extension is told as `allOf`, of which no order could satisfy both strict halves.
export const Order = z
  .strictObject({
    ...OrderSummary.shape,
    lines: z.array(Line),
    shipTo: ShipTo.nullable().openapi({
      description:
        '`null` when there is none, or it was erased, and for a supplier that ships nothing of the order any more.',
    }),
    fulfilments: z.array(Fulfilment),
  })
  .openapi('Order', {
    example: {
      ...ORDER_EXAMPLE,
      shipTo: {
        firstName: 'First',
        lastName: 'Last',
        streetAddress: '123 Shipping Street\nShippington',
        postalCode: '40003',
        region: 'Kentucky',
        country: 'US',
      },
      fulfilments: [
        {
          ...FULFILMENT_EXAMPLE,
          trackingNumbers: ['1Z1234512345123456'],
          trackingUrls: ['https://carrier.example/1Z1234512345123456'],
        },
      ],
    },
  });

export const OrderPage = z
  .strictObject({ data: z.array(OrderSummary), next: z.string().nullable() })
  .openapi('OrderPage');

export const MadeFulfilment = FulfilmentSummary.extend({ order: OrderSummary }).openapi('Fulfilment', {
  example: { ...FULFILMENT_EXAMPLE, order: ORDER_EXAMPLE },
});

/** Lines of a request and how many of each. */
export const LineQuantities = z
  .array(z.strictObject({ lineId: idSchema('line'), quantity: Quantity }))
  .min(1)
  .max(500);

export const Preview = z
  .strictObject({
    currency: Currency,
    lines: z.array(
      z.strictObject({
        sku: Sku,
        quantity: Quantity,
        supplier: idSchema('partner').nullable(),
        unitPrice: Amount.nullable().openapi({
          description: "The supplier's price; `null`: nobody supplies it.",
        }),
        stock: z.enum(['granted', 'backordered']).nullable().openapi({
          description: 'What it would be now; `null`: the supplier does not count it, or does not share it.',
        }),
      }),
    ),
    total: Sum.describe('What the supplied lines cost.'),
  })
  .openapi('OrderPreview', {
    example: {
      currency: 'USD',
      lines: [
        { sku: 'IPOD2008GREEN', quantity: 2, supplier: ID.partner, unitPrice: 15000, stock: 'granted' },
      ],
      total: 30000,
    },
  });

const ERASURE = {
  id: idSchema('erasure'),
  state: z.enum(['pending', 'destroyed', 'confirmed']),
  orders: z.array(idSchema('order')).openapi({ description: 'Own orders: erased for everybody.' }),
  views: z.array(idSchema('order')).openapi({ description: "Partners' orders: only this company's access." }),
  requestedAt: Time,
  destroyedAt: Time.nullable(),
  horizon: Time.nullable().openapi({ description: 'From then on no backup can open them either.' }),
  certificate: z
    .string()
    .nullable()
    .openapi({ description: 'Compact JWS by a key of `/.well-known/jwks.json`.' }),
};
const ERASURE_EXAMPLE = {
  id: ID.erasure,
  state: 'pending' as const,
  orders: [ID.order],
  views: [],
  requestedAt: '2026-11-23T13:00:00.000Z',
  destroyedAt: null,
  horizon: null,
  certificate: null,
};

export const Erasure = z.strictObject(ERASURE).openapi('Erasure', { example: ERASURE_EXAMPLE });

export const ArchivedErasure = z
  .strictObject({ ...ERASURE, more: z.boolean().openapi({ description: 'Others are left: ask again.' }) })
  .openapi('ArchivedErasure', { example: { ...ERASURE_EXAMPLE, more: false } });

export const ErasurePage = z
  .strictObject({ data: z.array(Erasure), next: z.string().nullable() })
  .openapi('ErasurePage');
