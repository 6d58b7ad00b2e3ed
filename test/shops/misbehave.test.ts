import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleWooCommerceOrder } from '../../local/shops/sample-woocommerce-order.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { StoredPull } from '../../shared/commerce/pulls.ts';
import { DUE_SLOTS } from '../../shared/domain/due.ts';
import { outage } from '../crash/outage.ts';
import { eventually } from '../support/market.ts';
import { losesNothing } from './misbehave.ts';
import { freshId, type Shops, startShops } from './shops.ts';

let shops: Shops;
beforeAll(async () => {
  shops = await startShops();
  await shops.poll();
}, 90_000);
afterAll(() => shops.stop());

it('shops that drop, repeat, delay and reorder events, fail and forget us lose no order and get no shipment twice', async () => {
  await losesNothing(shops, 4);
});

it('subscriptions are looked at once a day, also where nothing seems to be missing', async () => {
  const { big, market } = shops;
  big.hooks.clear();
  const ref = market.seed.db.doc(paths.connection(market.retailer.companyId, big.connectionId));
  const yesterday = new Date(market.cloud.clock.now() - 25 * 60 * 60_000).toISOString();
  await ref.update({ 'health.checkedAt': yesterday });
  await shops.poll();
  await eventually(() => {
    expect(big.hooks.size).toBe(4);
  });
});

describe('an outage of ours', () => {
  /** What platforms do with webhooks that fail for long: one disables, one puts aside, one deletes. */
  function giveUp({ woo, big, shopify }: Shops): void {
    for (const webhook of woo.webhooks.values()) webhook.status = 'disabled';
    for (const hook of big.hooks.values()) hook.is_active = false;
    shopify.subscriptions.clear();
  }

  async function isWhole({ woo, big, shopify, market }: Shops, orderId: number): Promise<void> {
    await market.idOf(orderId);
    await eventually(() => {
      expect([...woo.webhooks.values()].every(({ status }) => status === 'active')).toBe(true);
      expect([...big.hooks.values()].every((hook) => hook.is_active)).toBe(true);
      expect(shopify.subscriptions.size).toBeGreaterThan(0);
    });
  }

  async function missed({ woo, market }: Shops): Promise<number> {
    const id = freshId();
    woo.outbox.mode = 'lost';
    await woo.place(sampleWooCommerceOrder({ id, at: market.cloud.clock.now() }));
    woo.outbox.mode = 'well';
    return id;
  }

  /** Into different slots, none of which is the next minute's. */
  async function spread({ woo, big, shopify, market }: Shops): Promise<void> {
    const next = Math.floor(market.cloud.clock.now() / 60_000) + 1;
    for (const [place, { connectionId }] of [woo, big, shopify].entries()) {
      const ref = market.seed.db.doc(paths.connection(market.retailer.companyId, connectionId));
      await ref.update({ slot: (next + 5 + 3 * place) % DUE_SLOTS });
    }
  }

  it('of documents for minutes: the first tick after it polls every shop, and webhooks that were disabled are back', async () => {
    const { clock, doors } = shops.market.cloud;
    await clock.tick('pull');
    await spread(shops);
    // The client repeats what is unavailable for half a minute, and gives up at once on what is denied.
    const end = outage(doors.pull, ({ service }) => service === 'firestore', status.PERMISSION_DENIED);
    await clock.advance(4 * 60_000);
    const order = await missed(shops);
    giveUp(shops);
    end();
    await clock.advance(60_000);
    await isWhole(shops, order);
  });

  it('of the schedule across a minute or two: no slot between is left out', async () => {
    const { clock } = shops.market.cloud;
    await clock.tick('pull');
    const order = await missed(shops);
    const ref = shops.market.seed.db.doc(
      paths.connection(shops.market.retailer.companyId, shops.woo.connectionId),
    );
    await ref.update({ slot: (Math.floor(clock.now() / 60_000) + 1) % DUE_SLOTS });
    await clock.advance(2 * 60_000);
    await shops.market.idOf(order);
  });

  it('of KMS for hours: what could not be opened is polled within a minute after it, and no message is spent on it', async () => {
    const { kms, clock } = shops.market.cloud;
    kms.fail(status.UNAVAILABLE);
    await spread(shops);
    // Past the hour for which keys in memory serve.
    await clock.advance(70 * 60_000);
    const { companyId } = shops.market.retailer;
    const waiting = async (since: number): Promise<unknown[]> => {
      const { docs } = await shops.market.seed.db.collection(paths.pulls(companyId)).get();
      return docs
        .map((doc) => StoredPull.parse(doc.data()))
        .filter(({ externalId, requestedAt }) => externalId === null && Date.parse(requestedAt) >= since)
        .map(({ connectionId }) => connectionId);
    };
    const mine = [shops.woo, shops.big, shops.shopify].map(({ connectionId }) => connectionId);
    await eventually(async () => {
      expect(await waiting(0)).toEqual(expect.arrayContaining(mine));
    });
    const path = `/v1/connections/${shops.woo.connectionId}`;
    const seen = await shops.market.retailer.call('GET', path);
    expect(seen.json).toMatchObject({ health: { lastFailure: { code: 'UNAVAILABLE' } } });
    for (let minute = 0; minute < 7; minute += 1) {
      const before = clock.now();
      await spread(shops);
      await clock.advance(60_000);
      await eventually(async () => {
        expect(await waiting(before + 60_000)).toEqual(expect.arrayContaining(mine));
      });
    }
    const order = await missed(shops);
    giveUp(shops);
    await spread(shops);
    expect(shops.market.cloud.lines.filter((line) => line.includes('pull.dead'))).toEqual([]);
    kms.fail(null);
    await clock.advance(60_000);
    await isWhole(shops, order);
    await eventually(async () => {
      expect(await waiting(0)).toEqual([]);
    });
  });
});
