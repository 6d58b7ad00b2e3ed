import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { randomId } from '../../shared/domain/ids.ts';
import { eventually, type Market, startMarket } from '../support/market.ts';
import { act, call, done, failing, peek, read, type SeenErasure, sent, trade } from './trading.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterEach(() => {
  for (const name of ['webhooks', 'orders', 'sweep', 'erase'] as const)
    market.cloud.doors[name].setFault(null);
  market.cloud.doors.sweep.setLatency(0);
});
afterAll(() => market.cloud.stop());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How many messages the sweep publishes meanwhile. */
async function published(work: () => Promise<unknown>): Promise<number> {
  market.cloud.doors.sweep.counts.reset();
  await work();
  return market.cloud.doors.sweep.counts.snapshot().messages;
}

async function unrouted(): Promise<string> {
  failing(market.cloud.doors.webhooks, ({ topic }) => topic === 'orders');
  const id = await sent(market, market.order());
  market.cloud.doors.webhooks.setFault(null);
  return id;
}

describe('the sweep', () => {
  it('publishes work that was lost once it is a minute old, and no work that is done', async () => {
    const id = await unrouted();
    expect((await peek(market, market.retailer, id))?.['due']).toBeTypeOf('number');
    expect(await published(() => market.cloud.clock.tick('sweep'))).toBe(0);
    expect(await published(() => market.cloud.clock.advance(MINUTE + 1000))).toBe(1);
    await done(market, market.retailer, id);
    expect(await published(() => market.cloud.clock.advance(MINUTE))).toBe(0);
  });

  it('is run by one at a time', async () => {
    const id = await unrouted();
    await market.cloud.clock.advance(0);
    market.cloud.doors.sweep.setLatency(100);
    failing(market.cloud.doors.sweep, ({ topic }) => topic === 'orders');
    await market.cloud.clock.advance(MINUTE + 1000);
    market.cloud.doors.sweep.setFault(null);
    expect(await peek(market, market.retailer, id)).toMatchObject({ routing: 'pending' });

    const messages = await published(async () => {
      const both = await Promise.all([market.cloud.clock.tick('sweep'), market.cloud.clock.tick('sweep')]);
      expect(both).toEqual([204, 204]);
    });
    expect(messages).toBe(1);
    await done(market, market.retailer, id);
  });

  it('asks again for an erasure that was lost, until it is done', async () => {
    const { own } = await trade(market);
    await act(market.retailer, own.id, 'cancel');
    await act(market.retailer, own.id, 'archive');
    failing(market.cloud.doors.orders, ({ topic }) => topic === 'erasures');
    const { status, json } = await call<SeenErasure>(market.retailer, 'DELETE', `/v1/orders/${own.id}`);
    expect([status, json.state]).toEqual([202, 'pending']);
    await market.cloud.clock.advance(MINUTE + 1000);
    await eventually(async () => {
      const now = await call<SeenErasure>(market.retailer, 'GET', `/v1/erasures/${json.id}`);
      expect(now.json.state).toBe('destroyed');
    });
  });

  it('removes a record key that names no order once it is a day old, and no other', async () => {
    const { keyring } = market.seed;
    const { companyId } = market.retailer;
    const { own } = await trade(market);
    const orphan = { companyId, orderId: randomId('order') };
    await keyring.createRecordKey(orphan);
    await market.cloud.clock.advance(23 * HOUR);
    expect(await keyring.recordKeyExists(orphan.orderId)).toBe(true);
    await market.cloud.clock.advance(2 * HOUR);
    expect(await keyring.recordKeyExists(orphan.orderId)).toBe(false);
    expect(await keyring.recordKeyExists(own.id)).toBe(true);
    expect((await read(market.retailer, own.id)).shipTo).toEqual(own.shipTo);
  });
});
