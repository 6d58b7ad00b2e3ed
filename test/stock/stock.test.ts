import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stock } from '../../shared/http/stock/schemas.ts';
import { act, actions, call, failing, listAll, newMerchant, read } from '../orders/trading.ts';
import { type Market, type Merchant, startMarket } from '../support/market.ts';
import { sellOut } from './oversell.ts';
import { booksOf, expectSound, onHand, ordered, quiet, settled, supplying } from './stock-fixture.ts';
import type { z } from 'zod';

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(() => market.cloud.stop());

type Shown = { data: z.infer<typeof Stock>[]; next: string | null };
const stockOf = async (who: Merchant): Promise<z.infer<typeof Stock> | undefined> =>
  (await call<Shown>(who, 'GET', '/v1/stock?sku=S')).json.data[0];
const count = (who: Merchant, quantity: number) =>
  call<Shown>(who, 'PUT', '/v1/stock', { stock: [{ sku: 'S', onHand: quantity }] });

describe('the stock of a supplier', () => {
  it('is reserved by routing, and both sides see and log what they got', async () => {
    const { supplier, one, partnerIds } = await supplying(market, 5);
    const own = await settled(market, one, await ordered(one, 3));
    expect(own.lines[0]).toMatchObject({ supplier: partnerIds[0], stock: 'granted' });
    const supplyId = own.supplyOrders[0]?.id ?? '';
    expect((await read(supplier, supplyId)).lines[0]?.stock).toBe('granted');
    expect(await stockOf(supplier)).toMatchObject({ onHand: 5, reserved: 3, available: 2, backordered: 0 });
    expect(await actions(supplier, supplyId)).toEqual(['order.supply_received', 'order.stock_granted']);
  });

  it('has one last piece: of two retailers one gets it, and the other’s line is backordered', async () => {
    const { supplier, one, two } = await supplying(market, 1);
    const ids = await Promise.all([ordered(one), ordered(two)]);
    const orders = [await settled(market, one, ids[0]), await settled(market, two, ids[1])];
    const mine = orders.map((order) => order.lines[0]?.stock);
    expect(mine.toSorted()).toEqual(['backordered', 'granted']);
    const supplies = await listAll(supplier);
    expect(supplies.map((order) => order.lines[0]?.stock).sort()).toEqual(['backordered', 'granted']);
    const loser = mine[0] === 'backordered' ? one : two;
    const lost = mine[0] === 'backordered' ? ids[0] : ids[1];
    expect(await actions(loser, lost)).toEqual(['order.created', 'order.routed', 'order.stock_backordered']);
    expectSound(await booksOf(market, supplier.companyId));
  });

  it('is granted exactly as far as it goes, to orders that come all at once', async () => {
    await sellOut(market, 24, 15);
  });

  it('leaves with what is shipped, and what is cancelled or declined goes to who waits longest', async () => {
    const { supplier, one, two } = await supplying(market, 2);
    const first = await settled(market, one, await ordered(one, 2));
    const second = await settled(market, two, await ordered(two));
    const third = await settled(market, two, await ordered(two));
    expect([second, third].map((order) => order.lines[0]?.stock)).toEqual(['backordered', 'backordered']);

    const shipped = {
      lines: [{ lineId: (await read(supplier, supplyOf(first))).lines[0]?.id, quantity: 1 }],
    };
    expect((await act(supplier, supplyOf(first), 'fulfilments', shipped)).status).toBe(201);
    expect(onHand(await quiet(market, supplier))).toBe(1);
    expect((await act(one, first.id, 'cancel')).status).toBe(200);
    const books = await quiet(market, supplier);
    expectSound(books);
    expect(books.stock).toMatchObject({ reserved: 1, waiting: 1 });
    expect((await settled(market, two, second.id)).lines[0]?.stock).toBe('granted');

    expect((await act(supplier, supplyOf(second), 'decline')).status).toBe(200);
    await quiet(market, supplier);
    const after = await read(two, third.id);
    expect(after.lines[0]?.stock).toBe('granted');
    expect((await read(two, second.id)).lines[0]).toMatchObject({ supplier: null, stock: null });
  });

  it('that is counted anew serves the longest waiting first, and takes back from the last who were promised', async () => {
    const { supplier, one } = await supplying(market, 0);
    const ids = [await ordered(one, 2)];
    await settled(market, one, ids[0] ?? '');
    ids.push(await ordered(one, 2));
    await settled(market, one, ids[1] ?? '');
    const stocks = async () =>
      Promise.all(ids.map(async (id) => (await settled(market, one, id)).lines[0]?.stock));
    expect(await stocks()).toEqual(['backordered', 'backordered']);
    expect((await count(supplier, 3)).json.data[0]).toMatchObject({ onHand: 3, backordered: 2 });
    await quiet(market, supplier);
    expect(await stocks()).toEqual(['granted', 'backordered']);
    await count(supplier, 4);
    await quiet(market, supplier);
    expect(await stocks()).toEqual(['granted', 'granted']);
    await count(supplier, 3);
    expectSound(await quiet(market, supplier));
    expect(await stocks()).toEqual(['granted', 'backordered']);
    expect(await stockOf(supplier)).toMatchObject({ onHand: 3, reserved: 2, available: 1, backordered: 1 });
    // Shipped all the same: there were more than the books say.
    const last = await settled(market, one, ids[1] ?? '');
    expect((await act(supplier, supplyOf(last), 'fulfilments')).status).toBe(201);
    expectSound(await quiet(market, supplier));
    expect(await stocks()).toEqual(['granted', 'granted']);
    expect((await read(supplier, supplyOf(last))).lines[0]?.stock).toBe('granted');
  });

  it('that nobody counts is not tracked', async () => {
    const { supplier, one } = await supplying(market, 1);
    await market.seed.db.recursiveDelete(market.seed.db.collection(`companies/${supplier.companyId}/stock`));
    const own = await settled(market, one, await ordered(one, 9));
    expect(own.lines[0]?.stock).toBeNull();
    expect((await booksOf(market, supplier.companyId)).reservations).toEqual([]);
    expect(await stockOf(supplier)).toBeUndefined();
  });

  it('is settled by sweep a minute after its message was lost', async () => {
    const { supplier, two } = await supplying(market, 5);
    failing(market.cloud.doors['route-order'], ({ topic }) => topic === 'stock');
    const id = await ordered(two);
    await expect
      .poll(async () => (await booksOf(market, supplier.companyId)).reservations.length, { timeout: 40_000 })
      .toBe(1);
    market.cloud.doors['route-order'].setFault(null);
    expect((await read(two, id)).lines[0]?.stock).toBe('asked');
    await market.cloud.clock.advance(6 * 60_000);
    await quiet(market, supplier);
    expect((await settled(market, two, id)).lines[0]?.stock).toBe('granted');
  });
});

describe('the API of stock', () => {
  it('keeps places apart, lists by SKU in pages, and writes one entry', async () => {
    const merchant = await newMerchant(market);
    const stock = [
      { sku: 'B', place: 'Rotterdam', onHand: 2 },
      { sku: 'A', onHand: 1 },
      { sku: 'B', place: 'Lyon', onHand: 3 },
    ];
    const set = await call<Shown>(merchant, 'PUT', '/v1/stock', { stock });
    expect([set.status, set.auditEntry === null]).toEqual([200, false]);
    const first = await call<Shown>(merchant, 'GET', '/v1/stock?limit=1');
    expect(first.json.data.map(({ sku, onHand: all }) => [sku, all])).toEqual([['A', 1]]);
    const next = await call<Shown>(merchant, 'GET', `/v1/stock?limit=1&after=${first.json.next ?? ''}`);
    expect(next.json).toMatchObject({
      data: [{ sku: 'B', onHand: 5, places: [{ place: 'Lyon' }, { place: 'Rotterdam' }] }],
      next: null,
    });
    expect(await actions(merchant, merchant.companyId)).toContain('stock.set');
  });

  it('forgets a place in which nothing lies where a SKU has lain in too many', async () => {
    const merchant = await newMerchant(market);
    const places = (quantity: number, from: number, to: number) =>
      Array.from({ length: to - from }, (_, at) => ({ sku: 'A', place: `p${from + at}`, onHand: quantity }));
    const put = (stock: object[]) => merchant.call('PUT', '/v1/stock', { body: { stock } });
    expect((await put([...places(0, 0, 10), ...places(1, 10, 50)])).status).toBe(200);
    const moved = await put(places(1, 50, 60));
    expect(moved).toMatchObject({ status: 200, json: { data: [{ onHand: 50 }] } });
    const full = await put(places(1, 60, 61));
    expect(full).toMatchObject({ status: 400, json: { errors: [{ path: 'stock.0.place' }] } });
  });

  it('refuses by name what is no count, and takes nothing of such a request', async () => {
    const merchant = await newMerchant(market);
    const good = { sku: 'A', onHand: 1 };
    for (const bad of [
      { sku: 'B', onHand: -1 },
      { sku: 'B', onHand: 1.5 },
      { sku: '', onHand: 1 },
      { sku: 'B\u0000', onHand: 1 },
      { sku: '..', onHand: 1 },
      { sku: 'B', onHand: 1, place: '=x' },
      { sku: 'B', onHand: 1, other: 1 },
      good,
    ]) {
      expect((await call(merchant, 'PUT', '/v1/stock', { stock: [good, bad] })).code).toBe('BAD_REQUEST');
    }
    expect((await call(merchant, 'GET', '/v1/stock?after=x')).code).toBe('BAD_REQUEST');
    expect((await call<Shown>(merchant, 'GET', '/v1/stock')).json.data).toEqual([]);
  });
});

function supplyOf(order: { supplyOrders: { id: string }[] }): string {
  return order.supplyOrders[0]?.id ?? '';
}
