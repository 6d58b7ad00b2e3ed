import type { Stripe } from 'stripe';
import type { Call } from './call.ts';
import type { Customer } from './customers.ts';
import type { FormValue } from './form.ts';
import { createdSince } from './lists.ts';
import type { PaymentIntent } from './payments.ts';
import { badParam, unexpectedState } from './refusal.ts';
import { INVOICE, INVOICE_ITEM, LINE_ITEM } from './shapes.ts';
import type { Kept } from './store.ts';

/** `attached` is ours: the payment intents whose success pays it. */
export type Invoice = Kept & Partial<Stripe.Invoice> & { attached: string[]; lineItems: LineItem[] };
type LineItem = Kept & Partial<Stripe.InvoiceLineItem>;

const MOST_LINES = 250;

export function createInvoice({ store, books, params }: Call): Invoice {
  const customer = store.find<Customer>(books, 'customer', params.needed('customer'), 'customer');
  params.ignore('collection_method', 'auto_advance', 'pending_invoice_items_behavior', 'days_until_due');
  const invoice: Invoice = {
    ...INVOICE,
    id: store.newId('in'),
    object: 'invoice',
    created: store.seconds(),
    customer: customer.id,
    customer_email: customer.email ?? null,
    customer_name: customer.name ?? null,
    currency: params.text('currency') ?? 'usd',
    description: params.text('description') ?? null,
    auto_advance: false,
    livemode: false,
    metadata: params.metadata(),
    status: 'draft',
    attached: [],
    lineItems: [],
  };
  return store.keep(books, summed(invoice));
}

export function readInvoice({ store, books, id }: Call): Invoice {
  return store.find<Invoice>(books, 'invoice', id);
}

export function listInvoices({ store, books, params }: Call): Invoice[] {
  const customer = params.text('customer');
  const status = params.text('status');
  const since = createdSince(params.object('created'));
  return store
    .all<Invoice>(books, 'invoice')
    .filter(
      (each) =>
        (customer === undefined || each.customer === customer) &&
        (status === undefined || each.status === status) &&
        since(each.created),
    );
}

export function listInvoiceLines({ store, books, id }: Call): LineItem[] {
  return store.find<Invoice>(books, 'invoice', id).lineItems;
}

export function addInvoiceLines({ store, books, id, params }: Call): Invoice {
  const invoice = draftOf(store.find<Invoice>(books, 'invoice', id));
  for (const line of params.list('lines')) {
    addLine(invoice, store.newId('il'), line as Record<string, FormValue>);
  }
  return summed(invoice);
}

export function createInvoiceItem({ store, books, params }: Call): object {
  const customer = store.find<Customer>(books, 'customer', params.needed('customer'), 'customer');
  const invoice = draftOf(store.find<Invoice>(books, 'invoice', params.needed('invoice'), 'invoice'));
  const amount = params.whole('amount');
  const unit = params.text('unit_amount_decimal');
  const quantity = params.whole('quantity') ?? 1;
  const description = params.text('description') ?? null;
  const line = addLine(invoice, store.newId('il'), {
    ...(amount === undefined
      ? { price_data: { unit_amount_decimal: unit ?? '0' } }
      : { amount: `${amount}` }),
    quantity: `${quantity}`,
    description: description ?? '',
  });
  summed(invoice);
  return store.keep(books, {
    ...INVOICE_ITEM,
    ...{ id: store.newId('ii'), object: 'invoiceitem', created: store.seconds(), date: store.seconds() },
    ...{ amount: line.amount, currency: params.text('currency') ?? invoice.currency, customer: customer.id },
    ...{ description, discountable: true, invoice: invoice.id, quantity, metadata: params.metadata() },
  });
}

export function finalizeInvoice({ store, books, id, params, emit }: Call): Invoice {
  const invoice = store.find<Invoice>(books, 'invoice', id);
  params.ignore('auto_advance');
  draftOf(invoice);
  invoice.status = 'open';
  invoice.number = `SR-${invoice.id.slice(-8).toUpperCase()}`;
  invoice.hosted_invoice_url = `https://invoice.stripe.com/i/${invoice.id}`;
  emit('invoice.finalized', invoice);
  return invoice;
}

export function attachPayment({ store, books, id, params }: Call): Invoice {
  const invoice = store.find<Invoice>(books, 'invoice', id);
  if (invoice.status !== 'open') throw unexpectedState('invoice_not_open', 'The invoice is not open.');
  const param = 'payment_intent';
  const intent = store.find<PaymentIntent>(books, param, params.needed(param), param);
  if (invoice.attached.includes(intent.id)) {
    throw unexpectedState('payment_intent_already_attached', 'The PaymentIntent is attached already.');
  }
  invoice.attached.push(intent.id);
  return invoice;
}

export function voidInvoice({ store, books, id, emit }: Call): Invoice {
  const invoice = store.find<Invoice>(books, 'invoice', id);
  if (invoice.status !== 'open')
    throw unexpectedState('invoice_not_open', 'Only open invoices can be voided.');
  invoice.status = 'void';
  emit('invoice.voided', invoice);
  return invoice;
}

export function deleteInvoice({ store, books, id }: Call): object {
  draftOf(store.find<Invoice>(books, 'invoice', id));
  books.resources.delete(id);
  return { id, object: 'invoice', deleted: true };
}

/** The payment that an open invoice waited for has come. */
export function invoicePaid({ store, books, emit }: Call, intent: PaymentIntent): void {
  for (const invoice of store.all<Invoice>(books, 'invoice')) {
    if (invoice.status !== 'open' || !invoice.attached.includes(intent.id)) continue;
    invoice.amount_paid = intent.amount ?? 0;
    invoice.amount_remaining = (invoice.amount_due ?? 0) - invoice.amount_paid;
    invoice.status = 'paid';
    emit('invoice.paid', invoice);
  }
}

function addLine(invoice: Invoice, id: string, line: Record<string, FormValue>): LineItem {
  if (invoice.lineItems.length >= MOST_LINES) throw badParam('lines', 'An invoice has at most 250 lines.');
  const quantity = Number(line['quantity'] ?? 1);
  const price = (line['price_data'] ?? {}) as Record<string, FormValue>;
  const unit = Number(price['unit_amount'] ?? price['unit_amount_decimal'] ?? 0);
  const text = line['description'];
  const added: LineItem = {
    ...LINE_ITEM,
    ...{ id, object: 'line_item', created: invoice.created },
    amount: line['amount'] === undefined ? unit * quantity : Number(line['amount']),
    currency: invoice.currency ?? 'usd',
    description: typeof text === 'string' && text !== '' ? text : null,
    invoice: invoice.id,
    livemode: false,
    metadata: (line['metadata'] ?? {}) as Record<string, string>,
    quantity,
  };
  invoice.lineItems.push(added);
  return added;
}

function draftOf(invoice: Invoice): Invoice {
  if (invoice.status === 'draft') return invoice;
  throw unexpectedState('invoice_not_editable', 'This invoice is no longer editable.');
}

function summed(invoice: Invoice): Invoice {
  const total = invoice.lineItems.reduce((sum, line) => sum + (line.amount ?? 0), 0);
  invoice.total = total;
  invoice.subtotal = total;
  invoice.amount_due = total;
  invoice.amount_paid = 0;
  invoice.amount_remaining = total;
  return invoice;
}
