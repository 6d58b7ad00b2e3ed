import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FunctionName } from '../../local/topology.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { callsDuring, eachChange, killedAt } from '../crash/kill-point.ts';
import { testCloud } from '../support/cloud.ts';
import { eventually, type Market, startMarket } from '../support/market.ts';
import { chargesOf, expectChargedOnce, readyToBill, shippedOrder, storeOrders } from './random-run.ts';

const MINUTE = 60_000;
const PATIENCE = { timeout: 300_000 };

let market: Market;
let account: string;
const ids: string[] = [];
beforeAll(async () => {
  market = await startMarket(await testCloud({ apart: ['bill', 'settle', 'billing'] }));
  account = await readyToBill(market, 'pm_card_visa');
});
afterAll(() => market.cloud.stop());

/** Orders that shipped; answers the step from there until they are paid for, which nothing has begun yet. */
async function shipped() {
  const { cloud, seed } = market;
  const own = await storeOrders(market, [shippedOrder(market, 700, 1), shippedOrder(market, 500, 2)]);
  ids.push(...own);
  let again = false;
  return (): Promise<void> =>
    eventually(async () => {
      // Longer than a lease lasts.
      if (again) await cloud.clock.advance(16 * MINUTE);
      again = true;
      // As if the day's run was still to come.
      await seed.db.doc(paths.lease('bill')).delete();
      expect(await cloud.clock.tick('bill')).toBe(204);
      await cloud.stripe.settled();
      // Within the hour after which `bill` asks by itself.
      await eventually(async () => {
        const charge = (await chargesOf(market)).find(({ orders }) =>
          orders.some(({ orderId }) => own.includes(orderId)),
        );
        expect(charge?.state).toBe('succeeded');
      }, 10_000);
      expect((await seed.db.collectionGroup('charges').where('due', '>=', 0).get()).size).toBe(0);
    }, 90_000);
}

describe('killed after each change and run again, every order is charged once:', PATIENCE, () => {
  it.each<FunctionName>(['bill', 'settle'])('%s', async (name) => {
    await (
      await shipped()
    )();
    const calls = await callsDuring(market.cloud, name, await shipped());
    const points = eachChange(calls);
    expect(points.length).toBeGreaterThan(1);
    for (const inARow of points) {
      await killedAt(market.cloud, name, inARow, await shipped());
      await expectChargedOnce(market, account, ids);
    }
  });
});

it('killed after each change and asked again, a refund is given once', PATIENCE, async () => {
  const { cloud, supplier } = market;
  const state: { refunded: number } = { refunded: 0 };
  const refund = async (): Promise<() => Promise<void>> => {
    await (
      await shipped()
    )();
    const page = await supplier.call('GET', '/v1/billing/charges?limit=1');
    const [charge] = (page.json as { data: { id: string; orders: { id: string }[] }[] }).data;
    const path = `/v1/billing/charges/${charge?.id ?? ''}`;
    const body = { orderId: charge?.orders[0]?.id, amount: 100 };
    state.refunded += 100;
    return () =>
      eventually(async () => {
        const headers = { 'Idempotency-Key': `once-${state.refunded}` };
        expect((await supplier.call('POST', `${path}/refunds`, { body, headers })).status).toBe(201);
        await cloud.clock.advance(61 * MINUTE);
        await cloud.clock.tick('bill').catch(() => 0);
        await cloud.stripe.settled();
        expect((await supplier.call('GET', path)).json).toMatchObject({ refunded: 100 });
      }, 90_000);
  };
  const points = eachChange(await callsDuring(cloud, 'billing', await refund()));
  expect(points.length).toBeGreaterThan(0);
  for (const inARow of points) await killedAt(cloud, 'billing', inARow, await refund());
  const given = cloud.stripe.all(account, 'refund').reduce((sum, each) => sum + Number(each['amount']), 0);
  expect(given).toBe(state.refunded);
});
