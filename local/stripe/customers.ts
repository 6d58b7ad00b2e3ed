import type { Stripe } from 'stripe';
import type { Call } from './call.ts';
import { TEST_CARDS } from './cards.ts';
import { missing } from './refusal.ts';
import { CUSTOMER, PAYMENT_METHOD, SETUP_INTENT } from './shapes.ts';
import type { Books, Kept, Store } from './store.ts';

export type Customer = Kept & Partial<Stripe.Customer>;
/** `token` is ours: which test card it is. */
export type PaymentMethod = Kept & Partial<Stripe.PaymentMethod> & { token: string };
export type SetupIntent = Kept & Partial<Stripe.SetupIntent>;

/** What a person types into Stripe's page beside the card: personal, and Stripe's alone. */
export interface Holder {
  name: string | null;
  email: string | null;
  phone: string | null;
  line1: string | null;
}

export const NOBODY: Holder = { name: null, email: null, phone: null, line1: null };

export function createCustomer({ store, books, params, emit }: Call): Customer {
  const customer: Customer = {
    ...CUSTOMER,
    id: store.newId('cus'),
    object: 'customer',
    created: store.seconds(),
    balance: 0,
    delinquent: false,
    livemode: false,
    email: params.text('email') ?? null,
    name: params.text('name') ?? null,
    description: params.text('description') ?? null,
    metadata: params.metadata(),
    preferred_locales: [],
    tax_exempt: 'none',
  };
  emit('customer.created', store.keep(books, customer));
  return customer;
}

export function readCustomer({ store, books, id }: Call): Customer {
  return store.find<Customer>(books, 'customer', id);
}

/** A payment method of the account's own, for a test card or for one that is there already. */
export function paymentMethodFor(store: Store, books: Books, id: string, holder: Holder): PaymentMethod {
  const known = books.resources.get(id) as PaymentMethod | undefined;
  if (known?.object === 'payment_method') return known;
  const plan = TEST_CARDS[id];
  if (plan === undefined) throw missing('PaymentMethod', id, 'payment_method');
  const { name, email, phone, line1 } = holder;
  const address = { city: null, country: 'US', line1, line2: null, postal_code: '94102', state: null };
  const method: PaymentMethod = {
    ...PAYMENT_METHOD,
    id: store.newId('pm'),
    object: 'payment_method',
    token: id,
    type: 'card',
    created: store.seconds(),
    livemode: false,
    metadata: {},
    customer: null,
    billing_details: { address, email, name, phone, tax_id: null },
    card: {
      brand: plan.brand,
      country: 'US',
      display_brand: plan.brand,
      exp_month: 8,
      exp_year: 2034,
      fingerprint: 'AOB934RVNwzk6xtn',
      funding: 'credit',
      last4: plan.last4,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
    } as unknown as Stripe.PaymentMethod.Card,
  };
  return store.keep(books, method);
}

export function readPaymentMethod({ store, books, id }: Call): PaymentMethod {
  return store.find<PaymentMethod>(books, 'payment_method', id);
}

export function listPaymentMethods({ store, books, params }: Call): PaymentMethod[] {
  const customer = params.text('customer');
  params.ignore('type');
  return store
    .all<PaymentMethod>(books, 'payment_method')
    .filter((method) => customer === undefined || method.customer === customer);
}

export function attachPaymentMethod({ store, books, id, params, emit }: Call): PaymentMethod {
  const customer = store.find<Customer>(books, 'customer', params.needed('customer'), 'customer');
  const method = paymentMethodFor(store, books, id, NOBODY);
  method.customer = customer.id;
  emit('payment_method.attached', method);
  return method;
}

export function detachPaymentMethod({ store, books, id, emit }: Call): PaymentMethod {
  const method = store.find<PaymentMethod>(books, 'payment_method', id);
  method.customer = null;
  emit('payment_method.detached', method);
  return method;
}

export function newSetupIntent(
  store: Store,
  books: Books,
  more: { customer: string | null; usage: string; metadata: Record<string, string> },
): SetupIntent {
  const id = store.newId('seti');
  return store.keep<SetupIntent>(books, {
    ...SETUP_INTENT,
    id,
    object: 'setup_intent',
    created: store.seconds(),
    client_secret: `${id}_secret_${store.newId('s').slice(2)}`,
    customer: more.customer,
    usage: more.usage,
    metadata: more.metadata,
    livemode: false,
    payment_method_types: ['card'],
    status: 'requires_payment_method',
  });
}

export function createSetupIntent(call: Call): SetupIntent {
  const { store, books, params } = call;
  params.ignore('payment_method_types', 'automatic_payment_methods');
  const intent = newSetupIntent(store, books, {
    customer: params.text('customer') ?? null,
    usage: params.text('usage') ?? 'off_session',
    metadata: params.metadata(),
  });
  const method = params.text('payment_method');
  if (params.flag('confirm') && method !== undefined) confirmSetup(call, intent, method, NOBODY);
  return intent;
}

export function readSetupIntent({ store, books, id }: Call): SetupIntent {
  return store.find<SetupIntent>(books, 'setup_intent', id);
}

export function confirmSetupIntent(call: Call): SetupIntent {
  const { store, books, id, params } = call;
  params.ignore('return_url');
  const intent = store.find<SetupIntent>(books, 'setup_intent', id);
  return confirmSetup(call, intent, params.needed('payment_method'), NOBODY);
}

/** The card is checked with its bank, attached to the customer, and can be charged from now on. */
export function confirmSetup(
  { store, books, emit }: Pick<Call, 'store' | 'books' | 'emit'>,
  intent: SetupIntent,
  methodId: string,
  holder: Holder,
): SetupIntent {
  const method = paymentMethodFor(store, books, methodId, holder);
  if (intent.customer !== null) {
    method.customer = intent.customer as string;
    emit('payment_method.attached', method);
  }
  intent.payment_method = method.id;
  intent.status = 'succeeded';
  emit('setup_intent.succeeded', intent);
  return intent;
}
