import { z } from 'zod';

/** By what a retailer chooses among partners that sell a SKU; whoever was connected first wins a tie. */
export const ROUTING_CRITERIA = ['preference', 'price', 'stock'] as const;
export type RoutingCriterion = (typeof ROUTING_CRITERIA)[number];

/** All criteria, or some, the one that counts most first. */
export const RoutingOrder = z
  .array(z.enum(ROUTING_CRITERIA))
  .max(ROUTING_CRITERIA.length)
  .refine((order) => new Set(order).size === order.length, 'names a criterion twice');

/** What counts unless the retailer says otherwise. */
export const DEFAULT_ROUTING: readonly RoutingCriterion[] = ROUTING_CRITERIA;
