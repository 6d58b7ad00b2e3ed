import { FieldValue } from '@google-cloud/firestore';
import { connectCompanies, seedCompany } from '../../local/seed.ts';
import type { Totals } from '../../local/door/counts.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import type { Market } from '../support/market.ts';
import { putList, skus } from './shop-floor.ts';

/** What two pages of 50 are billed at the wire: a company's own products, and a partner's at its prices. */
export interface PageCost {
  own: Totals;
  priced: Totals;
}

/**
 * By how many bytes two pages of a cost can differ though they hold the same: each document comes with four times, whose
 * nanoseconds are numbers (varints) of one to five bytes, mostly four or five.
 */
export function bytesOfTimes({ reads }: Totals): number {
  return reads * 4 * 2;
}

const QUERY = 'limit=50';

/** A supplier with so many products, asked for pages; what is asked for first fills caches and does not count. */
export async function pageCost(market: Market, products: number): Promise<PageCost> {
  const { seed } = market;
  const company = async (name: string) =>
    market.merchant(await seedCompany(name, `${name}-${products}@demo.example`, seed));
  const [seller, buyer] = [await company('seller'), await company('buyer')];
  const partnerId = await connectCompanies(buyer.companyId, seller.companyId, seed);
  const names = skus(products);
  for (let from = 0; from < products; from += 500) {
    const batch = seed.db.batch();
    for (const sku of names.slice(from, from + 500)) {
      const product = {
        sku,
        title: 'A thing',
        price: 1000,
        currency: 'USD',
        active: true,
        rules: {},
        lists: [],
      };
      batch.set(seed.db.doc(paths.product(seller.companyId, sku)), {
        ...product,
        changedAt: FieldValue.serverTimestamp(),
      });
    }
    await batch.commit();
  }
  await putList(seller, 'sale', { markup: { percent: '-5' } });
  await putList(seller, 'base', { markup: { percent: '10' }, exceptions: ['sale'] });
  const terms = { priceListId: 'base', bill: false, shares: { stock: true } };
  await seed.db.doc(paths.partner(buyer.companyId, partnerId)).update({ terms });

  const { counts } = market.cloud.doors.catalogue;
  const billed = async (ask: () => Promise<unknown>): Promise<Totals> => {
    await ask();
    counts.reset();
    await ask();
    return counts.snapshot();
  };
  return {
    own: await billed(() => seller.call('GET', `/v1/products?${QUERY}`)),
    priced: await billed(() => buyer.call('GET', `/v1/partners/${partnerId}/catalogue?${QUERY}`)),
  };
}
