import { expect } from 'vitest';
import { paths } from '../../shared/cloud/firestore.ts';
import type { StoredOrder } from '../../shared/domain/order.ts';
import { eventually, type Market, type Merchant } from '../support/market.ts';

/** Who a card's holder is at Stripe: nothing of it may be seen here. */
const HOLDER = {
  name: 'Cnry Cardholder',
  email: 'cnry-card@person.example',
  phone: '+15550001234',
  line1: '9 Cnry Road',
};

export interface ShownCharge {
  id: string;
  state: string;
  code: string | null;
  fix: string | null;
  amount: number;
  fee: number | null;
  refunded: number;
  lost: number;
  net: number;
  dispute: string | null;
  orders: { id: string; amount: number; lines: { lineId?: string; sku: string; quantity: number }[] }[];
  refunds: { stripe: string | null }[];
  stripe: { account: string; paymentIntent: string | null } | null;
}

export interface ShownBilling {
  unbilled: boolean;
  charges: { id: string; state: string; code: string | null; fix: string | null; refunded: number }[];
}

/** An order that is shipped, at both sides. */
export interface Shipped {
  orderId: string;
  supplyOrderId: string;
}

/** Turns the demo merchants' connection into one that is billed. */
export async function agreeToBill(market: Market): Promise<void> {
  const terms = { priceListId: null, bill: true, shares: { stock: true } };
  for (const { companyId } of [market.supplier, market.retailer]) {
    await market.seed.db.doc(paths.partner(companyId, market.demo.partnerId)).update({ terms });
  }
}

export async function get<T>(who: Merchant, path: string): Promise<T> {
  return (await who.call('GET', path)).json as T;
}

export function post(who: Merchant, path: string, body: object, headers?: Record<string, string>) {
  return who.call('POST', path, { body, ...(headers !== undefined && { headers }) });
}

export async function putOnFile(market: Market, card: string): Promise<void> {
  const partner = market.demo.partnerId;
  const asked = await post(market.retailer, '/v1/billing/cards', { partner });
  expect(asked.status).toBe(200);
  const ref = market.seed.db.doc(paths.card(market.supplier.companyId, partner));
  const before = (await ref.get()).get('paymentMethodId') as unknown;
  market.cloud.stripe.completeCheckout((asked.json as { url: string }).url, card, HOLDER);
  await eventually(async () => {
    expect((await ref.get()).get('paymentMethodId')).not.toBe(before);
  });
}

/** A routed order of which the wholesaler has shipped everything. */
export async function shipped(market: Market): Promise<Shipped> {
  const made = await market.routed();
  const { status } = await post(market.supplier, `/v1/orders/${made.supplyOrderId}/fulfilments`, {});
  expect(status).toBe(201);
  return made;
}

/** The daily run, as if today's was still to come, and all that Stripe has to tell of it. */
export async function billed({ seed, cloud }: Market): Promise<void> {
  await seed.db.doc(paths.lease('bill')).delete();
  expect(await cloud.clock.tick('bill')).toBe(204);
  await cloud.stripe.settled();
}

export async function charges(who: Merchant, query = ''): Promise<ShownCharge[]> {
  return (await get<{ data: ShownCharge[] }>(who, `/v1/billing/charges?limit=100${query}`)).data;
}

export async function chargeOf(market: Market, orderId: string, state: string): Promise<ShownCharge> {
  return eventually(async () => {
    const found = (await charges(market.supplier)).find(({ orders }) =>
      orders.some(({ id }) => id === orderId),
    );
    expect(found?.state).toBe(state);
    return found as ShownCharge;
  });
}

export async function stored(market: Market, orderId: string): Promise<StoredOrder> {
  const snapshot = await market.seed.db.doc(paths.order(market.supplier.companyId, orderId)).get();
  return snapshot.data() as StoredOrder;
}

/**
 * What the two orders of a shipment say of its bill, which is the same for both sides, in the single read and in lists.
 * Nothing else of the supply order is on the retailer's.
 */
export async function billingShown(
  market: Market,
  { orderId, supplyOrderId }: Shipped,
): Promise<ShownBilling> {
  type Supplied = { id: string; partner: string; state: string; billing: ShownBilling };
  type Shown = { id: string; billing?: ShownBilling; supplyOrders: Supplied[] };
  const shownTo = async (who: Merchant, id: string): Promise<Shown> => {
    const one = await get<Shown>(who, `/v1/orders/${id}`);
    const { data } = await get<{ data: Shown[] }>(who, '/v1/orders?limit=100');
    const listed = data.find((each) => each.id === id);
    expect([listed?.billing, listed?.supplyOrders]).toEqual([one.billing, one.supplyOrders]);
    return one;
  };
  const own = await shownTo(market.retailer, orderId);
  const theirs = await shownTo(market.supplier, supplyOrderId);
  expect(own.billing).toBeUndefined();
  const { partnerId: partner } = market.demo;
  expect(own.supplyOrders).toEqual([
    { id: supplyOrderId, partner, state: 'fulfilled', billing: theirs.billing },
  ]);
  return theirs.billing as ShownBilling;
}

/** The records of one kind in a company's export, less the signature at its end. */
export async function exported(
  { cloud }: Market,
  { apiKey }: Merchant,
  kind: string,
): Promise<Record<string, unknown>[]> {
  const headers = { Authorization: `Bearer ${apiKey}` };
  const part = await (await fetch(`${cloud.baseUrl}/v1/export/${kind}`, { headers })).text();
  const lines = part.trim().split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Payments that Stripe took. */
export function succeeded({ cloud }: Market, account: string) {
  return cloud.stripe.all(account, 'payment_intent').filter((each) => each['status'] === 'succeeded');
}

/** What of a card's holder, of receipts and of card data is in any document or line of the log. */
export async function knownOfHolders({ seed, cloud }: Market): Promise<string[]> {
  const marks = [
    ...Object.values(HOLDER),
    '4242',
    'owner-of-',
    'pay.stripe.com',
    'AOB934RVNwzk6xtn',
    '"visa"',
  ];
  const found: string[] = [];
  const look = (text: string): unknown => found.push(...marks.filter((mark) => text.includes(mark)));
  for (const group of [
    'billing',
    'cards',
    'charges',
    'receipts',
    'stripeAccounts',
    'orders',
    'audit',
    'idempotency',
  ]) {
    const { docs } = await seed.db.collectionGroup(group).get();
    expect(docs.length, group).toBeGreaterThan(0);
    for (const doc of docs) look(JSON.stringify(doc.data()));
  }
  for (const line of cloud.lines) look(line);
  return found;
}
