import { z } from 'zod';
import { dueSlot } from '../domain/due.ts';
import { ERRORS, type ErrorCode } from '../domain/errors.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import type { ConnectionSecrets } from './platform.ts';

export const PLATFORM_NAMES = ['shopify', 'woocommerce', 'bigcommerce', 'standard'] as const;

/** How a connection is doing, as far as we know. Nobody is told of a shop's customers by it. */
export const Health = z.object({
  /** When a signed delivery last came, to five minutes. */
  lastEventAt: z.string().nullable().default(null),
  /** When the shop's orders were last read from its API. */
  lastPolledAt: z.string().nullable().default(null),
  /** What last went wrong between the shop and us; `null` once it goes well again. */
  lastFailure: z
    .object({ at: z.string(), code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]) })
    .nullable()
    .default(null),
  /** Whether the platform still has the webhooks that we made. `none`: this platform's sender has none that we make. */
  subscription: z.enum(['present', 'restored', 'missing', 'unknown', 'none']).default('unknown'),
  checkedAt: z.string().nullable().default(null),
});
export type Health = z.infer<typeof Health>;

const UNKNOWN: Health = {
  lastEventAt: null,
  lastPolledAt: null,
  lastFailure: null,
  subscription: 'unknown',
  checkedAt: null,
};

/** `companies/{companyId}/connections/{connectionId}`. `connectionRefs/{connectionId}` holds the company alone. */
export const StoredConnection = z.object({
  platform: z.enum(PLATFORM_NAMES),
  /** For the merchant, to tell shops apart. */
  name: z.string().default(''),
  /** Which shop: a `….myshopify.com` name, a site's address, a store's hash. `null` for a sender that has none. */
  shop: z.string().nullable().default(null),
  sealed: z.instanceof(Buffer),
  createdAt: z.string(),
  state: z.enum(['pending', 'active', 'uninstalled']).default('active'),
  /** When the merchant last gave us what its API is called with. */
  agreedAt: z.string().nullable().default(null),
  /** What the merchant let us do there, in the platform's own words. */
  scopes: z.array(z.string()).default([]),
  /** Until when the secret before this one is taken too. */
  overlapUntil: z.string().nullable().default(null),
  /** Which of 16 turns of the poll it is in. */
  slot: z.int().default(0),
  /** Whatever the shop changed before this was read from its API. */
  polledUntil: z.string().nullable().default(null),
  /** A digest of whose stock makes up the numbers that the shop was told. */
  countedBy: z.string().nullable().default(null),
  health: Health.default(UNKNOWN),
  /** How its products are taken over, once the merchant asked for that. */
  catalogue: z
    .object({
      /** `running`: what the shop has at all. `done`: that was read, and what changes is. */
      state: z.enum(['running', 'done']),
      /** Whether the shop's numbers are taken for what nobody counts here yet. */
      counts: z.boolean(),
      requestedAt: z.string(),
      finishedAt: z.string().nullable(),
      /** Written, and left out, since it was asked for. */
      products: z.int(),
      refused: z.int(),
      /** Whatever the shop changed before this was read. */
      until: z.string().nullable(),
      /** Where the run that is under way goes on, and when it began. */
      page: z.string().nullable(),
      startedAt: z.string().nullable().default(null),
    })
    .nullable()
    .default(null),
});
export type StoredConnection = z.infer<typeof StoredConnection>;

/** A connection as it is first stored: what the shop changed before now is no concern of the poll. */
export function newConnection(
  { secrets, name = '' }: { id: string; companyId: string; secrets: ConnectionSecrets; name?: string },
  sealed: Buffer,
  { now }: { now: Clock },
): StoredConnection {
  const createdAt = timestamp(now);
  return {
    platform: secrets.platform,
    name,
    shop: shopOf(secrets),
    sealed,
    createdAt,
    state: 'active',
    agreedAt: createdAt,
    scopes: secrets.platform === 'shopify' ? (secrets.scopes ?? []) : [],
    overlapUntil: null,
    slot: dueSlot(),
    polledUntil: createdAt,
    catalogue: null,
    countedBy: null,
    health: { ...UNKNOWN, subscription: secrets.platform === 'standard' ? 'none' : 'unknown' },
  };
}

export function shopOf(secrets: ConnectionSecrets): string | null {
  if (secrets.platform === 'shopify') return secrets.shop;
  if (secrets.platform === 'woocommerce') return secrets.site;
  return secrets.platform === 'bigcommerce' ? secrets.storeHash : null;
}
