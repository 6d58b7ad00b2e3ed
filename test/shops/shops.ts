import { randomInt } from 'node:crypto';
import type { CloudOptions } from '../../local/cloud.ts';
import { seedConnection } from '../../local/seed.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import type { ShopPlatform } from '../../shared/domain/delivery.ts';
import { DUE_SLOTS } from '../../shared/domain/due.ts';
import { eventually } from '../support/market.ts';
import { type ShopMarket, startShopMarket } from './shop-market.ts';

type Connected<P extends 'woo' | 'big' | 'shopify'> = ShopMarket[P] & { connectionId: string };

/** A market in which one of the two has a shop at each platform, played by its stand-in. */
export interface Shops extends Pick<ShopMarket, 'market' | 'stop'> {
  woo: Connected<'woo'>;
  big: Connected<'big'>;
  shopify: Connected<'shopify'>;
  /** Lets every shop have its turn of the poll, and waits until it has been asked. */
  poll(): Promise<void>;
}

export async function startShops(
  options: Omit<CloudOptions, 'emulators' | 'standIns'> = {},
  owner: 'retailer' | 'supplier' = 'retailer',
): Promise<Shops> {
  const { market, woo, big, shopify, access, stop } = await startShopMarket(options);
  const { cloud } = market;
  const { companyId } = market[owner];
  const seeded = { ...market.seed, now: () => cloud.clock.now() };
  const connect = (platform: ShopPlatform) => seedConnection(companyId, access[platform], seeded);
  const wooId = await connect('woocommerce');
  const bigId = await connect('bigcommerce');
  const shopifyId = await connect('shopify');

  const ids = [wooId, bigId, shopifyId];
  const polled = async (): Promise<(string | null)[]> =>
    Promise.all(
      ids.map(async (id) => {
        const found = await market.seed.db.doc(paths.connection(companyId, id)).get();
        const { health } = found.data() as {
          health: { lastPolledAt: string | null; lastFailure: { at: string } | null };
        };
        return `${health.lastPolledAt ?? ''}/${health.lastFailure?.at ?? ''}`;
      }),
    );
  const poll = async (): Promise<void> => {
    const before = await polled();
    // All in the slot of the next minute, which is published by the next tick whenever that comes.
    const slot = (Math.floor(cloud.clock.now() / 60_000) + 1) % DUE_SLOTS;
    for (const id of ids) {
      await market.seed.db.doc(paths.connection(companyId, id)).update({ slot });
    }
    await cloud.clock.advance(60_000);
    await eventually(async () => {
      const after = await polled();
      if (after.some((each, place) => each === before[place])) throw new Error('not asked yet');
    });
  };
  return {
    market,
    woo: Object.assign(woo, { connectionId: wooId }),
    big: Object.assign(big, { connectionId: bigId }),
    shopify: Object.assign(shopify, { connectionId: shopifyId }),
    poll,
    stop,
  };
}

export function freshId(): number {
  return randomInt(1, 2 ** 31);
}
