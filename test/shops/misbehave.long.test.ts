import { afterAll, beforeAll, it } from 'vitest';
import { losesNothing } from './misbehave.ts';
import { type Shops, startShops } from './shops.ts';

let shops: Shops;
beforeAll(async () => {
  shops = await startShops();
  await shops.poll();
}, 90_000);
afterAll(() => shops.stop());

it('twelve orders at each shop that misbehaves in every way: none is lost, none is shipped twice', async () => {
  await losesNothing(shops, 12);
}, 600_000);
