import { setTimeout as delay } from 'node:timers/promises';
import type { Cloud } from '../local/cloud.ts';
import type { DemoFile, DemoMerchant } from '../local/demo-file.ts';
import type { Totals } from '../local/door/counts.ts';
import { seedDeps, type SeedDeps, seedProducts, seedStock } from '../local/seed.ts';
import { paths } from '../shared/cloud/firestore.ts';
import type { StoredOrder } from '../shared/domain/order.ts';
import type { StoredErasure } from '../shared/orders/erasure.ts';
import { orderIdOf } from '../shared/orders/order-ids.ts';
import { shoot } from './load.ts';
import { signedOrder } from './orders.ts';
import type { Figure } from './table.ts';

/** The steps of an order's path, in their order. */
export const STEPS = ['receive', 'route', 'open', 'fulfil', 'archive', 'delete', 'erase'] as const;
export type Step = (typeof STEPS)[number];
export type Billed = Record<Step, Totals>;

const PATIENCE_MS = 30_000;
const SKUS = ['IPOD2008GREEN', 'IPOD2008RED', 'IPOD2008BLACK'];

/**
 * What one order is billed, counted at the wire: three lines, all of them one partner's, caches warm. Each function
 * has a door of its own, so what one does is told from what another does at the same time.
 */
export async function billedOperations(cloud: Cloud, demo: DemoFile): Promise<Billed> {
  const seed = seedDeps(cloud);
  const third = { sku: 'IPOD2008BLACK', title: 'iPod Nano 8 GB, black', price: 15_500, currency: 'USD' };
  await seedProducts(demo.supplier.companyId, [{ ...third, active: true }], seed);
  // The first order fills the caches of every function.
  await onePath(cloud, demo, seed);
  return onePath(cloud, demo, seed);
}

/** Each step in words, and the sums that have aims. */
export function billedFigures(billed: Billed): Figure[] {
  const withoutOpening = STEPS.filter((step) => step !== 'open');
  const sum = (what: string, kind: 'reads' | 'writes', steps: readonly Step[], aim?: number): Figure => ({
    what: `billed: ${kind} ${what}`,
    unit: kind,
    ours: sumOf(billed, kind, steps),
    better: 'less',
    ...(aim !== undefined && { aim }),
  });
  return [
    ...STEPS.map((step): Figure => {
      const { reads, writes, deletes, messages, kmsCalls } = billed[step];
      const words = [
        ...[`${reads} reads`, `${writes} writes`, `${deletes} deletes`],
        ...[`${messages} messages`, `${kmsCalls} KMS calls`],
      ];
      return { what: `billed: ${step}`, unit: '', ours: writes, words: words.join(', '), better: 'less' };
    }),
    sum('until routed', 'writes', ['receive', 'route'], 11),
    sum('until routed', 'reads', ['receive', 'route'], 8),
    sum('until erased', 'writes', withoutOpening, 25),
    sum('until erased', 'reads', withoutOpening, 20),
    sum('until erased, once opened', 'writes', STEPS),
    sum('until erased, once opened', 'reads', STEPS, 20),
  ];
}

export function sumOf(billed: Billed, kind: keyof Totals, steps: readonly Step[]): number {
  return steps.reduce((total, step) => total + billed[step][kind], 0);
}

/** The same order where the supplier counts its stock: what `allocate` is billed for it is told beside the steps. */
export async function billedWithStock(
  cloud: Cloud,
  demo: DemoFile,
): Promise<{ billed: Billed; allocate: Totals }> {
  const seed = seedDeps(cloud);
  const { counts } = cloud.doors.allocate;
  await seedStock(demo.supplier.companyId, Object.fromEntries(SKUS.map((sku) => [sku, 1_000])), seed);
  try {
    await onePath(cloud, demo, seed);
    await quiet(cloud);
    counts.reset();
    const billed = await onePath(cloud, demo, seed, async () => {
      await quiet(cloud);
      counts.reset();
    });
    await quiet(cloud);
    return { billed, allocate: counts.snapshot() };
  } finally {
    await Promise.all(SKUS.map((sku) => seed.db.doc(paths.stock(demo.supplier.companyId, sku)).delete()));
  }
}

/** What counted stock adds until the order is routed and until it is erased. */
export function stockFigures(
  without: Billed,
  { billed, allocate }: Awaited<ReturnType<typeof billedWithStock>>,
): Figure[] {
  const more = (kind: 'reads' | 'writes', steps: readonly Step[]): number =>
    sumOf(billed, kind, steps) - sumOf(without, kind, steps);
  const figure = (what: string, reads: number, writes: number): Figure => ({
    ...{ what: `billed: counted stock ${what}`, unit: '', ours: writes, better: 'less' },
    words: `${reads} reads, ${writes} writes`,
  });
  return [
    figure('adds until routed', more('reads', ['receive', 'route']), more('writes', ['receive', 'route'])),
    figure(
      'adds until erased',
      more('reads', STEPS) + allocate.reads,
      more('writes', STEPS) + allocate.writes,
    ),
    figure('of which by allocate', allocate.reads, allocate.writes),
  ];
}

/** Messages take a moment to come: quiet is when none has come for a while. */
async function quiet(cloud: Cloud): Promise<void> {
  await delay(1_500);
  await cloud.hosts.idle();
}

async function onePath(
  cloud: Cloud,
  demo: DemoFile,
  seed: SeedDeps,
  warm: () => Promise<void> = () => Promise.resolve(),
): Promise<Billed> {
  const { retailer, supplier } = demo;
  const { webhooks, 'route-order': router, orders, erase: eraser } = cloud.doors;
  const call = async (merchant: DemoMerchant, method: string, path: string, body?: object): Promise<void> => {
    // An API key is known for half a minute: it is used right before what is counted.
    await callApi(cloud, merchant, 'GET', '/v1/orders?limit=1');
    orders.counts.reset();
    await callApi(cloud, merchant, method, path, body);
  };

  // So is a connection.
  const before = await send(cloud, demo, seed);
  await once(async () => (await orderOf(seed, demo, before)).routing === 'done');
  await warm();
  for (const door of [webhooks, router, eraser]) door.counts.reset();
  const id = await send(cloud, demo, seed);
  const receive = webhooks.counts.snapshot();
  await once(async () => (await orderOf(seed, demo, id)).routing === 'done');
  // What is written can be seen a moment before it is counted.
  await cloud.hosts.idle();
  const route = router.counts.snapshot();

  const supplyOrder = `/v1/orders/${(await orderOf(seed, demo, id)).supplyOrders[0]?.id ?? ''}`;
  await call(supplier, 'GET', supplyOrder);
  const open = orders.counts.snapshot();
  const tracking = { carrier: 'ups', trackingNumbers: ['1Z0000000000000000'] };
  await call(supplier, 'POST', `${supplyOrder}/fulfilments`, tracking);
  const fulfil = orders.counts.snapshot();
  await call(retailer, 'POST', `/v1/orders/${id}/archive`);
  const archive = orders.counts.snapshot();
  await call(retailer, 'DELETE', `/v1/orders/${id}`);
  const asked = orders.counts.snapshot();
  await once(() => erased(seed, demo, id));
  const erase = eraser.counts.snapshot();
  return { receive, route, open, fulfil, archive, delete: asked, erase };
}

/** Answers our id of the order. */
async function send(cloud: Cloud, demo: DemoFile, seed: SeedDeps): Promise<string> {
  const order = signedOrder(demo);
  const status = await shoot(Number(new URL(cloud.baseUrl).port), order);
  if (status !== 200) throw new Error(`an order was answered ${status}`);
  return orderIdOf(await seed.keyring.lookup(), demo.connections.shopify.id, order.externalId);
}

async function callApi(
  cloud: Cloud,
  merchant: DemoMerchant,
  method: string,
  path: string,
  body?: object,
): Promise<void> {
  const answer = await fetch(cloud.baseUrl + path, {
    method,
    headers: {
      Authorization: `Bearer ${merchant.apiKey}`,
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}`);
}

async function orderOf({ db }: SeedDeps, { retailer }: DemoFile, id: string): Promise<StoredOrder> {
  return (await db.doc(paths.order(retailer.companyId, id)).get()).data() as StoredOrder;
}

async function erased({ db }: SeedDeps, { retailer }: DemoFile, id: string): Promise<boolean> {
  const erasures = await db
    .collection(paths.erasures(retailer.companyId))
    .where('orders', 'array-contains', id)
    .get();
  return erasures.docs.some((doc) => (doc.data() as StoredErasure).state === 'destroyed');
}

async function once(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('an order did not come on');
    await delay(20);
  }
}
