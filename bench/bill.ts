import { setTimeout as sleep } from 'node:timers/promises';
import type { Cloud } from '../local/cloud.ts';
import type { DemoFile } from '../local/demo-file.ts';
import { seedDeps, type SeedDeps } from '../local/seed.ts';
import { paths } from '../shared/cloud/firestore.ts';
import { randomId } from '../shared/domain/ids.ts';
import { startBundled } from './bundled.ts';
import { firstAnswer } from './load.ts';
import type { Figure } from './table.ts';

/** What the many are compared with: some pages. */
const FEW = 500;
const BATCH = 400;
/** What the process needs is there already after a few; the rest is what grows. */
const AIM = 1.25;
const TICK = { method: 'POST', path: '/', headers: {} };

/**
 * The most memory that `bill` ever had while it charged `orders` unbilled orders of one connection, against what it had
 * after a few. Answers also how many charges came of them.
 */
export async function billMemory(
  cloud: Cloud,
  demo: DemoFile,
  folder: string,
  orders: number,
): Promise<Figure[]> {
  const seed = seedDeps(cloud);
  await readyToBill(cloud, demo, seed);
  const bundled = await startBundled(folder, cloud.envOf('bill'), { probed: true });
  try {
    const peakAfter = async (count: number): Promise<number> => {
      await addUnbilled(seed, demo, count);
      // As if the day's run was still to come.
      await seed.db.doc(paths.lease('bill')).delete();
      while (await someUnbilled(seed, demo)) await firstAnswer(bundled.port, TICK);
      return (await bundled.usage()).peakMegabytes;
    };
    const few = await peakAfter(FEW);
    const many = await peakAfter(orders);
    const what = `peak memory of bill, ${orders.toLocaleString('en')} unbilled orders, ${FEW} as the limit`;
    return [{ what, unit: 'MB', ours: many, limit: few, better: 'less', aim: AIM }];
  } finally {
    await bundled.stop();
  }
}

async function readyToBill(cloud: Cloud, demo: DemoFile, { db }: SeedDeps): Promise<void> {
  const { partnerId, supplier, retailer } = demo;
  const terms = { priceListId: null, bill: true, shares: { stock: true } };
  for (const { companyId } of [supplier, retailer]) {
    await db.doc(paths.partner(companyId, partnerId)).update({ terms });
  }
  const { accountId = '' } = await post(cloud, supplier, '/v1/billing/account', {});
  cloud.stripe.finishOnboarding(accountId);
  await until(db, paths.billingAccount(supplier.companyId), 'state', 'ready');
  const { url = '' } = await post(cloud, retailer, '/v1/billing/cards', { partner: partnerId });
  cloud.stripe.completeCheckout(url, 'pm_card_visa');
  await until(db, paths.card(supplier.companyId, partnerId), 'paymentMethodId');
}

async function post(
  cloud: Cloud,
  { apiKey }: { apiKey: string },
  path: string,
  body: object,
): Promise<{ accountId?: string; url?: string }> {
  const headers = { Authorization: `Bearer ${apiKey}`, 'Content-Type': 'application/json' };
  const response = await fetch(cloud.baseUrl + path, { method: 'POST', headers, body: JSON.stringify(body) });
  return (await response.json()) as { accountId?: string; url?: string };
}

/** Waits until a field has this value, or any. */
async function until(db: SeedDeps['db'], path: string, field: string, value?: string): Promise<void> {
  for (;;) {
    const is = (await db.doc(path).get()).get(field) as string | null | undefined;
    if (value === undefined ? typeof is === 'string' : is === value) return;
    await sleep(50);
  }
}

/** Supply orders of three lines, of which everything shipped. */
async function addUnbilled({ db }: SeedDeps, demo: DemoFile, count: number): Promise<void> {
  const { partnerId, supplier, retailer } = demo;
  const line = (sku: string) => ({
    ...{ id: randomId('line'), origin: randomId('line'), sku, title: null, quantity: 2, saidQuantity: 0 },
    ...{ fulfilledQuantity: 2, cancelledQuantity: 0, returnedQuantity: 0, unitPrice: 1990 },
    ...{ supplier: null, stock: null },
  });
  for (let from = 0; from < count; from += BATCH) {
    const batch = db.batch();
    for (let each = from; each < Math.min(count, from + BATCH); each += 1) {
      batch.create(db.doc(paths.order(supplier.companyId, randomId('order'))), {
        ...{ companyId: supplier.companyId, partner: partnerId, currency: 'USD' },
        origin: { companyId: retailer.companyId, orderId: randomId('order') },
        lines: ['A', 'B', 'C'].map(line),
        unbilled: `${partnerId}/USD`,
      });
    }
    await batch.commit();
  }
}

async function someUnbilled({ db }: SeedDeps, { partnerId, supplier }: DemoFile): Promise<boolean> {
  const orders = db.collection(paths.orders(supplier.companyId));
  return !(await orders.where('unbilled', '==', `${partnerId}/USD`).limit(1).get()).empty;
}
