import { keyedId } from '../domain/ids.ts';
import type { LookupKey } from '../crypto/lookup.ts';

/**
 * An order's id is a keyed hash of where it came from, so that a repeat is the same order, and nobody without the
 * lookup key can tell an id from a shop's own number. Orders made through the API hash the company instead of a
 * connection.
 */
export function orderIdOf(lookup: LookupKey, source: string, externalId: string): string {
  return keyedId('order', lookup.hash('order', source, externalId));
}

export function lineIdOf(lookup: LookupKey, orderId: string, key: string): string {
  return keyedId('line', lookup.hash('line', orderId, key));
}

/** One supply order for each order and partner, whoever computes it and however often. */
export function supplyOrderIdOf(lookup: LookupKey, orderId: string, partnerId: string): string {
  return keyedId('order', lookup.hash('supplyOrder', orderId, partnerId));
}
