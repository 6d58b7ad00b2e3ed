import type { Stripe } from 'stripe';
import type { Call } from './call.ts';
import type { Dispute } from './disputes.ts';
import type { Charge, PaymentIntent } from './payments.ts';
import { badParam, Refusal } from './refusal.ts';
import { REFUND } from './shapes.ts';
import type { Kept } from './store.ts';

export type Refund = Kept & Partial<Stripe.Refund>;

export function createRefund({ store, books, params, emit }: Call): Refund {
  const intentId = params.text('payment_intent');
  const chargeId =
    intentId === undefined
      ? params.needed('charge')
      : store.find<PaymentIntent>(books, 'payment_intent', intentId, 'payment_intent').latest_charge;
  if (typeof chargeId !== 'string') throw badParam('payment_intent', 'It has no successful charge.');
  const charge = store.find<Charge>(books, 'charge', chargeId, 'charge');
  params.ignore('refund_application_fee', 'reverse_transfer', 'reason');
  const disputes = store.all<Dispute>(books, 'dispute').filter((each) => each.charge === chargeId);
  if (disputes.some(({ status }) => status === 'lost')) {
    throw new Refusal(400, 'invalid_request_error', 'Charge has been charged back.', {
      code: 'charge_disputed',
    });
  }
  const left = (charge.amount_captured ?? 0) - (charge.amount_refunded ?? 0);
  if (left === 0) {
    throw new Refusal(400, 'invalid_request_error', 'Charge has already been refunded.', {
      code: 'charge_already_refunded',
    });
  }
  const amount = params.whole('amount') ?? left;
  if (amount < 1 || amount > left) {
    throw badParam('amount', 'Refund amount is greater than unrefunded amount on charge', 'amount_too_large');
  }
  charge.amount_refunded = (charge.amount_refunded ?? 0) + amount;
  charge.refunded = charge.amount_refunded === charge.amount_captured;
  const refund = store.keep<Refund>(books, {
    ...REFUND,
    id: store.newId('re'),
    object: 'refund',
    created: store.seconds(),
    amount,
    charge: charge.id,
    currency: charge.currency ?? 'usd',
    metadata: params.metadata(),
    payment_intent: charge.payment_intent ?? null,
    status: 'succeeded',
  });
  emit('refund.created', refund);
  emit('charge.refunded', charge);
  return refund;
}

export function readRefund({ store, books, id }: Call): Refund {
  return store.find<Refund>(books, 'refund', id);
}

export function listRefunds({ store, books, params }: Call): Refund[] {
  const intent = params.text('payment_intent');
  const charge = params.text('charge');
  return store
    .all<Refund>(books, 'refund')
    .filter(
      (each) =>
        (intent === undefined || each.payment_intent === intent) &&
        (charge === undefined || each.charge === charge),
    );
}
