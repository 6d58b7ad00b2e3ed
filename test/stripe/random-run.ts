import { randomInt } from 'node:crypto';
import { expect } from 'vitest';
import { dice } from '../../local/stripe/misbehave.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { randomId } from '../../shared/domain/ids.ts';
import type { StoredOrder } from '../../shared/domain/order.ts';
import { newSupplyOrder } from '../../shared/orders/supply-order.ts';
import type { StoredCharge } from '../../shared/billing/documents.ts';
import { eventually, type Market } from '../support/market.ts';

const HOUR = 60 * 60 * 1000;

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

/** Those that the client repeats at once, and now and then one that it waits for in vain. */
const FAULTS = [...Array.from({ length: 3 }, () => 'lose,lose-before,429,500,503'), 'hang'].join(',');

/** Tells Stripe's stand-in what goes wrong from now on, as somebody who tries the hub does. */
async function tell({ cloud }: Market, what: string, form: Record<string, string>): Promise<void> {
  const url = `${cloud.stripe.url}/stand-in/${what}`;
  const told = await fetch(url, { method: 'POST', body: new URLSearchParams(form) });
  expect([told.status, await told.text()]).toEqual([200, 'done\n']);
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
  const seed = String(options.seed);
  await tell(market, 'misbehave', { faults: FAULTS, share: '0.16', seed });
  await tell(market, 'events', { lose: '0.15', copies: '2', late: `0-${60 * 60 * 60}`, share: '0.4', seed });
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
  await tell(market, 'misbehave', {});
  await tell(market, 'events', {});
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
