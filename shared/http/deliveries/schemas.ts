import { z } from '@hono/zod-openapi';
import {
  DELIVERY_KINDS,
  DELIVERY_CODES,
  DELIVERY_STATES,
  DeliveryTarget,
  EVENT_TYPES,
  EventType,
} from '../../domain/delivery.ts';
import { idSchema } from '../../domain/ids.ts';

const Instant = z.iso.datetime({ precision: 3 });

export const DELIVERY_EXAMPLE = {
  id: 'del_2c5f8h1k4m7q0s3v6x9z2b5d8g',
  kind: 'shipment' as const,
  event: null,
  orderId: 'ord_9x2z5b8d1g4j7n0r3t6w9y2a5e',
  sku: null,
  fulfilmentId: 'ful_4k7m0q3s6v9x2z5b8d1g5c8f1h',
  target: { type: 'connection' as const, id: 'con_6x9z2b5d8g1j4n7r0t3w6y9a2c' },
  state: 'failed' as const,
  attempts: 2,
  lastAttemptAt: '2026-11-23T09:01:30.000Z',
  lastCode: 'RATE_LIMITED' as const,
  nextAttemptAt: '2026-11-23T09:02:30.000Z',
  createdAt: '2026-11-23T09:00:00.000Z',
  updatedAt: '2026-11-23T09:01:31.000Z',
};

/** One thing that goes out, as it is shown. */
export const Delivery = z
  .strictObject({
    id: idSchema('delivery'),
    kind: z.enum(DELIVERY_KINDS).openapi({
      description:
        '`shipment` and `tracking` go to the shop that the order came from, `order` to your own shop when you supply it, ' +
        '`stock` to each shop that sells a SKU, `event` to an endpoint.',
    }),
    event: EventType.nullable(),
    orderId: idSchema('order').nullable(),
    sku: z.string().nullable().openapi({ description: 'Of a `stock` alone.' }),
    fulfilmentId: idSchema('fulfilment').nullable(),
    target: DeliveryTarget,
    state: z.enum(DELIVERY_STATES).openapi({
      description:
        '`failed` is tried again at `nextAttemptAt`; `dead` was given up and waits for your retry.',
    }),
    attempts: z.int(),
    lastAttemptAt: Instant.nullable(),
    lastCode: z
      .enum(DELIVERY_CODES)
      .nullable()
      .openapi({ description: 'Why the last attempt did not do it.' }),
    nextAttemptAt: Instant.nullable(),
    createdAt: Instant,
    updatedAt: Instant,
  })
  .openapi('Delivery', { example: DELIVERY_EXAMPLE });

export const DeliveryPage = z
  .strictObject({ data: z.array(Delivery), next: z.string().nullable() })
  .openapi('DeliveryPage', { example: { data: [DELIVERY_EXAMPLE], next: null } });

const Events = z
  .array(EventType)
  .min(1)
  .max(EVENT_TYPES.length)
  .refine((events) => new Set(events).size === events.length, 'names an event twice');

export const NewEndpoint = z.strictObject({
  url: z.string().max(2000).openapi({
    description: 'An https:// address on the public internet, port 443 or 8443. Redirects are not followed.',
    example: 'https://erp.merchant.com/hooks/strongroom',
  }),
  events: Events.default([...EVENT_TYPES]).openapi({ description: 'Without it: all.' }),
});

const SHOWN = {
  id: idSchema('endpoint'),
  url: z.string(),
  events: z.array(EventType),
  state: z.enum(['active', 'gone']).openapi({
    description: '`gone`: it answered 410 and is told nothing any more.',
  }),
  createdAt: Instant,
};
const ENDPOINT_EXAMPLE = {
  id: 'ept_8d1g4j7n0r3t6w9y2a5e9x2z5b',
  url: 'https://erp.merchant.com/hooks/strongroom',
  events: ['order.assigned', 'shipment.created'] as EventType[],
  state: 'active' as const,
  createdAt: '2026-11-23T09:00:00.000Z',
};

export const Endpoint = z.strictObject(SHOWN).openapi('Endpoint', { example: ENDPOINT_EXAMPLE });
export const MadeEndpoint = z
  .strictObject({
    ...SHOWN,
    secret: z.string().openapi({
      description: 'Verifies what comes, as https://www.standardwebhooks.com says. It is shown once.',
    }),
  })
  .openapi('MadeEndpoint', { example: { ...ENDPOINT_EXAMPLE, secret: 'whsec_…, 50 characters' } });
export const EndpointPage = z
  .strictObject({ data: z.array(Endpoint), next: z.null() })
  .openapi('EndpointPage', { example: { data: [ENDPOINT_EXAMPLE], next: null } });
