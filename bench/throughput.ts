import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import type { Cloud } from '../local/cloud.ts';
import type { DemoFile } from '../local/demo-file.ts';
import { type Bundled, startBundled } from './bundled.ts';
import { fire, firstAnswer } from './load.ts';
import { documentsOfOneOrder } from './order-documents.ts';
import type { Shot } from './load.ts';
import { bareOf, type Sender, seedSenders, signedEvent, signedOrder } from './orders.ts';
import type { Figure } from './table.ts';

const AT_ONCE = 32;

/**
 * Accepted webhooks a second that one core can do: requests by the processor time that the function's process took
 * for them, since the emulators, the doors and the sender share the machine's cores with it.
 */
export async function throughput(
  cloud: Cloud,
  demo: DemoFile,
  folders: { webhooks: string; bare: string; scratch: string },
  size: { rounds: number; requests: number },
): Promise<Figure[]> {
  const ours = await startBundled(folders.webhooks, cloud.envOf('webhooks'), { probed: true });
  await firstAnswer(ours.port, signedOrder(demo));
  const file = join(folders.scratch, 'order-documents');
  await writeFile(file, serialize(await documentsOfOneOrder(cloud, demo.retailer.companyId)));
  const env = {
    ...cloud.envOf('webhooks'),
    BARE_SECRET: demo.connections.shopify.secret,
    BARE_DOCUMENTS: file,
  };
  const bare = await startBundled(folders.bare, env, { probed: true });
  try {
    await firstAnswer(bare.port, signedOrder(demo));
    const round = (bundled: Bundled): Promise<number> =>
      cpuSeconds(bundled, () => signedOrder(demo), size.requests);
    // What is compiled and grown by then is no part of the figure.
    await round(ours);
    await round(bare);
    const spent = { ours: 0, bare: 0 };
    for (let pair = 0; pair < size.rounds; pair += 1) {
      spent.ours += await round(ours);
      spent.bare += await round(bare);
    }
    const requests = size.rounds * size.requests;
    return [
      {
        what: 'accepted webhooks a second on one core (Shopify)',
        unit: '/s',
        ours: requests / spent.ours,
        limit: requests / spent.bare,
        better: 'more',
        aim: 0.8,
      },
      ...(await ofEachPlatform(cloud, demo, { ours, bare }, size)),
    ];
  } finally {
    await Promise.all([ours.stop(), bare.stop()]);
  }
}

/**
 * The same of the other platforms' events, each beside the same bytes at the limit. BigCommerce's are thin: an order is
 * noted, and read at the store afterwards.
 */
async function ofEachPlatform(
  cloud: Cloud,
  demo: DemoFile,
  { ours, bare }: Record<'ours' | 'bare', Bundled>,
  size: { rounds: number; requests: number },
): Promise<Figure[]> {
  const senders = await seedSenders(cloud, demo);
  const names: Record<Sender, string> = {
    woocommerce: 'WooCommerce',
    bigcommerce: 'BigCommerce (thin)',
    standard: 'Standard Webhooks',
  };
  const figures: Figure[] = [];
  for (const sender of ['woocommerce', 'bigcommerce', 'standard'] as const) {
    const next = (): Shot => signedEvent(sender, senders);
    await firstAnswer(ours.port, next());
    const atLimit = (): Shot => bareOf(next(), sender === 'bigcommerce' ? '/thin' : '/', demo);
    await cpuSeconds(ours, next, size.requests);
    await cpuSeconds(bare, atLimit, size.requests);
    const spent = { ours: 0, bare: 0 };
    for (let round = 0; round < size.rounds; round += 1) {
      spent.ours += await cpuSeconds(ours, next, size.requests);
      spent.bare += await cpuSeconds(bare, atLimit, size.requests);
    }
    const requests = size.rounds * size.requests;
    const both = { ours: requests / spent.ours, limit: requests / spent.bare };
    figures.push({ what: `the same of ${names[sender]}`, unit: '/s', ...both, better: 'more', aim: 0.8 });
  }
  return figures;
}

async function cpuSeconds(bundled: Bundled, next: () => Shot, requests: number): Promise<number> {
  const before = await bundled.usage();
  await fire(bundled.port, { count: requests, atOnce: AT_ONCE, next });
  return (await bundled.usage()).cpuSeconds - before.cpuSeconds;
}
