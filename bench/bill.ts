import { setTimeout as sleep } from 'node:timers/promises';
import type { Cloud } from '../local/cloud.ts';
import type { DemoFile } from '../local/demo-file.ts';
import { seedDeps, type SeedDeps } from '../local/seed.ts';
import { paths } from '../shared/cloud/firestore.ts';
import type { ChargeState } from '../shared/domain/billing.ts';
import { randomId } from '../shared/domain/ids.ts';
import { startBundled } from './bundled.ts';
import { firstAnswer } from './load.ts';
import type { Figure } from './table.ts';

/** What the many are compared with: some pages, or the tenth part of them. */
const FEW = 500;
const BATCH = 500;
const BATCHES_AT_ONCE = 4;
/** What the process needs is there already after a few; the rest is what grows. */
const AIM = 1.25;
const TICK = { method: 'POST', path: '/', headers: {} };
/** How often is told how far it came. */
const TELL_MS = 15_000;
/** How often is looked whether all is settled: each look costs the emulator the reading of all charges. */
const LOOK_MS = 2000;

/**
 * The most memory that `bill` ever had while it charged `orders` unbilled orders of one connection, against what it had
 * after the tenth part of them.
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
      await chargeAll(cloud, seed, demo, bundled.port);
      return (await bundled.usage()).peakMegabytes;
    };
    const fewer = Math.max(FEW, Math.round(orders / 10));
    const few = await peakAfter(fewer);
    const many = await peakAfter(orders);
    const [all, tenth] = [orders, fewer].map((count) => count.toLocaleString('en'));
    const what = `peak memory of bill, ${all} unbilled orders, ${tenth} as the limit`;
    return [{ what, unit: 'MB', ours: many, limit: few, better: 'less', aim: AIM }];
  } finally {
    await bundled.stop();
  }
}

/** One run after another, each of which ends in time by itself, until everything is paid. Tells how far it came. */
async function chargeAll(cloud: Cloud, seed: SeedDeps, demo: DemoFile, port: number): Promise<void> {
  const startedAt = performance.now();
  const confirmed = (): number => cloud.stripe.calls.filter(({ path }) => path.endsWith('/confirm')).length;
  const before = confirmed();
  const telling = setInterval(() => {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    process.stdout.write(` ${confirmed() - before} charges after ${seconds} s …`);
  }, TELL_MS);
  try {
    do await firstAnswer(port, TICK);
    while ((await anyCharge(seed, demo, ['pending', 'declined'])) || (await someUnbilled(seed, demo)));
    // What is on its way is settled by its events, which no further run hastens.
    while (await anyCharge(seed, demo, ['processing'])) await sleep(LOOK_MS);
  } finally {
    clearInterval(telling);
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
  let left = count;
  const write = async (): Promise<void> => {
    while (left > 0) {
      const batch = db.batch();
      const size = Math.min(left, BATCH);
      left -= size;
      for (let each = 0; each < size; each += 1) {
        batch.create(db.doc(paths.order(supplier.companyId, randomId('order'))), {
          ...{ companyId: supplier.companyId, partner: partnerId, currency: 'USD' },
          origin: { companyId: retailer.companyId, orderId: randomId('order') },
          lines: ['A', 'B', 'C'].map(line),
          unbilled: `${partnerId}/USD`,
        });
      }
      await batch.commit();
    }
  };
  await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, write));
}

async function someUnbilled({ db }: SeedDeps, { partnerId, supplier }: DemoFile): Promise<boolean> {
  const orders = db.collection(paths.orders(supplier.companyId));
  return !(await orders.where('unbilled', '==', `${partnerId}/USD`).limit(1).select().get()).empty;
}

async function anyCharge({ db }: SeedDeps, { supplier }: DemoFile, states: ChargeState[]): Promise<boolean> {
  const charges = db.collection(paths.charges(supplier.companyId));
  return !(await charges.where('state', 'in', states).limit(1).select().get()).empty;
}
