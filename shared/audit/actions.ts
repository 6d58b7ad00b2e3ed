/**
 * The closed catalogue of what is logged. A merchant filters by these words and other programs lean on them: one is
 * added with care and never renamed. Lists show no consumer's data and leave no entry.
 */
export const ACTIONS = [
  'order.received',
  'order.created',
  'order.updated',
  'order.routed',
  'order.supply_received',
  'order.opened',
  'order.address_changed',
  'order.cancelled',
  'order.declined',
  'order.fulfilled',
  'order.fulfilment_changed',
  'order.returned',
  'order.archived',
  'order.held',
  'order.retried',
  'order.erasing',
  'order.erased',
  'order.erased_by_owner',
  'order.view_removed',
  'orders.erase_archived',
  'erasure.confirmed',
  'order.disclosed',
  'order.managed',
  'support.requested',
  'support.approved',
  'support.denied',
  'support.revoked',
  'support.listed',
  'support.ended',
] as const;
export type Action = (typeof ACTIONS)[number];
