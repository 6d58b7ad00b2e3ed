import { randomInt } from 'node:crypto';
import type { Cloud } from '../local/cloud.ts';
import type { DemoFile } from '../local/demo-file.ts';
import { seedDeps, type SeedDeps } from '../local/seed.ts';
import type { FunctionName } from '../local/topology.ts';
import { paths } from '../shared/cloud/firestore.ts';
import { randomId } from '../shared/domain/ids.ts';
import type { StoredErasure } from '../shared/orders/erasure.ts';
import { startBundled } from './bundled.ts';
import { fire, firstAnswer, type Shot } from './load.ts';
import { signedOrder } from './orders.ts';
import type { Figure } from './table.ts';

const AT_ONCE = 32;
const AIM_MEGABYTES = 160;
/** Orders to list and to read, before there are too many. */
const FIRST_ORDERS = 64;

/**
 * The most memory that each function's process ever had while it answered `requests` requests, 32 at a time. The
 * functions of the cloud itself are stopped: the orders that `webhooks` stores wait for the `route-order` measured.
 */
export async function peakMemory(
  cloud: Cloud,
  demo: DemoFile,
  folderOf: (name: FunctionName) => string,
  requests: number,
): Promise<Figure[]> {
  const seed = seedDeps(cloud);
  const measured = async (
    name: FunctionName,
    count: number,
    next: (index: number) => Shot,
  ): Promise<Figure> => {
    const bundled = await startBundled(folderOf(name), cloud.envOf(name), { probed: true });
    try {
      // The first alone, as it loads what all need.
      await firstAnswer(bundled.port, next(0));
      const rest = (index: number): Shot => next(index + 1);
      await fire(bundled.port, { count: count - 1, atOnce: Math.min(AT_ONCE, count), next: rest });
      const { peakMegabytes } = await bundled.usage();
      const what = `peak memory of ${name}, ${count.toLocaleString('en')} requests`;
      return { what, unit: 'MB', ours: peakMegabytes, better: 'less', aim: AIM_MEGABYTES };
    } finally {
      await bundled.stop();
    }
  };
  const read = (path: string, { apiKey } = demo.retailer): Shot => ({
    method: 'GET',
    path,
    headers: { Authorization: `Bearer ${apiKey}` },
  });
  /** One page in eight is a full one: the emulator reads a whole collection for each. */
  const page = (path: string, index: number): Shot =>
    read(`${path}?limit=50`, index % 8 === 0 ? demo.retailer : demo.supplier);

  await measured('webhooks', FIRST_ORDERS, () => signedOrder(demo));
  const first = await orderIds(seed, demo, FIRST_ORDERS);
  return [
    await measured('audit', requests, (index) => page('/v1/audit', index)),
    await measured('orders', requests, (index) =>
      index % 2 === 0
        ? page('/v1/orders', index / 2)
        : read(`/v1/orders/${first[index % first.length] ?? ''}`),
    ),
    await measured('trust', requests, (index) =>
      read(index % 4 === 0 ? '/v1/openapi.json' : '/.well-known/jwks.json'),
    ),
    await measured('webhooks', requests, () => signedOrder(demo)),
    await routing(seed, demo, requests, measured),
    await erasing(seed, demo, requests / 4, measured),
    // One instance does it once a minute; the emulator reads all orders each time.
    await measured('sweep', 8, () => ({ method: 'POST', path: '/' })),
  ];
}

type Measured = (name: FunctionName, count: number, next: (index: number) => Shot) => Promise<Figure>;

async function routing(seed: SeedDeps, demo: DemoFile, count: number, measured: Measured): Promise<Figure> {
  const { companyId } = demo.retailer;
  const waiting = await orderIds(seed, demo, count);
  return measured('route-order', waiting.length, (index) =>
    push({ companyId, orderId: waiting[index] ?? '' }),
  );
}

/** An erasure for each order, as `orders` would have written it. */
async function erasing(seed: SeedDeps, demo: DemoFile, count: number, measured: Measured): Promise<Figure> {
  const { companyId } = demo.retailer;
  const orders = await orderIds(seed, demo, count);
  const erasures: string[] = [];
  const batch = seed.db.batch();
  for (const orderId of orders) {
    const id = randomId('erasure');
    erasures.push(id);
    batch.create(seed.db.doc(paths.erasure(companyId, id)), erasureOf(companyId, orderId));
    batch.update(seed.db.doc(paths.order(companyId, orderId)), { archived: true, erasing: id });
  }
  await batch.commit();
  return measured('erase', orders.length, (index) => push({ companyId, erasureId: erasures[index] ?? '' }));
}

function erasureOf(companyId: string, orderId: string): StoredErasure {
  return {
    companyId,
    orders: [orderId],
    views: [],
    state: 'pending',
    requestedAt: new Date().toISOString(),
    destroyedAt: null,
    horizon: null,
    certificate: null,
    due: 0,
  };
}

async function orderIds({ db }: SeedDeps, { retailer }: DemoFile, count: number): Promise<string[]> {
  const found = await db.collection(paths.orders(retailer.companyId)).limit(count).select().get();
  return found.docs.map((doc) => doc.id);
}

/** A message as Pub/Sub pushes it. */
function push(message: object): Shot {
  const data = Buffer.from(JSON.stringify(message)).toString('base64');
  const messageId = String(randomInt(1e12));
  return {
    method: 'POST',
    path: '/',
    headers: { 'Content-Type': 'application/json' },
    body: Buffer.from(JSON.stringify({ message: { data, messageId }, subscription: 'bench' })),
  };
}
