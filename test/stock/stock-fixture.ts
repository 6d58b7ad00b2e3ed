import { expect } from 'vitest';
import { connectCompanies, seedStock } from '../../local/seed.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import type { StoredOrder } from '../../shared/domain/order.ts';
import type { StoredReservation, StoredStock } from '../../shared/domain/stock.ts';
import { call, newMerchant, orderInput } from '../orders/trading.ts';
import { eventually, type Market, type Merchant } from '../support/market.ts';

/** A supplier that sells one thing, `S`, and has some of it, and two retailers that it supplies with it. */
export async function supplying(
  market: Market,
  onHand: number,
): Promise<{ supplier: Merchant; one: Merchant; two: Merchant; partnerIds: string[] }> {
  const [supplier, one, two] = [
    await newMerchant(market, [{ sku: 'S' }]),
    await newMerchant(market),
    await newMerchant(market),
  ];
  await seedStock(supplier.companyId, { S: onHand }, market.seed);
  const partnerIds = [
    await connectCompanies(one.companyId, supplier.companyId, market.seed),
    await connectCompanies(two.companyId, supplier.companyId, market.seed),
  ];
  return { supplier, one, two, partnerIds };
}

/** An order of some pieces of one SKU. Answers its id. */
export async function ordered(who: Merchant, quantity = 1, sku = 'S'): Promise<string> {
  const input = orderInput(sku);
  const lines = input.lines.map((line) => ({ ...line, quantity }));
  const { status, json } = await call(who, 'POST', '/v1/orders', { ...input, lines });
  expect(status).toBe(201);
  return json.id;
}

/** Waits until the order is routed and its stock is settled; answers it as it is stored. */
export function settled(market: Market, who: Merchant, id: string): Promise<StoredOrder & { id: string }> {
  return eventually(async () => {
    const order = (await market.seed.db.doc(paths.order(who.companyId, id)).get()).data() as StoredOrder;
    expect(order.routing).toBe('done');
    expect(order.lines.some((line) => line.stock === 'asked')).toBe(false);
    return { ...order, id };
  });
}

/** Waits until nothing of a supplier's stock is left to settle or to tell. */
export function quiet(market: Market, { companyId }: Merchant): Promise<Books> {
  return eventually(async () => {
    const books = await booksOf(market, companyId);
    expect(books.reservations.filter(({ next }) => next !== undefined)).toEqual([]);
    expect(books.stock?.due).toBeUndefined();
    return books;
  });
}

export interface Books {
  stock: StoredStock | undefined;
  reservations: (StoredReservation & { id: string })[];
}

/** A supplier's stock of one SKU and all that asks for it, at one moment. */
export function booksOf(market: Market, companyId: string, sku = 'S'): Promise<Books> {
  const { db } = market.seed;
  return db.runTransaction(
    async (tx) => {
      const all = db.collection(paths.reservations(companyId)).where('sku', '==', sku);
      const [stock, reservations] = await Promise.all([
        tx.get(db.doc(paths.stock(companyId, sku))),
        tx.get(all),
      ]);
      return {
        stock: stock.data() as StoredStock | undefined,
        reservations: reservations.docs.map((doc) => ({ id: doc.id, ...(doc.data() as StoredReservation) })),
      };
    },
    { readOnly: true },
  );
}

export function onHand({ stock }: Books): number {
  return Object.values(stock?.places ?? {}).reduce((sum, quantity) => sum + quantity, 0);
}

/** What holds of a supplier's books at every moment: nothing is promised twice, and sums are what they sum up. */
export function expectSound(books: Books, told = ''): void {
  const { stock, reservations } = books;
  const promised = reservations.reduce((sum, { granted }) => sum + granted, 0);
  expect(stock?.reserved, told).toBe(promised);
  expect(stock?.waiting, told).toBe(reservations.filter(({ state }) => state === 'backordered').length);
  expect(onHand(books), told).toBeGreaterThanOrEqual(0);
  expect(
    reservations.every(({ granted, taken, shipped }) => granted >= 0 && taken <= shipped),
    told,
  ).toBe(true);
}
