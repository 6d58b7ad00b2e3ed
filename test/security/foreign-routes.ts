import type { Scope } from '../../shared/domain/api-key.ts';
import { randomId } from '../../shared/domain/ids.ts';

/** Ids of one company's things, for a caller to put where ids go. */
export interface Ids {
  order: string;
  fulfilment: string;
  erasure: string;
  connection: string;
  line: string;
  partner: string;
  import: string;
  /** A merchant's own name of a product or a price list. */
  name: string;
  /** An entry of the log. */
  entry: string;
  delivery: string;
  endpoint: string;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

interface Named {
  method: Method;
  /** As the OpenAPI document has it. */
  template: string;
}

/** A route that shows or changes what belongs to a company: it needs a key with this scope. */
export interface CompanyRoute extends Named {
  scope: Scope;
  /** A body that is valid when the ids are the caller's own. */
  body?: (ids: Ids) => unknown;
  /** Makes what is not there, by a name that means something in the caller's own company alone. */
  makes?: true;
}

const shipTo = {
  firstName: 'Test',
  lastName: 'Shopper',
  streetAddress: '1 Sample Street\nSampleton',
  postalCode: '40003',
  region: 'Kentucky',
  country: 'US',
};

/** A valid body of `POST /v1/orders`. */
export function orderBody(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    externalId: 'ext-1',
    code: 'ext-1',
    currency: 'USD',
    lines: [{ sku: 'IPOD2008GREEN', title: 'A thing', quantity: 3, unitPrice: 19_900 }],
    totals: { items: 59_700, shipping: 0, tax: 0, discount: 0, total: 59_700 },
    shipTo,
    ...change,
  };
}

const aProduct = { title: 'A thing', price: 1000, currency: 'USD' };

const oneLine = ({ line }: Ids): unknown => ({ lines: [{ lineId: line, quantity: 1 }] });

/** Every route behind a key. A route that is in the document and in neither table fails the test. */
export const COMPANY_ROUTES: readonly CompanyRoute[] = [
  { method: 'GET', template: '/v1/orders', scope: 'orders:read' },
  { method: 'POST', template: '/v1/orders', scope: 'orders:write', body: () => orderBody() },
  {
    method: 'POST',
    template: '/v1/orders/preview',
    scope: 'orders:read',
    body: () => ({ currency: 'USD', lines: [{ sku: 'IPOD2008GREEN', quantity: 1 }] }),
  },
  { method: 'POST', template: '/v1/orders/erase-archived', scope: 'orders:erase' },
  { method: 'GET', template: '/v1/orders/{id}', scope: 'orders:read' },
  { method: 'PATCH', template: '/v1/orders/{id}', scope: 'orders:write', body: () => ({ shipTo }) },
  { method: 'DELETE', template: '/v1/orders/{id}', scope: 'orders:erase' },
  { method: 'POST', template: '/v1/orders/{id}/fulfilments', scope: 'orders:write', body: oneLine },
  {
    method: 'PATCH',
    template: '/v1/orders/{id}/fulfilments/{fulfilmentId}',
    scope: 'orders:write',
    body: () => ({ carrier: 'ups', trackingNumbers: ['1Z1'] }),
  },
  { method: 'POST', template: '/v1/orders/{id}/cancel', scope: 'orders:write', body: oneLine },
  {
    method: 'POST',
    template: '/v1/orders/{id}/decline',
    scope: 'orders:write',
    body: ({ line }) => ({ lines: [{ lineId: line }] }),
  },
  { method: 'POST', template: '/v1/orders/{id}/returns', scope: 'orders:write', body: oneLine },
  { method: 'POST', template: '/v1/orders/{id}/archive', scope: 'orders:write' },
  { method: 'POST', template: '/v1/orders/{id}/retry', scope: 'orders:write' },
  { method: 'POST', template: '/v1/orders/{id}/route', scope: 'orders:write' },
  { method: 'GET', template: '/v1/routing', scope: 'orders:read' },
  { method: 'PUT', template: '/v1/routing', scope: 'orders:write', body: () => ({ order: ['price'] }) },
  { method: 'GET', template: '/v1/stock', scope: 'catalogue:read' },
  {
    method: 'PUT',
    template: '/v1/stock',
    scope: 'catalogue:write',
    body: () => ({ stock: [{ sku: 'IPOD2008GREEN', onHand: 5 }] }),
  },
  { method: 'GET', template: '/v1/billing/account', scope: 'billing:read' },
  { method: 'POST', template: '/v1/billing/account', scope: 'billing:write', body: () => ({}) },
  {
    method: 'PATCH',
    template: '/v1/billing/account',
    scope: 'billing:write',
    body: () => ({ retryAfterDays: [1] }),
  },
  // Whose card is named by a partner, in the query and in the body: held by `test/stripe/billing.test.ts`.
  { method: 'GET', template: '/v1/billing/cards', scope: 'billing:read' },
  {
    method: 'POST',
    template: '/v1/billing/cards',
    scope: 'billing:write',
    body: () => ({ partner: randomId('partner') }),
  },
  { method: 'GET', template: '/v1/billing/charges', scope: 'billing:read' },
  { method: 'GET', template: '/v1/billing/charges/{id}', scope: 'billing:read' },
  {
    method: 'POST',
    template: '/v1/billing/charges/{id}/refunds',
    scope: 'billing:write',
    body: () => ({}),
  },
  { method: 'GET', template: '/v1/billing/statements', scope: 'billing:read' },
  { method: 'GET', template: '/v1/erasures', scope: 'orders:read' },
  { method: 'GET', template: '/v1/erasures/{id}', scope: 'orders:read' },
  { method: 'GET', template: '/v1/deliveries', scope: 'orders:read' },
  { method: 'POST', template: '/v1/deliveries/{id}/retry', scope: 'orders:write' },
  { method: 'GET', template: '/v1/endpoints', scope: 'endpoints:read' },
  {
    method: 'POST',
    template: '/v1/endpoints',
    scope: 'endpoints:write',
    body: () => ({ url: 'https://erp.merchant.com/hook' }),
  },
  { method: 'DELETE', template: '/v1/endpoints/{id}', scope: 'endpoints:write' },
  { method: 'GET', template: '/v1/audit', scope: 'audit:read' },
  { method: 'GET', template: '/v1/products', scope: 'catalogue:read' },
  {
    method: 'PUT',
    template: '/v1/products',
    scope: 'catalogue:write',
    body: () => ({ products: [{ sku: 'TENANT', ...aProduct }] }),
  },
  { method: 'GET', template: '/v1/products/{sku}', scope: 'catalogue:read' },
  {
    method: 'PUT',
    template: '/v1/products/{sku}',
    scope: 'catalogue:write',
    body: () => aProduct,
    makes: true,
  },
  { method: 'DELETE', template: '/v1/products/{sku}', scope: 'catalogue:write' },
  { method: 'GET', template: '/v1/price-lists', scope: 'catalogue:read' },
  { method: 'GET', template: '/v1/price-lists/{id}', scope: 'catalogue:read' },
  {
    method: 'PUT',
    template: '/v1/price-lists/{id}',
    scope: 'catalogue:write',
    body: () => ({ name: 'A list', currency: 'USD' }),
    makes: true,
  },
  { method: 'GET', template: '/v1/imports', scope: 'catalogue:read' },
  { method: 'POST', template: '/v1/imports', scope: 'catalogue:write' },
  { method: 'GET', template: '/v1/imports/{id}', scope: 'catalogue:read' },
  { method: 'GET', template: '/v1/partners/{id}/catalogue', scope: 'catalogue:read' },
  { method: 'GET', template: '/v1/company', scope: 'company:read' },
  { method: 'GET', template: '/v1/export', scope: 'export:read' },
  // A part is a kind and a place in the caller's own records: there is no id of others in it.
  { method: 'GET', template: '/v1/export/{part}', scope: 'export:read' },
  { method: 'GET', template: '/v1/partners', scope: 'partners:read' },
  {
    method: 'POST',
    template: '/v1/partners',
    scope: 'partners:write',
    body: () => ({ email: 'partner@demo.example', role: 'supplier' }),
  },
  { method: 'GET', template: '/v1/partners/{id}', scope: 'partners:read' },
  {
    method: 'PATCH',
    template: '/v1/partners/{id}',
    scope: 'partners:write',
    body: () => ({ preference: 1 }),
  },
  {
    method: 'POST',
    template: '/v1/partners/{id}/invitation',
    scope: 'partners:read',
    body: () => ({ token: 'a.b.c' }),
  },
  {
    method: 'POST',
    template: '/v1/partners/{id}/accept',
    scope: 'partners:write',
    body: () => ({ version: 2 }),
  },
  {
    method: 'POST',
    template: '/v1/partners/{id}/decline',
    scope: 'partners:write',
    body: () => ({ version: 2 }),
  },
  { method: 'POST', template: '/v1/partners/{id}/pause', scope: 'partners:write' },
  { method: 'POST', template: '/v1/partners/{id}/resume', scope: 'partners:write' },
  { method: 'POST', template: '/v1/partners/{id}/end', scope: 'partners:write' },
  { method: 'GET', template: '/v1/audit/export', scope: 'audit:read' },
  { method: 'GET', template: '/v1/audit/bundle', scope: 'audit:read' },
  { method: 'GET', template: '/v1/audit/{id}/proof', scope: 'audit:read' },
  { method: 'GET', template: '/v1/audit/checkpoints', scope: 'audit:read' },
  { method: 'GET', template: '/v1/audit/checkpoints/latest', scope: 'audit:read' },
  { method: 'GET', template: '/v1/audit/checkpoints/{n}/consistency', scope: 'audit:read' },
  { method: 'GET', template: '/v1/privacy-requests', scope: 'orders:read' },
  { method: 'GET', template: '/v1/connections', scope: 'connections:read' },
  {
    method: 'POST',
    template: '/v1/connections',
    scope: 'connections:write',
    body: () => ({ platform: 'standard', name: 'A sender' }),
  },
  { method: 'GET', template: '/v1/connections/shopify/callback', scope: 'connections:write' },
  { method: 'GET', template: '/v1/connections/{id}', scope: 'connections:read' },
  {
    method: 'PATCH',
    template: '/v1/connections/{id}',
    scope: 'connections:write',
    body: () => ({ name: 'Another name' }),
  },
  { method: 'POST', template: '/v1/connections/{id}/rotate', scope: 'connections:write' },
  {
    method: 'POST',
    template: '/v1/connections/{id}/import',
    scope: 'connections:write',
    body: () => ({ stock: false }),
  },
  { method: 'DELETE', template: '/v1/connections/{id}', scope: 'connections:write' },
];

/** Routes without a key, and why they need none. `secret`: a password, a code or the token of a link in the body. */
export const OPEN_ROUTES: readonly (Named & { by: 'signature' | 'public' | 'secret' })[] = [
  { method: 'POST', template: '/webhooks/{connectionId}', by: 'signature' },
  { method: 'POST', template: '/webhooks/shopify', by: 'signature' },
  { method: 'GET', template: '/.well-known/jwks.json', by: 'public' },
  { method: 'GET', template: '/v1/roots', by: 'public' },
  { method: 'GET', template: '/v1/trust', by: 'public' },
  { method: 'GET', template: '/v1/roots/{n}', by: 'public' },
  { method: 'GET', template: '/v1/openapi.json', by: 'public' },
  { method: 'GET', template: '/docs', by: 'public' },
  { method: 'GET', template: '/app/{page}', by: 'public' },
  { method: 'POST', template: '/v1/companies', by: 'secret' },
  { method: 'POST', template: '/v1/companies/confirm', by: 'secret' },
  { method: 'POST', template: '/v1/companies/certificate', by: 'secret' },
  { method: 'POST', template: '/v1/sessions', by: 'secret' },
  { method: 'POST', template: '/v1/password-resets', by: 'secret' },
  { method: 'POST', template: '/v1/password-resets/confirm', by: 'secret' },
  { method: 'POST', template: '/v1/recoveries', by: 'secret' },
  { method: 'POST', template: '/v1/recoveries/start', by: 'secret' },
  { method: 'POST', template: '/v1/recoveries/complete', by: 'secret' },
  { method: 'POST', template: '/v1/members/accept', by: 'secret' },
  { method: 'POST', template: '/v1/staff/sessions/options', by: 'secret' },
  { method: 'POST', template: '/v1/staff/sessions', by: 'secret' },
  { method: 'POST', template: '/v1/staff/enrolments/options', by: 'secret' },
  { method: 'POST', template: '/v1/staff/enrolments', by: 'secret' },
];

/** The template with ids in it. */
export function pathWith(template: string, ids: Ids): string {
  // As well formed as an id of a charge is; that others' charges stay hidden is held by `test/stripe/billing.test.ts`.
  if (template.startsWith('/v1/billing')) return template.replace('{id}', ids.order.replace('ord_', 'chg_'));
  if (template.startsWith('/v1/partners')) return template.replace('{id}', ids.partner);
  return template
    .replace('{fulfilmentId}', ids.fulfilment)
    .replace('{connectionId}', ids.connection)
    .replace('{part}', 'orders')
    .replace('{sku}', ids.name)
    .replace('{n}', '4711')
    .replace('{page}', 'confirm')
    .replace('{id}', idFor(template, ids));
}

function idFor(template: string, ids: Ids): string {
  if (template.startsWith('/v1/connections')) return ids.connection;
  if (template.startsWith('/v1/audit')) return ids.entry;
  if (template.startsWith('/v1/erasures')) return ids.erasure;
  if (template.startsWith('/v1/partners')) return ids.partner;
  if (template.startsWith('/v1/imports')) return ids.import;
  if (template.startsWith('/v1/price-lists')) return ids.name;
  if (template.startsWith('/v1/deliveries')) return ids.delivery;
  return template.startsWith('/v1/endpoints') ? ids.endpoint : ids.order;
}

/** Well formed, and nobody's. */
export function nobodysIds(): Ids {
  return {
    order: randomId('order'),
    fulfilment: randomId('fulfilment'),
    erasure: randomId('erasure'),
    connection: randomId('connection'),
    line: randomId('line'),
    partner: randomId('partner'),
    import: randomId('import'),
    name: randomId('product'),
    entry: randomId('audit'),
    delivery: randomId('delivery'),
    endpoint: randomId('endpoint'),
  };
}

export function nameOf({ method, template }: Named): string {
  return `${method} ${template}`;
}
