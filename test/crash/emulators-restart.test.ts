import { afterAll, beforeAll, expect, it } from 'vitest';
import { testCloud } from '../support/cloud.ts';
import { eventually, type Market, startMarket } from '../support/market.ts';
import { type OrderIds, stateOf } from './order-state.ts';
import { delivered, FULFIL, past, routed, routedOrder } from './steps.ts';

const MINUTE = 60_000;

let market: Market;
beforeAll(async () => {
  market = await startMarket(await testCloud({ ownEmulators: true }));
});
afterAll(() => market.cloud.stop());

it('nothing that was answered is lost when the emulators are stopped and started under load', async () => {
  const received = await stateOf(market, await routedOrder(market));
  const [first, ...shipments] = await Promise.all(Array.from({ length: 13 }, () => FULFIL.prepare(market)));
  await first?.run();
  const shipped = first && (await stateOf(market, first.ids));

  let over = false;
  const orders: OrderIds[] = [];
  const deliver = async (): Promise<void> => {
    while (!over && orders.length < 60) orders.push(await delivered(market));
  };
  const ship = async (): Promise<void> => {
    for (const { run } of shipments) await run();
  };
  const streams = Promise.all([deliver(), deliver(), deliver(), ship()]);
  await eventually(() => {
    expect(orders.length).toBeGreaterThan(3);
  });
  await market.cloud.restartEmulators();
  over = true;
  await streams;

  // The topics were made anew: what was on its way then is found by sweep.
  for (const ids of orders) {
    await past(market, 2 * MINUTE, () => routed(market, ids, 1000));
    expect(await stateOf(market, ids)).toEqual(received);
  }
  for (const { ids } of shipments) expect(await stateOf(market, ids)).toEqual(shipped);
}, 120_000);
