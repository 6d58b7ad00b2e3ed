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
    const { market, of } = shops;
    const { standIn, shipped } = of[platform];
    const { own, supply, externalId } = await soldIn(shops, platform);
    let done: unknown[] = [];
    let gone = 0;
    const meanwhile = async (): Promise<void> => {
      done = shipped(externalId);
      await market.cloud.kill('deliver');
      gone += 1;
    };
    standIn.misbehave({ times: 1, making: true, does: { meanwhile } });
    await ship(market.supplier, supply.id, { carrier: 'DHL', trackingNumbers: ['JD0001'] });
    await eventually(() => {
      expect(gone).toBe(1);
    });
    expect(done).toHaveLength(1);
    await market.cloud.restart('deliver');
    // The claim of the run that died has to end first.
    await market.cloud.clock.advance(5 * 60_000);
    const [delivery] = await settled(market, market.retailer.companyId, own.id);
    expect(delivery?.attempts).toBe(2);
    expect(shipped(externalId)).toHaveLength(1);
  });
});
