import * as accounts from './accounts.ts';
import type { Call, Handler } from './call.ts';
import * as checkout from './checkout.ts';
import * as customers from './customers.ts';
import * as disputes from './disputes.ts';
import * as invoices from './invoices.ts';
import { createdSince } from './lists.ts';
import * as payments from './payments.ts';
import * as refunds from './refunds.ts';
import type { Kept } from './store.ts';

/** Every call that is served: method and path, where `*` is an id. */
const ROUTES: Record<string, Handler> = {
  'POST accounts': accounts.createAccount,
  'GET accounts/*': accounts.readAccount,
  'POST account_links': accounts.createAccountLink,
  'POST customers': customers.createCustomer,
  'GET customers/*': customers.readCustomer,
  'GET payment_methods': customers.listPaymentMethods,
  'GET payment_methods/*': customers.readPaymentMethod,
  'POST payment_methods/*/attach': customers.attachPaymentMethod,
  'POST payment_methods/*/detach': customers.detachPaymentMethod,
  'POST setup_intents': customers.createSetupIntent,
  'GET setup_intents/*': customers.readSetupIntent,
  'POST setup_intents/*/confirm': customers.confirmSetupIntent,
  'POST checkout/sessions': checkout.createSession,
  'GET checkout/sessions/*': checkout.readSession,
  'POST checkout/sessions/*/expire': checkout.expireSession,
  'POST payment_intents': payments.createPaymentIntent,
  'GET payment_intents': payments.listPaymentIntents,
  'GET payment_intents/*': payments.readPaymentIntent,
  'POST payment_intents/*/confirm': payments.confirmPaymentIntent,
  'POST payment_intents/*/cancel': payments.cancelPaymentIntent,
  'GET charges': payments.listCharges,
  'GET charges/*': payments.readCharge,
  'POST refunds': refunds.createRefund,
  'GET refunds': refunds.listRefunds,
  'GET refunds/*': refunds.readRefund,
  'GET disputes': disputes.listDisputes,
  'GET disputes/*': disputes.readDispute,
  'POST invoices': invoices.createInvoice,
  'GET invoices': invoices.listInvoices,
  'GET invoices/*': invoices.readInvoice,
  'DELETE invoices/*': invoices.deleteInvoice,
  'GET invoices/*/lines': invoices.listInvoiceLines,
  'POST invoices/*/add_lines': invoices.addInvoiceLines,
  'POST invoices/*/finalize': invoices.finalizeInvoice,
  'POST invoices/*/attach_payment': invoices.attachPayment,
  'POST invoices/*/void': invoices.voidInvoice,
  'POST invoiceitems': invoices.createInvoiceItem,
  'GET events': listEvents,
  'GET events/*': ({ store, books, id }) => store.find(books, 'event', id),
};

const TABLE = Object.entries(ROUTES).map(([route, handler]) => {
  const [method = '', path = ''] = route.split(' ');
  return { method, pattern: new RegExp(`^/v1/${path.replaceAll('*', '([^/]+)')}$`), handler };
});

/** What answers a call, and the id that its path names. */
export function findRoute(method: string, path: string): { handler: Handler; id: string } | undefined {
  for (const route of TABLE) {
    const found = route.method === method ? route.pattern.exec(path) : null;
    if (found !== null) return { handler: route.handler, id: decodeURIComponent(found[1] ?? '') };
  }
  return undefined;
}

function listEvents({ store, books, params }: Call): Kept[] {
  const only = params.text('type');
  const types = params.list('types');
  const since = createdSince(params.object('created'));
  return store
    .all(books, 'event')
    .filter(
      (event) =>
        (only === undefined || event['type'] === only) &&
        (types.length === 0 || types.includes(event['type'] as string)) &&
        since(event.created),
    );
}
