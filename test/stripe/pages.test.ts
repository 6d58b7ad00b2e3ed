import { FieldValue } from '@google-cloud/firestore';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredAccount, StoredCard } from '../../shared/billing/documents.ts';
import { openCharges } from '../../shared/billing/open-charges.ts';
import { groupOf, UnbilledIds } from '../../shared/billing/unbilled.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { type Books, openBooks, openPayingBooks } from './books.ts';

const DAY = '2030-01-01';
let first: Books;
beforeAll(async () => {
  first = await openBooks();
});
afterAll(() => first.close());

async function openSome(books: Books, inTime: () => boolean): Promise<boolean> {
  const { db, supplierId, retailerId, partnerId, deps, acting } = books;
  const [account, card] = await db.getAll(
    db.doc(paths.billingAccount(supplierId)),
    db.doc(paths.card(supplierId, partnerId)),
  );
  const billable = {
    ...{ partnerId, supplierId, retailerId },
    ...{ account: account?.data() as StoredAccount, card: card?.data() as StoredCard },
  };
  return openCharges(billable, DAY, inTime, acting, deps);
}

async function readyBooks(): Promise<Books> {
  const books = await openPayingBooks(first);
  return books;
}

describe('more orders than one charge holds', () => {
  it('are on several charges, each order on one of them, and a run goes on where the one before ended', async () => {
    const books = await readyBooks();
    const ids = await Promise.all(Array.from({ length: 230 }, () => books.ship(100)));
    let turns = 1;
    expect(await openSome(books, () => (turns -= 1) >= 0)).toBe(false);
    expect((await books.charges()).map(({ orders }) => orders.length)).toEqual([100]);
    expect(await openSome(books, () => true)).toBe(true);
    const charges = await books.charges();
    expect(charges.map(({ orders, amount }) => [orders.length, amount])).toEqual([
      [100, 10_000],
      [100, 10_000],
      [30, 3000],
    ]);
    const charged = charges.flatMap(({ orders }) => orders.map(({ orderId }) => orderId));
    expect(charged.toSorted()).toEqual(ids.toSorted());
    expect(await openSome(books, () => true)).toBe(true);
    expect(await books.charges()).toHaveLength(3);
  });
});

describe('an order that changed after its id was read', () => {
  it('is charged as it is now, or not at all', async () => {
    const books = await openBooks(first);
    const { db, supplierId, partnerId } = books;
    const ids = await Promise.all([100, 200, 300, 400].map((price) => books.ship(price, 2)));
    const refs = ids.map((id) => db.doc(paths.order(supplierId, id)));
    const mark = `${partnerId}/USD`;
    const unbilled = new UnbilledIds(db, supplierId, mark);
    expect((await unbilled.next()).toSorted()).toEqual(ids.toSorted());
    const [gone, charged, returned, same] = refs;
    await gone?.delete();
    await charged?.update({ unbilled: FieldValue.delete() });
    const [line] = (await books.order(returned?.id ?? '')).lines;
    await returned?.update({ lines: [{ ...line, returnedQuantity: 1 }] });
    const { chosen, passed } = groupOf(await db.getAll(...refs), mark);
    const amounts = chosen.map(({ charged: { orderId, amount } }) => [orderId, amount]);
    expect([amounts, passed]).toEqual([
      [
        [returned?.id, 300],
        [same?.id, 800],
      ],
      4,
    ]);
    unbilled.pass(passed);
    expect(await unbilled.next()).toEqual([]);
  });
});
