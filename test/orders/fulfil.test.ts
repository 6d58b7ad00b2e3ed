import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Market, startMarket } from '../support/market.ts';
import {
  act,
  actions,
  call,
  counts,
  lineOf,
  lines,
  type ListedOrder,
  log,
  type Outcome,
  peek,
  read,
  trade,
} from './trading.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(() => market.cloud.stop());

const GREEN = 'IPOD2008GREEN';
const RED = 'IPOD2008RED';
const BLACK = 'IPOD2008BLACK';

/** An order with three green and two red, which the supplier ships, and two black, which the retailer does. */
const several = () =>
  trade(market, {
    line_items: lines(market.order(), {
      [GREEN]: { quantity: 3 },
      [RED]: { quantity: 2 },
      [BLACK]: { quantity: 2 },
    }),
  });

interface Shipped {
  id: string;
  carrier: string | null;
  order: ListedOrder;
}
const ship = (who: Market['supplier'], id: string, body: object = {}): Promise<Outcome<Shipped>> =>
  act<Shipped>(who, id, 'fulfilments', body);

describe('shipping', () => {
  it('goes in parts, shows on the retailer’s order by its own lines, and ends both sides', async () => {
    const { own, supply } = await several();
    const first = await ship(market.supplier, supply.id, {
      carrier: 'DHL',
      trackingNumbers: ['JD1'],
      lines: [{ lineId: lineOf(supply, GREEN), quantity: 2 }],
    });
    expect([first.status, first.json.order.state]).toEqual([201, 'part_fulfilled']);
    const part = await read(market.retailer, own.id);
    expect(part.state).toBe('part_fulfilled');
    expect(part.supplyOrders[0]?.state).toBe('part_fulfilled');
    expect(counts(part)).toEqual({ [GREEN]: [3, 2, 0], [RED]: [2, 0, 0], [BLACK]: [2, 0, 0] });
    expect(part.fulfilments).toEqual([
      {
        id: first.json.id,
        shippedAt: part.fulfilments[0]?.shippedAt,
        carrier: 'dhl',
        lines: [{ lineId: lineOf(own, GREEN), quantity: 2 }],
        trackingNumbers: ['JD1'],
        trackingUrls: [],
      },
    ]);
    expect(lineOf(own, GREEN)).not.toBe(lineOf(supply, GREEN));

    expect((await ship(market.supplier, supply.id)).json.order.state).toBe('fulfilled');
    expect((await read(market.retailer, own.id)).state).toBe('part_fulfilled');
    expect((await ship(market.retailer, own.id)).json.order.state).toBe('fulfilled');
    const supplied = await read(market.supplier, supply.id);
    // What the retailer ships by itself is no concern of the supplier.
    expect(supplied.fulfilments).toHaveLength(2);
    expect((await read(market.retailer, own.id)).fulfilments).toHaveLength(3);
    expect(await actions(market.supplier, supply.id)).toEqual([
      'order.supply_received',
      'order.fulfilled',
      'order.fulfilled',
    ]);
  });

  it('never ships more than was ordered, however many ask at once', async () => {
    const { own, supply } = await several();
    const one = { lines: [{ lineId: lineOf(supply, GREEN), quantity: 1 }] };
    const answers = await Promise.all(Array.from({ length: 6 }, () => ship(market.supplier, supply.id, one)));
    const codes = answers.map(({ status, code }) => (status === 201 ? 'shipped' : code));
    // Who is not served under contention is told to come again.
    expect(codes.filter((code) => !['shipped', 'QUANTITY_EXCEEDED', 'UNAVAILABLE'].includes(code))).toEqual(
      [],
    );
    const shipped = codes.filter((code) => code === 'shipped').length;
    expect(shipped).toBeGreaterThan(0);
    expect(shipped).toBeLessThanOrEqual(3);
    expect(counts(await read(market.supplier, supply.id))[GREEN]).toEqual([3, shipped, 0]);
    expect(counts(await read(market.retailer, own.id))[GREEN]).toEqual([3, shipped, 0]);
    const more = { lines: [{ lineId: lineOf(supply, GREEN), quantity: 4 - shipped }] };
    expect((await ship(market.supplier, supply.id, more)).code).toBe('QUANTITY_EXCEEDED');
  });

  it('is for each to do with its own lines', async () => {
    const { own, supply } = await several();
    const partners = { lines: [{ lineId: lineOf(own, RED), quantity: 1 }] };
    expect((await ship(market.retailer, own.id, partners)).code).toBe('CONFLICT');
    const foreign = { lines: [{ lineId: lineOf(own, RED), quantity: 1 }] };
    expect((await ship(market.supplier, supply.id, foreign)).code).toBe('BAD_REQUEST');
    expect((await ship(market.retailer, own.id)).status).toBe(201);
    expect(counts(await read(market.retailer, own.id))).toEqual({
      [GREEN]: [3, 0, 0],
      [RED]: [2, 0, 0],
      [BLACK]: [2, 2, 0],
    });
    expect((await ship(market.retailer, own.id)).code).toBe('QUANTITY_EXCEEDED');
    expect((await ship(market.retailer, supply.id)).code).toBe('NOT_FOUND');
  });

  it('is corrected by who shipped, for both sides', async () => {
    const { own, supply } = await several();
    const made = await ship(market.supplier, supply.id, { carrier: 'ups', trackingNumbers: ['1Z1', '1Z2'] });
    const path = (id: string): string => `/v1/orders/${id}/fulfilments/${made.json.id}`;
    const url = 'https://carrier.example/1Z3';
    const changes = { carrier: 'UPS Ground', trackingUrls: [url] };
    expect((await call(market.supplier, 'PATCH', path(supply.id), changes)).status).toBe(200);
    for (const [who, id] of [
      [market.supplier, supply.id],
      [market.retailer, own.id],
    ] as const) {
      expect((await read(who, id)).fulfilments[0]).toMatchObject({
        carrier: 'ups ground',
        trackingNumbers: ['1Z1', '1Z2'],
        trackingUrls: [url],
      });
    }
    await call(market.supplier, 'PATCH', path(supply.id), { carrier: null, trackingNumbers: [] });
    expect((await read(market.retailer, own.id)).fulfilments[0]).toMatchObject({
      carrier: null,
      trackingNumbers: [],
      trackingUrls: [url],
    });
    expect((await call(market.retailer, 'PATCH', path(own.id), { carrier: 'x' })).code).toBe('NOT_FOUND');
    expect(await actions(market.retailer, own.id)).toContain('order.fulfilment_changed');
    // Tracking is sealed; the carrier is not.
    expect(JSON.stringify(await peek(market, market.retailer, own.id))).not.toContain('1Z3');
  });
});

describe('cancelling', () => {
  it('ends part of a line, some lines or all, and the supplier’s side follows', async () => {
    const { own, supply } = await several();
    const part = { lines: [{ lineId: lineOf(own, GREEN), quantity: 1 }] };
    expect((await act(market.retailer, own.id, 'cancel', part)).json.state).toBe('routed');
    expect(counts(await read(market.supplier, supply.id))).toEqual({ [GREEN]: [3, 0, 1], [RED]: [2, 0, 0] });
    const some = { lines: [{ lineId: lineOf(own, RED), quantity: 2 }] };
    await act(market.retailer, own.id, 'cancel', some);
    expect(counts(await read(market.supplier, supply.id))).toEqual({ [GREEN]: [3, 0, 1], [RED]: [2, 0, 2] });
    const all = await act(market.retailer, own.id, 'cancel');
    expect([all.json.state, all.json.supplyOrders[0]?.state]).toEqual(['cancelled', 'cancelled']);
    expect((await read(market.supplier, supply.id)).state).toBe('cancelled');
    expect((await act(market.retailer, own.id, 'cancel')).code).toBe('QUANTITY_EXCEEDED');
    expect(
      (await actions(market.supplier, supply.id)).filter((action) => action === 'order.cancelled'),
    ).toHaveLength(3);
  });

  it('leaves what was shipped, and a shipment can not take what was cancelled', async () => {
    const { own, supply } = await several();
    await ship(market.supplier, supply.id, { lines: [{ lineId: lineOf(supply, GREEN), quantity: 1 }] });
    const tooMuch = { lines: [{ lineId: lineOf(own, GREEN), quantity: 3 }] };
    expect((await act(market.retailer, own.id, 'cancel', tooMuch)).code).toBe('QUANTITY_EXCEEDED');
    expect((await act(market.retailer, own.id, 'cancel')).json.state).toBe('fulfilled');
    expect(counts(await read(market.retailer, own.id))).toEqual({
      [GREEN]: [3, 1, 2],
      [RED]: [2, 0, 2],
      [BLACK]: [2, 0, 2],
    });
    expect((await ship(market.supplier, supply.id)).code).toBe('QUANTITY_EXCEEDED');
    expect((await read(market.supplier, supply.id)).state).toBe('fulfilled');
  });

  it('and shipping at once never add up to more than was ordered', async () => {
    const { own, supply } = await several();
    const shipping = { lines: [{ lineId: lineOf(supply, GREEN), quantity: 2 }] };
    const cancelling = { lines: [{ lineId: lineOf(own, GREEN), quantity: 2 }] };
    const [shipped, cancelled] = await Promise.all([
      ship(market.supplier, supply.id, shipping),
      act(market.retailer, own.id, 'cancel', cancelling),
    ]);
    const done = [shipped.status === 201 ? 2 : 0, cancelled.status === 200 ? 2 : 0];
    expect(counts(await read(market.retailer, own.id))[GREEN]).toEqual([3, ...done]);
    expect(counts(await read(market.supplier, supply.id))[GREEN]).toEqual([3, ...done]);
    expect((done[0] ?? 0) + (done[1] ?? 0)).toBe(2);
  });

  it('is the retailer’s, as declining is the supplier’s', async () => {
    const { own, supply } = await several();
    expect((await act(market.supplier, supply.id, 'cancel')).code).toBe('CONFLICT');
    expect((await act(market.retailer, own.id, 'decline')).code).toBe('CONFLICT');
  });
});

describe('declining', () => {
  it('gives lines back to the retailer, who ships them', async () => {
    const { own, supply } = await several();
    await ship(market.supplier, supply.id, { lines: [{ lineId: lineOf(supply, GREEN), quantity: 1 }] });
    const green = { lines: [{ lineId: lineOf(supply, GREEN) }] };
    const declined = await act(market.supplier, supply.id, 'decline', green);
    expect([declined.status, declined.json.state]).toEqual([200, 'part_fulfilled']);
    expect((await act(market.supplier, supply.id, 'decline', green)).code).toBe('QUANTITY_EXCEEDED');
    const after = await read(market.retailer, own.id);
    expect(after.lines.map((line) => line.supplier)).toEqual([null, market.demo.partnerId, null]);
    expect(counts(after)[GREEN]).toEqual([3, 1, 0]);

    expect((await ship(market.retailer, own.id)).status).toBe(201);
    expect(counts(await read(market.retailer, own.id))).toEqual({
      [GREEN]: [3, 3, 0],
      [RED]: [2, 0, 0],
      [BLACK]: [2, 2, 0],
    });
    expect(counts(await read(market.supplier, supply.id))).toEqual({ [GREEN]: [3, 1, 2], [RED]: [2, 0, 0] });
    const [entry] = (await log(market.retailer, own.id)).filter(({ action }) => action === 'order.declined');
    expect(entry).toMatchObject({ facts: { lines: 1, supplyOrderId: supply.id } });
    // Who it was at the partner is the partner's concern.
    expect(entry?.actor).toEqual({ type: 'partner', id: market.demo.partnerId });
    const [theirs] = (await log(market.supplier, supply.id)).filter(
      ({ action }) => action === 'order.declined',
    );
    expect(theirs?.actor.type).toBe('api_key');
  });

  it('of everything ends the supply order and not the order, and is for good', async () => {
    const { payload, own, supply } = await several();
    expect((await act(market.supplier, supply.id, 'decline')).json.state).toBe('cancelled');
    const item = (payload['line_items'] as { id: number; sku: string }[])[1];
    const updated_at = new Date(Date.parse(String(payload['updated_at'])) + 1000).toISOString();
    const added = [...(payload['line_items'] as object[]), { ...item, id: 6_000_000_000_077 }];
    await market.send({ ...payload, line_items: added, updated_at }, 'orders/updated');
    // The new line is asked for; what was given back is not asked for again.
    await expect
      .poll(async () =>
        (await read(market.supplier, supply.id)).lines.map((line) => [line.sku, line.cancelledQuantity]),
      )
      .toEqual([
        [GREEN, 3],
        [RED, 2],
        [RED, 0],
      ]);
    const after = await read(market.retailer, own.id);
    expect(after.lines.map((line) => line.supplier)).toEqual([null, null, null, market.demo.partnerId]);
    expect(after.supplyOrders.map((each) => each.state)).toEqual(['routed']);
  });
});

describe('returns', () => {
  it('are noted by either side and show on both, never more than was shipped', async () => {
    const { own, supply } = await several();
    await ship(market.supplier, supply.id, { lines: [{ lineId: lineOf(supply, GREEN), quantity: 2 }] });
    const back = (order: typeof own, quantity: number) => ({
      lines: [{ lineId: lineOf(order, GREEN), quantity }],
    });
    const returned = async (who: typeof market.supplier, id: string): Promise<number | undefined> =>
      (await read(who, id)).lines.find((line) => line.sku === GREEN)?.returnedQuantity;

    expect((await act(market.supplier, supply.id, 'returns', back(supply, 1))).status).toBe(200);
    expect(await returned(market.retailer, own.id)).toBe(1);
    expect((await act(market.retailer, own.id, 'returns', back(own, 1))).status).toBe(200);
    expect(await returned(market.supplier, supply.id)).toBe(2);
    expect((await act(market.retailer, own.id, 'returns', back(own, 1))).code).toBe('QUANTITY_EXCEEDED');
    expect((await act(market.supplier, supply.id, 'returns', back(supply, 1))).code).toBe(
      'QUANTITY_EXCEEDED',
    );
    const noted = async (who: typeof market.supplier, id: string): Promise<number> =>
      (await actions(who, id)).filter((action) => action === 'order.returned').length;
    expect([await noted(market.retailer, own.id), await noted(market.supplier, supply.id)]).toEqual([2, 2]);
  });

  it('of what the retailer ships itself stay with the retailer', async () => {
    const { own, supply } = await several();
    await ship(market.retailer, own.id);
    const black = { lines: [{ lineId: lineOf(own, BLACK), quantity: 2 }] };
    expect((await act(market.retailer, own.id, 'returns', black)).status).toBe(200);
    expect(
      (await actions(market.supplier, supply.id)).filter((action) => action === 'order.returned'),
    ).toEqual([]);
  });
});

describe('archiving', () => {
  it('waits until nothing is left on either side, and changes nothing the second time', async () => {
    const { own, supply } = await several();
    expect((await act(market.retailer, own.id, 'archive')).code).toBe('ORDER_NOT_ENDED');
    expect((await act(market.supplier, supply.id, 'archive')).code).toBe('ORDER_NOT_ENDED');
    await ship(market.retailer, own.id);
    expect((await act(market.retailer, own.id, 'archive')).code).toBe('ORDER_NOT_ENDED');
    await ship(market.supplier, supply.id);
    const archived = await act(market.retailer, own.id, 'archive');
    expect(archived.json.archivedAt).not.toBeNull();
    const again = await act(market.retailer, own.id, 'archive');
    expect(again.json.archivedAt).toBe(archived.json.archivedAt);
    expect(again.auditEntry).toBeNull();
    expect((await read(market.supplier, supply.id)).archivedAt).toBeNull();
    expect((await act(market.supplier, supply.id, 'archive')).status).toBe(200);
    expect(
      (await actions(market.retailer, own.id)).filter((action) => action === 'order.archived'),
    ).toHaveLength(1);
    const listed = await call<{ data: ListedOrder[] }>(market.retailer, 'GET', '/v1/orders?archived=true');
    expect(listed.json.data.map((order) => order.id)).toContain(own.id);
  });

  it('by a partner means that it is asked for nothing more of that order', async () => {
    const { payload, own, supply } = await several();
    await ship(market.supplier, supply.id);
    await act(market.supplier, supply.id, 'archive');
    const updated_at = new Date(Date.parse(String(payload['updated_at'])) + 1000).toISOString();
    const line_items = lines(payload, { [GREEN]: { quantity: 5 } });
    await market.send({ ...payload, line_items, updated_at }, 'orders/updated');
    const after = await read(market.retailer, own.id);
    expect(after.lines[0]).toMatchObject({ supplier: null, quantity: 5, fulfilledQuantity: 3 });
    expect(counts(await read(market.supplier, supply.id))[GREEN]).toEqual([3, 3, 0]);
    await ship(market.retailer, own.id);
    expect((await act(market.retailer, own.id, 'archive')).status).toBe(200);
  });
});
