import type { DocumentData } from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { holdWork, letWork } from '../../shared/backups/hold-work.ts';
import { fromMetadata, toMetadata } from '../../shared/billing/charged-orders.ts';
import type { ChargedOrder } from '../../shared/billing/documents.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { randomId } from '../../shared/domain/ids.ts';
import { type Books, DAY, HOUR, openPayingBooks } from './books.ts';

let books: Books;
beforeAll(async () => {
  books = await openPayingBooks();
});
afterAll(() => books.close());
beforeEach(() => {
  books.lines.length = 0;
});

interface Kept {
  at: string;
  documents: { path: string; data: DocumentData }[];
}

const KINDS = ['orders', 'charges', 'leases'];
const sumPaid = (): number => books.paid().reduce((sum, { amount }) => sum + amount, 0);
const alarms = (): number => books.lines.filter((line) => line.includes('NOT_OURS_AND_PAID')).length;

/** What a backup has of the databases' changing parts. */
async function backUp(): Promise<Kept> {
  const at = new Date(books.deps.now()).toISOString();
  const found = await Promise.all(KINDS.map((kind) => books.db.collectionGroup(kind).get()));
  return {
    at,
    documents: found.flatMap(({ docs }) => docs.map((doc) => ({ path: doc.ref.path, data: doc.data() }))),
  };
}

/** As after `npm run restore`: what came since is forgotten, and work goes on. */
async function restore({ at, documents }: Kept): Promise<void> {
  const found = await Promise.all(KINDS.map((kind) => books.db.collectionGroup(kind).get()));
  for (const doc of found.flatMap(({ docs }) => docs)) await doc.ref.delete();
  for (const { path, data } of documents) await books.db.doc(path).set(data);
  await holdWork(books.db, books.deps.now);
  await letWork(books.db, { restoredTo: at, restoredAt: new Date(books.deps.now()).toISOString() });
}

it('charges nothing twice that was charged since the backup, and everything that was not', async () => {
  await books.ship(1000);
  await books.billed();
  const known = [await books.ship(2000), await books.ship(100, 3)];
  const kept = await backUp();
  const since = await books.ship(4000);
  await books.billed();
  expect(sumPaid()).toBe(7300);
  const forgotten = await books.order(since);
  const paid = books.paid().map(({ id }) => id);
  const charge = (await books.charges()).at(-1) ?? expect.fail('no charge');

  books.pass(HOUR);
  await restore(kept);
  const later = await books.ship(500);
  await books.billed();
  expect(sumPaid()).toBe(7800);
  const [, adopted] = await books.charges();
  const { id, amount, fee, state, customerId, currency, partnerId, retailerId } = charge;
  const same = { id, amount, fee, state, customerId, currency, partnerId, retailerId };
  expect(adopted).toMatchObject({ ...same, paymentIntentId: paid[1] });
  expect(adopted?.orders.map(({ orderId }) => orderId)).toEqual(charge.orders.map(({ orderId }) => orderId));
  for (const orderId of known) {
    const { unbilled, billing } = await books.order(orderId);
    expect([unbilled, billing?.charges]).toMatchObject([undefined, [{ id: charge.id, state: 'succeeded' }]]);
  }
  expect((await books.order(later)).billing?.charges).toHaveLength(1);
  expect(await books.charges(books.retailerId)).toHaveLength(3);

  // The order that the backup did not have comes back, and is shipped as it was.
  const { billing: _billing, ...again } = forgotten;
  const mark = `${books.partnerId}/USD`;
  await books.db.doc(paths.order(books.supplierId, since)).set({ ...again, unbilled: mark });
  await books.billed();
  await books.billed();
  expect(sumPaid()).toBe(7800);
  expect(await books.order(since)).toMatchObject({ billing: { charges: [{ id: charge.id, amount: 4000 }] } });
  // More of it is charged as ever.
  const order = await books.order(since);
  const lines = order.lines.map((line) => ({ ...line, quantity: 3, fulfilledQuantity: 3 }));
  await books.db.doc(paths.order(books.supplierId, since)).set({ ...order, lines, unbilled: mark });
  await books.billed();
  expect(sumPaid()).toBe(7800 + 8000);
  expect(alarms()).toBe(0);
});

it('charges nothing while a payment since the backup does not say what it was for', async () => {
  const before = sumPaid();
  const kept = await backUp();
  const customer = (await books.charges()).at(-1)?.customerId ?? '';
  const card = (await books.db.doc(paths.card(books.supplierId, books.partnerId)).get()).get(
    'paymentMethodId',
  ) as string;
  const stray = { amount: '900', currency: 'usd', customer, payment_method: card, confirm: 'true' };
  await books.dashboard('payment_intents', { ...stray, 'metadata[charge]': randomId('charge') });
  await restore(kept);
  await books.ship(700);
  await books.billed();
  expect(sumPaid()).toBe(before + 900);
  expect(alarms()).toBeGreaterThan(0);
  // Somebody has looked, or a month is over.
  await books.billed(31 * DAY);
  await books.billed();
  expect(sumPaid()).toBe(before + 900 + 700);
});

it('says in metadata of Stripe’s size what a payment is for, and reads nothing that somebody has changed', () => {
  const order = (lines: number): ChargedOrder => ({
    ...{ orderId: randomId('order'), shownId: randomId('order'), amount: 123_456_789, refunded: 0, lost: 0 },
    lines: Array.from({ length: lines }, () => ({
      ...{ lineId: randomId('line'), sku: 'SKU', quantity: 1_000_000, unitPrice: 1, refunded: 0 },
    })),
  });
  for (const orders of [[order(500)], Array.from({ length: 100 }, () => order(3))]) {
    const metadata = toMetadata(orders);
    // Of fifty keys; others stand beside these.
    expect(Object.keys(metadata).length).toBeLessThan(45);
    expect(Object.values(metadata).every((value) => value.length <= 500)).toBe(true);
    const read = fromMetadata({ ...metadata, charge: 'chg' });
    expect(read?.map(({ orderId, amount }) => [orderId, amount])).toEqual(
      orders.map(({ orderId, amount }) => [orderId, amount]),
    );
    expect(read?.map(({ quantities }) => quantities.size)).toEqual(orders.map(({ lines }) => lines.length));
    expect(fromMetadata({ ...metadata, orders0: `x${metadata['orders0'] ?? ''}` })).toBeUndefined();
    expect(fromMetadata({})).toBeUndefined();
  }
});
