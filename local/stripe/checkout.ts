import type { Stripe } from 'stripe';
import type { Call } from './call.ts';
import { confirmSetup, type Customer, type Holder, newSetupIntent, type SetupIntent } from './customers.ts';
import { badParam, unexpectedState } from './refusal.ts';
import { CHECKOUT_SESSION } from './shapes.ts';
import type { Kept } from './store.ts';

export type Session = Kept & Partial<Stripe.Checkout.Session>;

/** Checkout in setup mode, which puts a card on file and takes no money. */
export function createSession({ store, books, params, pages }: Call): Session {
  if (params.needed('mode') !== 'setup') throw badParam('mode', 'The stand-in knows setup mode.');
  params.ignore('payment_method_types', 'customer_creation');
  const customer = params.text('customer') ?? null;
  if (customer !== null) store.find<Customer>(books, 'customer', customer, 'customer');
  const data = params.object('setup_intent_data');
  const metadata = (data['metadata'] ?? {}) as Record<string, string>;
  const intent = newSetupIntent(store, books, { customer, usage: 'off_session', metadata });
  const id = store.newId('cs_test');
  return store.keep<Session>(books, {
    ...CHECKOUT_SESSION,
    id,
    object: 'checkout.session',
    created: store.seconds(),
    expires_at: store.seconds() + 24 * 60 * 60,
    mode: 'setup',
    status: 'open',
    payment_status: 'no_payment_required',
    livemode: false,
    customer,
    currency: params.text('currency') ?? null,
    setup_intent: intent.id,
    metadata: params.metadata(),
    success_url: params.needed('success_url'),
    cancel_url: params.text('cancel_url') ?? null,
    url: `${pages}/c/pay/${books.account}/${id}`,
  });
}

export function readSession({ store, books, id }: Call): Session {
  return store.find<Session>(books, 'checkout.session', id);
}

export function expireSession({ store, books, id, emit }: Call): Session {
  const session = store.find<Session>(books, 'checkout.session', id);
  if (session.status !== 'open')
    throw unexpectedState('resource_missing', 'Only open sessions can be expired');
  session.status = 'expired';
  session.url = null;
  emit('checkout.session.expired', session);
  return session;
}

/** What happens on Stripe's own page: somebody typed a card and who they are. */
export function completeSession(
  call: Pick<Call, 'store' | 'books' | 'emit'>,
  id: string,
  card: string,
  holder: Holder,
): Session {
  const { store, books, emit } = call;
  const session = store.find<Session>(books, 'checkout.session', id);
  if (session.status !== 'open') throw unexpectedState('session_not_open', 'This page is not open any more');
  const intent = store.find<SetupIntent>(books, 'setup_intent', session.setup_intent as string);
  confirmSetup(call, intent, card, holder);
  session.status = 'complete';
  session.customer_details = {
    address: null,
    email: holder.email,
    name: holder.name,
    phone: holder.phone,
    tax_exempt: 'none',
    tax_ids: [],
  } as unknown as Stripe.Checkout.Session.CustomerDetails;
  emit('checkout.session.completed', session);
  return session;
}
