import { randomInt } from 'node:crypto';
import { expect } from 'vitest';
import type { Fault } from '../../local/stripe/server.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { randomId } from '../../shared/domain/ids.ts';
import type { StoredOrder } from '../../shared/domain/order.ts';
import { newSupplyOrder } from '../../shared/orders/supply-order.ts';
import type { StoredCharge } from '../../shared/billing/documents.ts';
import { eventually, type Market } from '../support/market.ts';

const HOUR = 60 * 60 * 1000;

/** The same numbers for the same seed (mulberry32). */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A supply order of which everything shipped under a connection that is billed, as `fulfil` leaves it. */
export function shippedOrder(market: Market, price: number, quantity: number): StoredOrder {
  const { partnerId, retailer, supplier } = market.demo;
  const at = new Date(market.cloud.clock.now()).toISOString();
  const order = { code: '#1', currency: 'USD', shippingService: null, addressCleaned: false } as StoredOrder;
  const owner = { companyId: retailer.companyId, orderId: randomId('order') };
  const holder = { companyId: supplier.companyId, orderId: randomId('order') };
  const source = { order, owner, partnerId, at };
  const empty = newSupplyOrder(source, holder, [], undefined as never);
  const line = {
    ...{ id: randomId('line'), origin: randomId('line'), sku: `SKU-${randomInt(20)}`, title: null },
    ...{ quantity, saidQuantity: 0, fulfilledQuantity: quantity, cancelledQuantity: 0, returnedQuantity: 0 },
    ...{ unitPrice: price, supplier: null, stock: null },
  };
  return { ...empty, lines: [line], state: 'fulfilled', unbilled: `${partnerId}/USD` };
}

export async function storeOrders(market: Market, orders: StoredOrder[]): Promise<string[]> {
  const { db } = market.seed;
  const ids: string[] = [];
  for (let from = 0; from < orders.length; from += 200) {
    const batch = db.batch();
    for (const order of orders.slice(from, from + 200)) {
      const id = randomId('order');
      ids.push(id);
      batch.create(db.doc(paths.order(order.companyId, id)), order);
    }
    await batch.commit();
  }
  return ids;
}

/** Connects the demo merchants for billing, with this card on file. Answers the wholesaler's account. */
export async function readyToBill(market: Market, card: string): Promise<string> {
  const terms = { priceListId: null, bill: true, shares: { stock: true } };
  for (const { companyId } of [market.supplier, market.retailer]) {
    await market.seed.db.doc(paths.partner(companyId, market.demo.partnerId)).update({ terms });
  }
  const linked = await market.supplier.call('POST', '/v1/billing/account', { body: {} });
  const { accountId } = linked.json as { accountId: string };
  market.cloud.stripe.finishOnboarding(accountId);
  await eventually(async () => {
    const account = await market.seed.db.doc(paths.billingAccount(market.supplier.companyId)).get();
    expect(account.get('state')).toBe('ready');
  });
  await putOnFile(market, card);
  return accountId;
}

export async function putOnFile(market: Market, card: string): Promise<void> {
  const partner = market.demo.partnerId;
  const asked = await market.retailer.call('POST', '/v1/billing/cards', { body: { partner } });
  const ref = market.seed.db.doc(paths.card(market.supplier.companyId, partner));
  const before = (await ref.get()).get('paymentMethodId') as unknown;
  market.cloud.stripe.completeCheckout((asked.json as { url: string }).url, card);
  await eventually(async () => {
    expect((await ref.get()).get('paymentMethodId')).not.toBe(before);
  });
}

/**
 * Ships some orders every few hours for some days while Stripe loses answers, refuses, hangs, and repeats, delays,
 * reorders and loses events, and the hub is killed in between; then lets everything come to rest.
 */
export async function randomRun(
  market: Market,
  options: { seed: number; orders: number; rounds: number },
): Promise<string[]> {
  const { cloud } = market;
  const random = dice(options.seed);
  const faults: Fault[] = ['lose', 'lose-before', 429, 500, 503];
  cloud.stripe.misbehave(() => {
    if (random() < 0.01) return 'hang';
    return random() < 0.15 ? faults[Math.floor(random() * faults.length)] : undefined;
  });
  cloud.stripe.plan(() => {
    const copies = random() < 0.15 ? 0 : random() < 0.3 ? 2 : 1;
    return Array.from({ length: copies }, () => (random() < 0.3 ? Math.floor(random() * 60 * HOUR) : 0));
  });
  const ids: string[] = [];
  const each = Math.ceil(options.orders / options.rounds);
  for (let round = 0; round < options.rounds; round += 1) {
    const some = Array.from({ length: each }, () =>
      shippedOrder(market, 50 + Math.floor(random() * 5000), 1 + Math.floor(random() * 3)),
    );
    ids.push(...(await storeOrders(market, some)));
    await cloud.clock.advance((1 + Math.floor(random() * 30)) * HOUR);
    const tick = cloud.clock.tick('bill').catch(() => 0);
    if (random() < 0.4) {
      await new Promise((resolve) => setTimeout(resolve, Math.floor(random() * 300)));
      await cloud.kill('bill');
      await cloud.restart('bill');
    }
    await tick;
  }
  cloud.stripe.misbehave(() => undefined);
  cloud.stripe.plan(() => [0]);
  for (let day = 0; day < 4; day += 1) {
    await cloud.clock.advance(25 * HOUR);
    await cloud.stripe.settled();
    await cloud.clock.tick('bill');
    await cloud.stripe.settled();
  }
  await eventually(async () => {
    const charges = await chargesOf(market);
    expect(charges.filter(({ state }) => state !== 'succeeded')).toEqual([]);
  }, 60_000);
  return ids;
}

export async function chargesOf(market: Market): Promise<StoredCharge[]> {
  const { docs } = await market.seed.db.collection(paths.charges(market.supplier.companyId)).get();
  return docs.map((doc) => doc.data() as StoredCharge);
}

/** Each order is on one charge for exactly what it comes to, and Stripe took what our charges say: no more, no less. */
export async function expectChargedOnce(market: Market, account: string, ids: string[]): Promise<void> {
  const charges = await chargesOf(market);
  const on = new Map<string, number[]>();
  for (const { orders } of charges) {
    for (const { orderId, amount } of orders) on.set(orderId, [...(on.get(orderId) ?? []), amount]);
  }
  for (const id of ids) {
    const order = (
      await market.seed.db.doc(paths.order(market.supplier.companyId, id)).get()
    ).data() as StoredOrder;
    const [line] = order.lines;
    expect(on.get(id), id).toEqual([(line?.unitPrice ?? 0) * (line?.quantity ?? 0)]);
    expect([order.unbilled, order.billing?.charges[0]?.state]).toEqual([undefined, 'succeeded']);
  }
  const paid = market.cloud.stripe
    .all(account, 'payment_intent')
    .filter((each) => each['status'] === 'succeeded');
  const byCharge = paid.map((each) => [
    (each['metadata'] as { charge: string }).charge,
    Number(each['amount']),
  ]);
  const ours = charges.map(({ amount, paymentIntentId }) => [paymentIntentId, amount]);
  expect(new Set(byCharge.map(([charge]) => charge)).size).toBe(paid.length);
  expect(paid.map((each) => [each.id, each['amount']]).sort()).toEqual(ours.sort());
  const theirs = await market.seed.db.collection(paths.charges(market.retailer.companyId)).get();
  const sum = (some: { amount: number }[]): number => some.reduce((total, { amount }) => total + amount, 0);
  expect(sum(theirs.docs.map((doc) => doc.data() as StoredCharge))).toBe(sum(charges));
}
