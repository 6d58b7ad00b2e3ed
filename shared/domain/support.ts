import { z } from 'zod';
import { idSchema } from './ids.ts';

/** Why somebody asks: a closed set, since a free text could name a person. The rest is in the ticket. */
export const PURPOSES = [
  'order_stuck',
  'order_wrong',
  'delivery_question',
  'erasure_question',
  'merchant_question',
  'security_incident',
] as const;
export const Purpose = z.enum(PURPOSES);

/** What can be asked for as a whole. Keys, members, exports and connections are no kinds: nobody can be let at them. */
export const RECORD_KINDS = ['orders', 'audit'] as const;
export const RecordKind = z.enum(RECORD_KINDS);
export type RecordKind = z.infer<typeof RecordKind>;

/** What managing is: these actions and no others. */
export const MANAGE_ACTIONS = ['order.retry', 'order.archive'] as const;
export const ManageAction = z.enum(MANAGE_ACTIONS);
export type ManageAction = z.infer<typeof ManageAction>;

/** A number of the ticket system: what it says stays there. */
export const Ticket = z.string().regex(/^[A-Z]{1,10}-[0-9]{1,10}$/, 'not a ticket such as DESK-1024');

export const MOST_RECORDS = 50;
export const MOST_MINUTES = 8 * 60;
/** A request that nobody has decided ends after this, in milliseconds. */
export const UNDECIDED_FOR = 14 * 24 * 60 * 60_000;

const distinct = (values: readonly string[]): boolean => new Set(values).size === values.length;

/**
 * How far an approval goes: single orders, or a kind as a whole; the actions; and for how long. Without an action it
 * is for reading alone.
 */
export const ReachParts = z.strictObject({
  records: z.array(idSchema('order')).max(MOST_RECORDS).refine(distinct, 'named twice'),
  kinds: z.array(RecordKind).refine(distinct, 'named twice'),
  actions: z.array(ManageAction).refine(distinct, 'named twice'),
  minutes: z.int().min(5).max(MOST_MINUTES),
});

export const REACHES_NOTHING = { path: ['records'], message: 'name records or kinds' };

export const Reach = ReachParts.refine(reachesSomething, REACHES_NOTHING);
export type Reach = z.infer<typeof Reach>;

const Coordinate = z.string().regex(/^[\w-]{43}$/, 'not 32 bytes in base64url');

/** The public half of the key pair that the staff member's browser made for one request (RFC 7518, section 6.2.1). */
export const PublicKey = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: Coordinate,
  y: Coordinate,
});
export type PublicKey = z.infer<typeof PublicKey>;

/** Whether a reach names anything at all. */
export function reachesSomething(reach: z.infer<typeof ReachParts>): boolean {
  return reach.records.length + reach.kinds.length > 0;
}

/** Some words of a closed set as one, in the order of the set, such as `orders+audit`; `undefined` for none of them. */
export function oneWord(all: readonly string[], some: readonly string[]): string | undefined {
  return all.filter((word) => some.includes(word)).join('+') || undefined;
}

/** Every word that `oneWord` can answer. */
export function allWords(all: readonly string[]): string[] {
  return all.reduce<string[]>((words, word) => [...words, ...words.map((one) => `${one}+${word}`), word], []);
}

/** Whether everything that `inner` reaches is within `outer`. */
export function reachesNoFurther(inner: Reach, outer: Reach): boolean {
  return (
    inner.minutes <= outer.minutes &&
    inner.kinds.every((kind) => outer.kinds.includes(kind)) &&
    inner.actions.every((action) => outer.actions.includes(action)) &&
    inner.records.every((record) => reachesOrder(outer, record))
  );
}

export function reachesOrder(reach: Reach, orderId: string): boolean {
  return reach.kinds.includes('orders') || reach.records.includes(orderId);
}
