import type { Stripe } from 'stripe';
import type { Call } from './call.ts';
import { type CardPlan, TEST_CARDS } from './cards.ts';
import { type Customer, NOBODY, type PaymentMethod, paymentMethodFor } from './customers.ts';
import { createDispute } from './disputes.ts';
import { invoicePaid } from './invoices.ts';
import { createdSince } from './lists.ts';
import { badParam, Refusal, unexpectedState } from './refusal.ts';
import { CHARGE, PAYMENT_INTENT } from './shapes.ts';
import type { Books, Kept, Store } from './store.ts';

export type PaymentIntent = Kept & Partial<Stripe.PaymentIntent>;
export type Charge = Kept & Partial<Stripe.Charge>;

/** Half a US dollar, and what is about that: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts. */
const LEAST = 50;
const LEAST_OTHER: Readonly<Record<string, number>> = { gbp: 30, jpy: 50, mxn: 1000, huf: 17_500 };

export function createPaymentIntent(call: Call): PaymentIntent {
  const { store, books, params, emit } = call;
  const amount = params.whole('amount');
  const currency = params.needed('currency');
  if (amount === undefined) throw badParam('amount', 'Missing required param: amount.', 'parameter_missing');
  if (amount < (LEAST_OTHER[currency] ?? LEAST)) {
    throw badParam('amount', 'Amount must be at least $0.50 usd', 'amount_too_small');
  }
  const fee = params.whole('application_fee_amount') ?? null;
  if (fee !== null && fee > amount) throw badParam('application_fee_amount', 'Fee exceeds the amount');
  const customer = params.text('customer') ?? null;
  if (customer !== null) store.find<Customer>(books, 'customer', customer, 'customer');
  const chosen = params.text('payment_method');
  params.ignore('payment_method_types', 'automatic_payment_methods', 'confirmation_method', 'return_url');
  const id = store.newId('pi');
  const intent = store.keep<PaymentIntent>(books, {
    ...PAYMENT_INTENT,
    id,
    object: 'payment_intent',
    created: store.seconds(),
    amount,
    currency,
    customer,
    amount_capturable: 0,
    amount_received: 0,
    application_fee_amount: fee,
    capture_method: 'automatic',
    client_secret: `${id}_secret_${store.newId('s').slice(2)}`,
    description: params.text('description') ?? null,
    receipt_email: params.text('receipt_email') ?? null,
    livemode: false,
    metadata: params.metadata(),
    payment_method: chosen === undefined ? null : paymentMethodFor(store, books, chosen, NOBODY).id,
    payment_method_types: ['card'],
    status: chosen === undefined ? 'requires_payment_method' : 'requires_confirmation',
  });
  emit('payment_intent.created', intent);
  const offSession = params.flag('off_session');
  if (params.flag('confirm')) pay(call, intent, offSession);
  return intent;
}

export function readPaymentIntent({ store, books, id }: Call): PaymentIntent {
  return store.find<PaymentIntent>(books, 'payment_intent', id);
}

export function listPaymentIntents({ store, books, params }: Call): PaymentIntent[] {
  const customer = params.text('customer');
  const since = createdSince(params.object('created'));
  return store
    .all<PaymentIntent>(books, 'payment_intent')
    .filter((each) => (customer === undefined || each.customer === customer) && since(each.created));
}

export function confirmPaymentIntent(call: Call): PaymentIntent {
  const { store, books, id, params } = call;
  const intent = store.find<PaymentIntent>(books, 'payment_intent', id);
  const chosen = params.text('payment_method');
  const offSession = params.flag('off_session');
  params.ignore('return_url');
  if (
    !['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status ?? '')
  ) {
    throw unexpectedState(
      'payment_intent_unexpected_state',
      `This PaymentIntent's status is ${intent.status ?? ''}, so it can not be confirmed.`,
      { payment_intent: structuredClone(intent) },
    );
  }
  if (chosen !== undefined) intent.payment_method = paymentMethodFor(store, books, chosen, NOBODY).id;
  return pay(call, intent, offSession);
}

export function cancelPaymentIntent({ store, books, id, params, emit }: Call): PaymentIntent {
  const intent = store.find<PaymentIntent>(books, 'payment_intent', id);
  params.ignore('cancellation_reason');
  if (intent.status === 'succeeded' || intent.status === 'canceled') {
    throw unexpectedState(
      'payment_intent_unexpected_state',
      `You cannot cancel this PaymentIntent because it has a status of ${intent.status}.`,
      { payment_intent: structuredClone(intent) },
    );
  }
  intent.status = 'canceled';
  intent.canceled_at = store.seconds();
  emit('payment_intent.canceled', intent);
  return intent;
}

function pay(call: Call, intent: PaymentIntent, offSession: boolean): PaymentIntent {
  const { store, books, emit } = call;
  const methodId = intent.payment_method as string | null;
  if (methodId === null) {
    throw unexpectedState(
      'payment_intent_unexpected_state',
      'You cannot confirm this PaymentIntent because it is missing a payment method.',
      { payment_intent: structuredClone(intent) },
    );
  }
  const method = store.find<PaymentMethod>(books, 'payment_method', methodId, 'payment_method');
  if (intent.customer !== null && method.customer !== intent.customer) {
    throw badParam(
      'payment_method',
      'The payment method is not attached to the customer.',
      'resource_missing',
    );
  }
  const plan = TEST_CARDS[method.token] ?? { brand: 'visa', last4: '0000' };
  const error = refusalOf(plan, offSession);
  const charge = newCharge(store, books, intent, method, plan, error);
  intent.latest_charge = charge.id;
  if (error !== undefined) {
    intent.status = 'requires_payment_method';
    intent.payment_method = null;
    intent.last_payment_error = { ...error, payment_method: structuredClone(method) } as never;
    emit('charge.failed', charge);
    emit('payment_intent.payment_failed', intent);
    throw new Refusal(402, 'card_error', error.message, {
      ...error,
      charge: charge.id,
      payment_intent: structuredClone(intent),
      payment_method: structuredClone(method),
    });
  }
  intent.status = 'succeeded';
  intent.amount_received = intent.amount ?? 0;
  intent.last_payment_error = null;
  emit('charge.succeeded', charge);
  emit('payment_intent.succeeded', intent);
  invoicePaid(call, intent);
  if (plan.disputes) createDispute(call, charge);
  return intent;
}

interface CardError {
  type: 'card_error';
  code: string;
  decline_code: string;
  message: string;
}

function refusalOf(plan: CardPlan, offSession: boolean): CardError | undefined {
  if (plan.declines !== undefined) {
    const { code, declineCode } = plan.declines;
    return { type: 'card_error', code, decline_code: declineCode, message: 'Your card was declined.' };
  }
  if (!plan.authenticates || !offSession) return undefined;
  const code = 'authentication_required';
  const message = 'Your card was declined. This transaction requires authentication.';
  return { type: 'card_error', code, decline_code: code, message };
}

function newCharge(
  store: Store,
  books: Books,
  intent: PaymentIntent,
  method: PaymentMethod,
  plan: CardPlan,
  error: CardError | undefined,
): Charge {
  const id = store.newId('ch');
  const amount = intent.amount ?? 0;
  return store.keep<Charge>(books, {
    ...CHARGE,
    id,
    object: 'charge',
    created: store.seconds(),
    amount,
    amount_captured: error === undefined ? amount : 0,
    amount_refunded: 0,
    application_fee_amount: intent.application_fee_amount ?? null,
    billing_details: structuredClone(method.billing_details) as Stripe.Charge.BillingDetails,
    captured: error === undefined,
    currency: intent.currency ?? 'usd',
    customer: intent.customer ?? null,
    disputed: false,
    failure_code: error?.code ?? null,
    failure_message: error?.message ?? null,
    livemode: false,
    metadata: { ...intent.metadata },
    paid: error === undefined,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: {
      type: 'card',
      card: { ...(method.card as object), last4: plan.last4 },
    } as unknown as Stripe.Charge.PaymentMethodDetails,
    receipt_email: method.billing_details?.email ?? null,
    receipt_url: error === undefined ? `https://pay.stripe.com/receipts/${id}` : null,
    refunded: false,
    status: error === undefined ? 'succeeded' : 'failed',
  });
}

export function readCharge({ store, books, id }: Call): Charge {
  return store.find<Charge>(books, 'charge', id);
}

export function listCharges({ store, books, params }: Call): Charge[] {
  const intent = params.text('payment_intent');
  return store
    .all<Charge>(books, 'charge')
    .filter((charge) => intent === undefined || charge.payment_intent === intent);
}
