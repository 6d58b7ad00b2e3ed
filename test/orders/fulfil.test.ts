import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Market, startMarket } from '../support/market.ts';
import { BLACK, GREEN, RED, several, ship } from './several.ts';
import { act, actions, call, counts, lineOf, lines, type ListedOrder, peek, read } from './trading.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(() => market.cloud.stop());

describe('shipping', () => {
  it('goes in parts, shows on the retailer’s order by its own lines, and ends both sides', async () => {
    const { own, supply } = await several(market);
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
    const { own, supply } = await several(market);
    const one = { lines: [{ lineId: lineOf(supply, GREEN), quantity: 1 }] };
    const answers = await Promise.all(Array.from({ length: 6 }, () => ship(market.supplier, supply.id, one)));
    const codes = answers.map(({ status, code }) => (status === 201 ? 'shipped' : code));
    // Who is not served under contention is told to come again.
    const served = new Set(['shipped', 'QUANTITY_EXCEEDED', 'UNAVAILABLE']);
    const failures = market.cloud.lines.filter((line) => line.includes('request.failed')).join('\n');
    expect(
      codes.filter((code) => !served.has(code)),
      failures,
    ).toEqual([]);
    const shipped = codes.filter((code) => code === 'shipped').length;
    expect(shipped).toBeGreaterThan(0);
    expect(shipped).toBeLessThanOrEqual(3);
    expect(counts(await read(market.supplier, supply.id))[GREEN]).toEqual([3, shipped, 0]);
    expect(counts(await read(market.retailer, own.id))[GREEN]).toEqual([3, shipped, 0]);
    const more = { lines: [{ lineId: lineOf(supply, GREEN), quantity: 4 - shipped }] };
    expect((await ship(market.supplier, supply.id, more)).code).toBe('QUANTITY_EXCEEDED');
  });

  it('is for each to do with its own lines', async () => {
    const { own, supply } = await several(market);
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
    const { own, supply } = await several(market);
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

describe('returns', () => {
  it('are noted by either side and show on both, never more than was shipped', async () => {
    const { own, supply } = await several(market);
    await ship(market.supplier, supply.id, { lines: [{ lineId: lineOf(supply, GREEN), quantity: 2 }] });
    const back = (order: typeof own, quantity: number) => ({
      lines: [{ lineId: lineOf(order, GREEN), quantity }],
    });
    const green = async (who: typeof market.supplier, id: string): Promise<number[]> => {
      const line = (await read(who, id)).lines.find(({ sku }) => sku === GREEN);
      return [line?.returnedQuantity ?? -1, line?.unconfirmedReturnQuantity ?? -1];
    };

    expect((await act(market.supplier, supply.id, 'returns', back(supply, 1))).status).toBe(200);
    expect(await green(market.retailer, own.id)).toEqual([1, -1]);
    expect(await green(market.supplier, supply.id)).toEqual([1, 0]);
    expect((await act(market.retailer, own.id, 'returns', back(own, 1))).status).toBe(200);
    expect(await green(market.supplier, supply.id)).toEqual([2, 1]);
    expect((await act(market.retailer, own.id, 'returns', back(own, 1))).code).toBe('QUANTITY_EXCEEDED');
    // What the retailer noted, the supplier confirms.
    expect((await act(market.supplier, supply.id, 'returns', back(supply, 1))).status).toBe(200);
    expect(await green(market.supplier, supply.id)).toEqual([2, 0]);
    expect(await green(market.retailer, own.id)).toEqual([2, -1]);
    expect((await act(market.supplier, supply.id, 'returns', back(supply, 1))).code).toBe(
      'QUANTITY_EXCEEDED',
    );
    const noted = async (who: typeof market.supplier, id: string): Promise<number> =>
      (await actions(who, id)).filter((action) => action === 'order.returned').length;
    expect([await noted(market.retailer, own.id), await noted(market.supplier, supply.id)]).toEqual([3, 3]);
  });

  it('that the supplier notes confirm the retailer’s first, and count beyond them', async () => {
    const { own, supply } = await several(market);
    await ship(market.supplier, supply.id, { lines: [{ lineId: lineOf(supply, GREEN), quantity: 2 }] });
    const back = (order: typeof own, quantity: number) => ({
      lines: [{ lineId: lineOf(order, GREEN), quantity }],
    });
    expect((await act(market.retailer, own.id, 'returns', back(own, 1))).status).toBe(200);
    expect((await act(market.supplier, supply.id, 'returns', back(supply, 2))).status).toBe(200);
    for (const [who, { id }] of [[market.retailer, own] as const, [market.supplier, supply] as const]) {
      const line = (await read(who, id)).lines.find(({ sku }) => sku === GREEN);
      expect([line?.returnedQuantity, line?.unconfirmedReturnQuantity ?? 0]).toEqual([2, 0]);
    }
  });

  it('of what the retailer ships itself stay with the retailer', async () => {
    const { own, supply } = await several(market);
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
    const { own, supply } = await several(market);
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
    const { payload, own, supply } = await several(market);
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
