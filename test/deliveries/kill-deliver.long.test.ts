import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SHOP_PLATFORMS } from '../../shared/domain/delivery.ts';
import { eventually } from '../support/market.ts';
import { settled, ship, type Shops, soldIn, startShops } from './shops.ts';

let shops: Shops;
beforeAll(async () => {
  shops = await startShops({ apart: ['deliver'] });
});
afterAll(() => shops.stop());

describe.each(SHOP_PLATFORMS)('deliver, killed once the shop at %s has done the work', (platform) => {
  it('finds the shipment there when it is back, and makes no second one', async () => {
    const { market, shop } = shops;
    const { own, supply, externalId } = await soldIn(shops, platform);
    const order = shop.sold.get(externalId);
    let kills = 0;
    let gone = 0;
    shop.beforeAnswer = async () => {
      if ((order?.shipped.length ?? 0) === 0 || kills > 0) return;
      kills += 1;
      await market.cloud.kill('deliver');
      gone += 1;
    };
    await ship(market.supplier, supply.id, { carrier: 'DHL', trackingNumbers: ['JD0001'] });
    await eventually(() => {
      expect(gone).toBe(1);
    });
    shop.beforeAnswer = () => Promise.resolve();
    await market.cloud.restart('deliver');
    // The claim of the run that died has to end first.
    await market.cloud.clock.advance(5 * 60_000);
    const [delivery] = await settled(market, market.retailer.companyId, own.id);
    expect(delivery?.attempts).toBe(2);
    expect(order?.shipped).toHaveLength(1);
  });
});
