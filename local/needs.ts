import type { FunctionName } from './topology.ts';

/** Which functions are given what beside their identity: on one machine by the launcher, in production by Terraform. */
export const NEEDS = {
  /** Call shops and merchants' own endpoints, on the public internet. */
  egress: ['accounts', 'deliver', 'pull'],
  /** The secret of the hub's one app at Shopify. */
  shopifyApp: ['accounts', 'webhooks', 'pull'],
  /** Send letters. */
  mail: ['accounts', 'partners', 'recover'],
  /** Keys of Stripe's. */
  stripe: ['settle', 'bill', 'billing'],
  /** What Stripe signs its events with. */
  stripeEvents: ['stripe-webhooks'],
  /** Call `disclose`, inside. */
  disclose: ['support'],
  /** Call `archive-log`, inside. */
  archiveLog: ['audit'],
} as const satisfies Record<string, readonly FunctionName[]>;

export function needs(what: keyof typeof NEEDS, name: string): boolean {
  const users: readonly string[] = NEEDS[what];
  return users.includes(name);
}
