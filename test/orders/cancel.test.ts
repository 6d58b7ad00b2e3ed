import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, type Market, startMarket } from '../support/market.ts';
import { BLACK, GREEN, RED, several, ship } from './several.ts';
import { act, actions, counts, lineOf, log, read } from './trading.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(() => market.cloud.stop());

describe('cancelling', () => {
  it('ends part of a line, some lines or all, and the supplier’s side follows', async () => {
    const { own, supply } = await several(market);
    const part = { lines: [{ lineId: lineOf(own, GREEN), quantity: 1 }] };
    expect((await act(market.retailer, own.id, 'cancel', part)).json.state).toBe('routed');
    expect(counts(await read(market.supplier, supply.id))).toEqual({ [GREEN]: [3, 0, 1], [RED]: [2, 0, 0] });
    const some = { lines: [{ lineId: lineOf(own, RED), quantity: 2 }] };
    await act(market.retailer, own.id, 'cancel', some);
    expect(counts(await read(market.supplier, supply.id))).toEqual({ [GREEN]: [3, 0, 1], [RED]: [2, 0, 2] });
    const all = await act(market.retailer, own.id, 'cancel');
    expect([all.json.state, all.json.supplyOrders[0]?.state]).toEqual(['cancelled', 'cancelled']);
    // Whoever ships nothing of it needs no address any more.
    expect(await read(market.supplier, supply.id)).toMatchObject({ state: 'cancelled', shipTo: null });
    expect((await read(market.retailer, own.id)).shipTo).toEqual(own.shipTo);
    expect((await act(market.retailer, own.id, 'cancel')).code).toBe('QUANTITY_EXCEEDED');
    expect(
      (await actions(market.supplier, supply.id)).filter((action) => action === 'order.cancelled'),
    ).toHaveLength(3);
  });

  it('leaves what was shipped, and a shipment can not take what was cancelled', async () => {
    const { own, supply } = await several(market);
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
    const { own, supply } = await several(market);
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
    const { own, supply } = await several(market);
    expect((await act(market.supplier, supply.id, 'cancel')).code).toBe('CONFLICT');
    expect((await act(market.retailer, own.id, 'decline')).code).toBe('CONFLICT');
  });
});

describe('declining', () => {
  it('gives lines back to the retailer, who ships them', async () => {
    const { own, supply } = await several(market);
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
    const { payload, own, supply } = await several(market);
    expect((await act(market.supplier, supply.id, 'decline')).json.state).toBe('cancelled');
    expect((await read(market.supplier, supply.id)).shipTo).toBeNull();
    const item = (payload['line_items'] as { id: number; sku: string }[])[1];
    const updated_at = new Date(Date.parse(String(payload['updated_at'])) + 1000).toISOString();
    const added = [...(payload['line_items'] as object[]), { ...item, id: 6_000_000_000_077 }];
    await market.send({ ...payload, line_items: added, updated_at }, 'orders/updated');
    // The new line is asked for; what was given back is not asked for again.
    await eventually(async () => {
      const { lines } = await read(market.supplier, supply.id);
      expect(lines.map((line) => [line.sku, line.cancelledQuantity])).toEqual([
        [GREEN, 3],
        [RED, 2],
        [RED, 0],
      ]);
    });
    const after = await read(market.retailer, own.id);
    expect(after.lines.map((line) => line.supplier)).toEqual([null, null, null, market.demo.partnerId]);
    expect(after.supplyOrders.map((each) => each.state)).toEqual(['routed']);
  });
});
