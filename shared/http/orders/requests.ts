import { z } from '@hono/zod-openapi';
import { noCardNumber } from '../../domain/card-number.ts';
import { Instant } from '../../domain/order-data.ts';
import { LineQuantities } from './schemas.ts';

/** Carrier and tracking, all optional. */
const TRACKING = {
  carrier: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$/, 'not a name of a carrier in letters and digits')
    .refine(...noCardNumber)
    .transform((text) => text.toLowerCase())
    .nullable()
    .optional()
    .openapi({ type: ['string', 'null'], example: 'ups' }),
  trackingNumbers: z
    .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9 ._/-]{0,99}$/, 'not a tracking number'))
    .max(50)
    .optional(),
  trackingUrls: z
    .array(z.url({ protocol: /^https$/, error: 'not an https URL' }).max(1000))
    .max(50)
    .optional(),
};

/** What a supplier, or a retailer for its own lines, says of a shipment. */
export const ShipmentInput = z.strictObject({
  ...TRACKING,
  shippedAt: Instant.optional(),
  lines: LineQuantities.optional(),
});

export const TrackingInput = z.strictObject(TRACKING);
