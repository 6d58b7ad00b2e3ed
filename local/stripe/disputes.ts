import type { Stripe } from 'stripe';
import type { Call } from './call.ts';
import type { Charge } from './payments.ts';
import { DISPUTE } from './shapes.ts';
import type { Kept } from './store.ts';

export type Dispute = Kept & Partial<Stripe.Dispute>;
type Happening = Pick<Call, 'store' | 'books' | 'emit'>;

/** A card's holder says that a charge is wrong: the money is taken back until it is settled. */
export function createDispute({ store, books, emit }: Happening, charge: Charge): Dispute {
  charge.disputed = true;
  const dispute = store.keep<Dispute>(books, {
    ...DISPUTE,
    id: store.newId('dp'),
    object: 'dispute',
    created: store.seconds(),
    amount: (charge.amount ?? 0) - (charge.amount_refunded ?? 0),
    charge: charge.id,
    currency: charge.currency ?? 'usd',
    evidence: { customer_email_address: charge.billing_details?.email ?? null } as Stripe.Dispute.Evidence,
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    payment_intent: charge.payment_intent ?? null,
    reason: 'fraudulent',
    status: 'needs_response',
  });
  emit('charge.dispute.created', dispute);
  emit('charge.dispute.funds_withdrawn', dispute);
  return dispute;
}

export function closeDispute(
  { store, books, emit }: Happening,
  id: string,
  outcome: 'won' | 'lost',
): Dispute {
  const dispute = store.find<Dispute>(books, 'dispute', id);
  dispute.status = outcome;
  emit('charge.dispute.closed', dispute);
  if (outcome === 'won') emit('charge.dispute.funds_reinstated', dispute);
  return dispute;
}

export function readDispute({ store, books, id }: Call): Dispute {
  return store.find<Dispute>(books, 'dispute', id);
}

export function listDisputes({ store, books, params }: Call): Dispute[] {
  const intent = params.text('payment_intent');
  const charge = params.text('charge');
  return store
    .all<Dispute>(books, 'dispute')
    .filter(
      (each) =>
        (intent === undefined || each.payment_intent === intent) &&
        (charge === undefined || each.charge === charge),
    );
}
