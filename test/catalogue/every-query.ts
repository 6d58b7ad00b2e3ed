import { expect } from 'vitest';
import { paths } from '../../shared/cloud/firestore.ts';
import { randomId } from '../../shared/domain/ids.ts';
import type { Market } from '../support/market.ts';
import {
  ended,
  fileOf,
  productBody,
  putList,
  putProducts,
  sendFile,
  skus,
  walkCatalogue,
} from './shop-floor.ts';

/** Asks the catalogue for everything that can be asked of it, and leaves something of every kind behind. */
export async function everyQuery({ supplier, retailer, demo, seed }: Market): Promise<void> {
  const products = skus(4).map((sku) => ({ sku, ...productBody({ group: 'g' }) }));
  await putProducts(supplier, products);
  for (const id of ['one', 'two'])
    await putList(supplier, id, { items: products.map(({ sku }) => ({ sku, price: 1 })) });
  expect((await supplier.call('DELETE', `/v1/products/${products[3]?.sku}`)).status).toBe(204);
  for (const file of ['sku\n', fileOf(skus(2))]) await ended(supplier, await sendFile(supplier, file));
  // The rest of an upload that broke off.
  const part = { data: Buffer.from('x'), expireAt: new Date() };
  await seed.db.doc(paths.importPart(supplier.companyId, randomId('import'), 0)).set(part);
  const filters = ['active=true', 'group=g', 'priceList=one'];
  const some = filters.reduce<string[]>(
    (all, each) => [...all, ...all.map((other) => `${other}&${each}`)],
    [''],
  );
  const lists = [
    ...some.map((each) => `/v1/products?limit=1${each && `&${each.replace(/^&/, '')}`}`),
    '/v1/price-lists?limit=1',
    '/v1/imports?limit=1',
  ];
  for (const path of lists) {
    const page = await supplier.call('GET', path);
    expect(page.status, path).toBe(200);
    const { next } = page.json as { next: string };
    expect((await supplier.call('GET', `${path}&after=${encodeURIComponent(next)}`)).status, path).toBe(200);
  }
  const { last } = await walkCatalogue(retailer, demo.partnerId, undefined, 1);
  await walkCatalogue(retailer, demo.partnerId, last.changes, 1);
}
