import { z } from 'zod';
import { idSchema } from './ids.ts';

const Instant = z.iso.datetime({ precision: 3 });
const Bytes = z.instanceof(Buffer);

/**
 * `closing` is how a partner sees a company that has asked for its deletion: it is asked for nothing any more. `ended`
 * is for good; whoever wants to trade again connects anew.
 */
export const PARTNER_STATES = ['invited', 'active', 'paused', 'closing', 'ended'] as const;
export type PartnerState = (typeof PARTNER_STATES)[number];

/** What the other company is to this one. */
export const PARTNER_ROLES = ['supplier', 'retailer'] as const;
export const PartnerRole = z.enum(PARTNER_ROLES);
export type PartnerRole = z.infer<typeof PartnerRole>;

/** What both sides have agreed on. A field that is added here needs the yes of every pair of partners. */
export const Terms = z.strictObject({
  /** The supplier's own name of one of its price lists; `null`: the prices of its products. */
  priceListId: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$/, 'not an id of a price list')
    .nullable(),
  /** Whether the hub charges what was shipped. */
  bill: z.boolean(),
  /** What of the supplier's the retailer is shown beside products and prices. */
  shares: z.strictObject({
    /** How much of each product is in stock. */
    stock: z.boolean(),
  }),
});
export type Terms = z.infer<typeof Terms>;

export const DEFAULT_TERMS: Terms = { priceListId: null, bill: false, shares: { stock: true } };

/** The lowest is asked first. A setting of the retailer alone. */
export const Preference = z.int().min(0).max(1000);
export const DEFAULT_PREFERENCE = 100;

const Side = z.enum(['us', 'them']);

/**
 * `companies/{companyId}/partners/{partnerId}`: another company, and what it is to this one. Both sides have a document
 * of the same id; `us` is the company that a document lies below. An invitation is on the inviter's side alone.
 */
export const StoredPartner = z.object({
  /** The other company; `null` while it is invited, or was and never came. */
  companyId: idSchema('company').nullable(),
  role: PartnerRole,
  state: z.enum(PARTNER_STATES),
  /** Whoever paused resumes. */
  pausedBy: Side.nullable().default(null),
  terms: Terms.default(DEFAULT_TERMS),
  /** Terms of before said `bill`: what was ordered then is still charged once it is shipped. */
  billedBefore: z.boolean().default(false),
  /** Which version of the terms holds. */
  termsVersion: z.int().min(1).default(1),
  /** Other terms, which hold once the side that did not propose them says yes to this version. */
  proposal: z.object({ version: z.int(), terms: Terms, by: Side, at: Instant }).nullable().default(null),
  /** The highest version that there ever was: no number stands for two sets of terms. */
  lastVersion: z.int().min(1).default(1),
  preference: Preference.default(DEFAULT_PREFERENCE),
  /** Whom this side reaches there: address and name, sealed with its own company key for `partner/{partnerId}`. */
  contact: Bytes.nullable().default(null),
  /** The keyed hash of the address that was invited. */
  emailHash: z.string().nullable().default(null),
  /** The document in `partnerInvitations`, while the invitation is open. */
  invitation: z.object({ hash: z.string(), expiresAt: Instant }).nullable().default(null),
  createdAt: Instant,
  endedAt: Instant.nullable().default(null),
});
export type StoredPartner = z.infer<typeof StoredPartner>;

/** One side of a connection that has just come about. */
export function connectedSide(
  companyId: string,
  role: PartnerRole,
  createdAt: string,
  terms: Terms = DEFAULT_TERMS,
): StoredPartner & { companyId: string } {
  return {
    ...{ companyId, role, state: 'active', pausedBy: null, terms, termsVersion: 1, proposal: null },
    ...{
      billedBefore: false,
      lastVersion: 1,
      preference: DEFAULT_PREFERENCE,
      contact: null,
      emailHash: null,
      invitation: null,
    },
    ...{ createdAt, endedAt: null },
  };
}
