import { missing } from './refusal.ts';
import { type Books, type Kept, PLATFORM, type Store } from './store.ts';

type Rendered = Record<string, unknown>;

/** What the stand-in keeps beside a resource for itself. */
const OWN = new Set(['token', 'attached', 'lineItems', 'returnUrl', 'refreshUrl']);

/** A resource as Stripe answers it: a copy, with ids where others belong to it. */
export function render(resource: Kept | object): Rendered {
  const shown = Object.entries(resource).filter(([name]) => !OWN.has(name));
  const rendered: Rendered = structuredClone(Object.fromEntries(shown));
  const { lineItems } = resource as { lineItems?: Kept[] };
  if (lineItems !== undefined) {
    const url = `/v1/invoices/${String(rendered['id'])}/lines`;
    const data = lineItems.slice(0, 10).map(render);
    rendered['lines'] = { object: 'list', data, has_more: lineItems.length > 10, url };
  }
  return rendered;
}

/** Puts whole resources where `expand` asks for them: `latest_charge`, `data.payment_method`, `charge.refunds`. */
export function expand(rendered: Rendered, paths: string[], store: Store, books: Books): void {
  for (const path of paths) into(rendered, path.split('.').slice(0, 4), store, books);
}

function into(target: Rendered, [field = '', ...rest]: string[], store: Store, books: Books): void {
  const value = target[field];
  if (Array.isArray(value)) {
    for (const each of value) into(each as Rendered, rest, store, books);
    return;
  }
  if (field === 'refunds' && target['object'] === 'charge') {
    const data = store.all(books, 'refund').filter((refund) => refund['charge'] === target['id']);
    const url = `/v1/charges/${String(target['id'])}/refunds`;
    target[field] = { object: 'list', data: data.map(render), has_more: false, url };
    return;
  }
  if (typeof value === 'string') {
    const found = books.resources.get(value) ?? store.books(PLATFORM).resources.get(value);
    if (found === undefined) throw missing(field, value, 'expand');
    target[field] = render(found);
  }
  const next = target[field];
  if (rest.length > 0 && typeof next === 'object' && next !== null)
    into(next as Rendered, rest, store, books);
}
