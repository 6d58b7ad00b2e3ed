import { z } from 'zod';

/** What has become of a charge. `failed`: tried as often as the wholesaler wants, and waits for another card. */
export const ChargeState = z.enum(['pending', 'processing', 'succeeded', 'declined', 'failed']);
export type ChargeState = z.infer<typeof ChargeState>;

/** What an order says of a charge that it is on: `pending` until it is paid or refused. */
export const OrderChargeState = z.enum(['pending', 'succeeded', 'declined', 'failed', 'disputed']);
export type OrderChargeState = z.infer<typeof OrderChargeState>;

/** Why a charge was not paid, in words of ours: Stripe's own codes are many, and change. */
export const ChargeCode = z.enum([
  'CARD_DECLINED',
  'INSUFFICIENT_FUNDS',
  'CARD_EXPIRED',
  'AUTHENTICATION_REQUIRED',
  'NO_CARD',
  'ACCOUNT_NOT_READY',
  'AMOUNT_NOT_CHARGEABLE',
  'REFUSED_BY_STRIPE',
  'WHOLESALER_GONE',
]);
export type ChargeCode = z.infer<typeof ChargeCode>;

/** How whoever reads it puts it right. */
export const FIXES: Readonly<Record<ChargeCode, string>> = {
  CARD_DECLINED: 'The retailer asks its bank, or puts another card on file.',
  INSUFFICIENT_FUNDS: 'The retailer covers its account, or puts another card on file.',
  CARD_EXPIRED: 'The retailer puts a card on file that has not expired.',
  AUTHENTICATION_REQUIRED: 'The retailer puts the card on file once more and confirms it with its bank.',
  NO_CARD: 'The retailer puts a card on file for this wholesaler.',
  ACCOUNT_NOT_READY: 'The wholesaler finishes what Stripe asks of its account.',
  AMOUNT_NOT_CHARGEABLE: 'Stripe takes no such amount of this currency; settle it outside.',
  REFUSED_BY_STRIPE:
    'The wholesaler looks at the log of its Stripe dashboard; the charge is tried again each day.',
  WHOLESALER_GONE: 'The wholesaler was deleted: the hub charges nothing for it any more; settle it outside.',
};

/** Every kind of event that changes something here. Others are acknowledged and counted. */
export const STRIPE_EVENTS = [
  'account.updated',
  'account.application.deauthorized',
  'checkout.session.completed',
  'setup_intent.succeeded',
  'payment_method.detached',
  'payment_intent.succeeded',
  'payment_intent.payment_failed',
  'payment_intent.processing',
  'payment_intent.canceled',
  'charge.refunded',
  'charge.refund.updated',
  'refund.created',
  'refund.updated',
  'refund.failed',
  'charge.dispute.created',
  'charge.dispute.updated',
  'charge.dispute.closed',
] as const;

const StripeId = z.string().regex(/^[A-Za-z]{2,10}_[A-Za-z0-9_]{1,250}$/);

/** All that leaves the edge of an event: what happened to which resource. What it says of it is asked for again. */
export const StripeEventMessage = z.strictObject({
  eventId: StripeId,
  type: z.enum(STRIPE_EVENTS),
  account: StripeId,
  objectId: StripeId,
  /** Seconds since 1970. */
  created: z.int().min(0),
});
export type StripeEventMessage = z.infer<typeof StripeEventMessage>;
