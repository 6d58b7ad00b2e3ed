import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually, type Market, startMarket } from '../support/market.ts';
import { listAll } from './trading.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(() => market.cloud.stop());

it('five hundred orders at once are all taken, all there and all routed', { timeout: 300_000 }, async () => {
  const routed = new Set<string>();
  const stop = market.cloud.doors['route-order'].observe((writes) => {
    for (const { path } of writes) {
      if (path.startsWith(`companies/${market.retailer.companyId}/orders/`)) routed.add(path);
    }
  });
  const payloads = Array.from({ length: 500 }, () => market.order());
  await Promise.all(payloads.map((payload) => market.deliver(payload)));
  await eventually(() => {
    expect(routed.size).toBe(500);
  }, 240_000);
  stop();

  const orders = await listAll(market.retailer);
  expect(orders.map((order) => order.source?.externalId).sort()).toEqual(
    payloads.map((payload) => String(payload.id)).sort(),
  );
  expect(orders.filter((order) => order.routing !== 'done')).toEqual([]);
  const supplied = await listAll(market.supplier);
  expect(supplied).toHaveLength(500);
  expect(supplied.map((order) => order.id).sort()).toEqual(
    orders.flatMap((order) => order.supplyOrders.map((supply) => supply.id)).sort(),
  );
});
