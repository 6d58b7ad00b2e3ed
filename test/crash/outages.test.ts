import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { paths } from '../../shared/cloud/firestore.ts';
import type { StoredOrder } from '../../shared/domain/order.ts';
import { eventually, type Market, startMarket } from '../support/market.ts';
import { idsOf, type OrderIds, stateOf } from './order-state.ts';
import { outage } from './outage.ts';
import { archivedOrder, askErasure, erasureIs, past, routed, routedOrder, taken } from './steps.ts';

const MINUTE = 60_000;

let market: Market;
let undisturbed: Record<string, unknown>;
beforeAll(async () => {
  market = await startMarket();
  undisturbed = await stateOf(market, await routedOrder(market));
});
afterAll(() => market.cloud.stop());

async function stored({ orderId }: OrderIds): Promise<StoredOrder | undefined> {
  const path = paths.order(market.retailer.companyId, orderId);
  return (await market.seed.db.doc(path).get()).data() as StoredOrder | undefined;
}

function lines(event: string): number {
  return market.cloud.lines.filter((line) => line.includes(`"event":"${event}"`)).length;
}

describe('while Pub/Sub can not be reached', () => {
  it('a delivery is taken all the same, and its order is routed when sweep finds it', async () => {
    const payload = market.order();
    const ids = await idsOf(market, payload.id);
    const over = outage(
      market.cloud.doors.webhooks,
      ({ method }) => method === 'Publish',
      status.UNAVAILABLE,
    );
    expect((await market.send(payload)).status).toBe(200);
    expect(await stored(ids)).toMatchObject({ routing: 'pending', due: expect.any(Number) as number });
    await eventually(() => {
      expect(lines('publish.failed')).toBe(1);
    });
    over();
    await past(market, 2 * MINUTE, () => routed(market, ids, 1000));
    expect(await stateOf(market, ids)).toEqual(undisturbed);
  });
});

describe('while the keyring can not be reached', () => {
  it('a delivery is put off with nothing stored, and taken when it comes again', async () => {
    const payload = market.order();
    const ids = await idsOf(market, payload.id);
    const over = outage(
      market.cloud.doors.webhooks,
      ({ database }) => database === 'keyring',
      status.UNAVAILABLE,
    );
    const answer = await market.send(payload);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await stored(ids)).toBeUndefined();
    expect(await stateOf(market, ids)).toMatchObject({ orderRef: null, audit: [] });
    over();
    await taken(() => market.send(payload));
    await routed(market, ids);
    expect(await stateOf(market, ids)).toEqual(undisturbed);
  });
});

describe('while the ledger can not be reached', () => {
  it('nothing is destroyed, and the erasure goes on afterwards', async () => {
    const ids = await archivedOrder(market);
    let tries = 0;
    const over = outage(
      market.cloud.doors.erase,
      ({ method }) => {
        if (method === 'objects.insert') tries += 1;
        return method === 'objects.insert';
      },
      503,
    );
    await askErasure(market, ids);
    // The client tries three times, and what comes then was delivered again.
    await eventually(() => {
      expect(tries).toBeGreaterThan(3);
    });
    expect(await market.seed.keyring.recordKeyExists(ids.orderId)).toBe(true);
    await erasureIs(market, ids, 'pending');
    over();
    await erasureIs(market, ids, 'destroyed');
    expect(await stateOf(market, ids)).toMatchObject({ inLedger: 1, holders: [] });
  });
});

describe('an order that could not be stored beside its key', () => {
  it('leaves a key that is removed after a day, and can still come', async () => {
    const payload = market.order();
    const { orderId } = await idsOf(market, payload.id);
    const { keyring } = market.seed;
    const over = outage(
      market.cloud.doors.webhooks,
      ({ database, method }) => database === '(default)' && method === 'Commit',
      status.PERMISSION_DENIED,
    );
    expect((await market.send(payload)).status).toBe(500);
    over();
    expect(await keyring.recordKeyExists(orderId)).toBe(true);
    await market.cloud.clock.advance(23 * 60 * MINUTE);
    expect(await keyring.recordKeyExists(orderId)).toBe(true);
    await past(market, 2 * 60 * MINUTE, async () => {
      expect(await keyring.recordKeyExists(orderId)).toBe(false);
    });
    expect(lines('sweep.orphans_removed')).toBe(1);

    await taken(() => market.send(payload));
    const ids = await idsOf(market, payload.id);
    await routed(market, ids);
    expect(await stateOf(market, ids)).toEqual(undisturbed);
  });
});
