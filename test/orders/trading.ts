import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { expect } from 'vitest';
import type { Door } from '../../local/door/door.ts';
import type { Fault } from '../../local/door/faults.ts';
import { seedCompany, type SeedProduct, seedProducts } from '../../local/seed.ts';
import type { AuditEntry } from '../../shared/audit/entry.ts';
import type { Erasure, Order, OrderSummary } from '../../shared/http/orders/schemas.ts';
import { orderIdOf } from '../../shared/orders/order-ids.ts';
import { eventually, type Market, type Merchant } from '../support/market.ts';

/** An order as the single read shows it. */
export type SeenOrder = z.infer<typeof Order>;
export type ListedOrder = z.infer<typeof OrderSummary>;
export type SeenErasure = z.infer<typeof Erasure>;

/** What a call came to: the problem's code is empty when there is none. */
export interface Outcome<T> {
  status: number;
  code: string;
  json: T;
  auditEntry: string | null;
}

export async function call<T = ListedOrder>(
  who: Merchant,
  method: string,
  path: string,
  body?: unknown,
): Promise<Outcome<T>> {
  const answer = await who.call(method, path, body === undefined ? {} : { body });
  const { code } = (answer.json ?? {}) as { code?: string };
  const auditEntry = answer.headers.get('audit-entry');
  return { status: answer.status, code: code ?? '', json: answer.json as T, auditEntry };
}

/** `POST /v1/orders/{id}/{action}`. */
export function act<T = ListedOrder>(
  who: Merchant,
  id: string,
  action: string,
  body: unknown = {},
): Promise<Outcome<T>> {
  return call<T>(who, 'POST', `/v1/orders/${id}/${action}`, body);
}

export async function read(who: Merchant, id: string): Promise<SeenOrder> {
  const { status, json } = await call<SeenOrder>(who, 'GET', `/v1/orders/${id}`);
  expect(status).toBe(200);
  return json;
}

/** Every order of a company without opening any, newest first. */
export async function listAll(who: Merchant, query = ''): Promise<ListedOrder[]> {
  const orders: ListedOrder[] = [];
  let after = '';
  for (;;) {
    const path = `/v1/orders?limit=100${query}${after === '' ? '' : `&after=${encodeURIComponent(after)}`}`;
    const { json } = await call<{ data: ListedOrder[]; next: string | null }>(who, 'GET', path);
    orders.push(...json.data);
    if (json.next === null) return orders;
    after = json.next;
  }
}

/** The order as it is stored, without an entry in anybody's log. */
export async function peek(market: Market, who: Merchant, id: string) {
  const snapshot = await market.seed.db.doc(`companies/${who.companyId}/orders/${id}`).get();
  return snapshot.data() as Record<string, unknown> | undefined;
}

/** The id that an order of the Shopify connection has, or will have. */
export async function orderId(market: Market, externalId: number | string): Promise<string> {
  const lookup = await market.seed.keyring.lookup();
  return orderIdOf(lookup, market.demo.connections.shopify.id, String(externalId));
}

/** Sends a payload, which must be taken, and answers the order's id. */
export async function sent(
  market: Market,
  payload: Record<string, unknown> & { id: number },
  topic?: string,
): Promise<string> {
  await market.deliver(payload, topic);
  return orderId(market, payload.id);
}

/** Waits until routing is over. */
export function done(market: Market, who: Merchant, id: string): Promise<void> {
  return eventually(async () => {
    expect(await peek(market, who, id)).toMatchObject({ routing: 'done' });
  });
}

/** Sends an order, waits until it is routed, and reads both sides. */
export async function trade(
  market: Market,
  change?: Record<string, unknown>,
): Promise<{ payload: ReturnType<Market['order']>; own: SeenOrder; supply: SeenOrder }> {
  const payload = market.order(change);
  const id = await sent(market, payload);
  await done(market, market.retailer, id);
  const own = await read(market.retailer, id);
  const supply = await read(market.supplier, own.supplyOrders[0]?.id ?? '');
  return { payload, own, supply };
}

/** The payload as its shop sends it after a change, some seconds later. */
export function changed<P extends Record<string, unknown>>(
  payload: P,
  change: Record<string, unknown>,
  seconds = 1,
): P {
  const at = Date.parse(String(payload['updated_at'])) + seconds * 1000;
  return { ...payload, updated_at: new Date(at).toISOString(), ...change };
}

/** Lines of the sample order with other quantities by SKU; 0 leaves a line out, `current` is what Shopify still wants. */
export function lines(
  payload: Record<string, unknown>,
  by: Record<string, { quantity: number; current?: number }>,
): Record<string, unknown>[] {
  const items = payload['line_items'] as { sku: string; quantity: number; current_quantity: number }[];
  return items
    .map((item) => {
      const { quantity = item.quantity, current = by[item.sku]?.quantity ?? item.current_quantity } =
        by[item.sku] ?? {};
      return { ...item, quantity, current_quantity: current };
    })
    .filter((item) => item.quantity > 0);
}

/** One entry for each SKU: ordered, shipped, cancelled. */
export function counts(order: ListedOrder | SeenOrder): Record<string, [number, number, number]> {
  return Object.fromEntries(
    order.lines.map((line) => [line.sku, [line.quantity, line.fulfilledQuantity, line.cancelledQuantity]]),
  );
}

export function lineOf(order: ListedOrder | SeenOrder, sku: string): string {
  return order.lines.find((line) => line.sku === sku)?.id ?? '';
}

/** A company's log about one record, oldest first. */
export async function log(who: Merchant, recordId: string): Promise<AuditEntry[]> {
  const { json } = await call<{ data: AuditEntry[] }>(who, 'GET', `/v1/audit?limit=100&record=${recordId}`);
  return json.data.toReversed();
}

/** The actions of a log, such as `order.routed`; openings are left out. */
export async function actions(who: Merchant, recordId: string): Promise<string[]> {
  const entries = await log(who, recordId);
  return entries.map((entry) => entry.action).filter((action) => action !== 'order.opened');
}

/** Collects the writes that one function makes while `work` runs, such as `update companies/…/orders/…`. */
export async function writesOf(
  market: Market,
  name: 'webhooks' | 'orders' | 'route-order' | 'erase' | 'sweep',
  work: () => Promise<unknown>,
): Promise<string[]> {
  const writes: string[] = [];
  const stop = market.cloud.doors[name].observe((some) => {
    writes.push(...some.map(({ kind, path }) => `${kind} ${path}`));
  });
  try {
    await work();
  } finally {
    stop();
  }
  return writes;
}

/** Lets every call that matches fail with this status, until the fault is set to null. */
export function failing(door: Door, match: Fault['match'], status = 7): void {
  const fault: Fault = {
    match,
    nth: 1,
    when: 'before',
    then: { status },
    onHit: () => {
      door.setFault(fault);
    },
  };
  door.setFault(fault);
}

/** Delivers a message to a function as Pub/Sub pushes it; answers the status. */
export async function push(market: Market, to: 'route-order' | 'erase', message: object): Promise<number> {
  const data = Buffer.from(JSON.stringify(message)).toString('base64');
  const answer = await fetch(market.cloud.hosts.url(to), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      message: { data, messageId: '1' },
      subscription: 'projects/p/subscriptions/test',
    }),
  });
  await answer.arrayBuffer();
  return answer.status;
}

/** An order of our own form, with one line of one each. */
export function orderInput(...skus: string[]) {
  return {
    externalId: randomUUID(),
    code: '#T-1',
    currency: 'USD',
    lines: skus.map((sku) => ({ sku, title: `Title of ${sku}`, quantity: 1, unitPrice: 1000 })),
    totals: { items: 1000, shipping: 0, tax: 0, discount: 0, total: 1000 },
    shipTo: {
      firstName: 'Test',
      lastName: 'Shopper',
      streetAddress: '12 Sample Street\nSampleton',
      postalCode: '40003',
      region: 'Kentucky',
      country: 'US',
    },
  };
}

/** A company that a test has for itself, with what it sells. */
export async function newMerchant(market: Market, products: Partial<SeedProduct>[] = []): Promise<Merchant> {
  const company = await seedCompany('Test company', `${randomUUID()}@company.example`, market.seed);
  const product = { sku: 'S', title: 'Thing', price: 500, currency: 'USD', active: true };
  await seedProducts(
    company.companyId,
    products.map((each) => ({ ...product, ...each })),
    market.seed,
  );
  return market.merchant(company);
}
