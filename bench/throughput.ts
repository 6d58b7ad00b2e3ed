import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import type { Cloud } from '../local/cloud.ts';
import type { DemoFile } from '../local/demo-file.ts';
import { type Bundled, startBundled } from './bundled.ts';
import { fire, firstAnswer } from './load.ts';
import { documentsOfOneOrder } from './order-documents.ts';
import { signedOrder } from './orders.ts';
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
    const round = (bundled: Bundled): Promise<number> => cpuSeconds(bundled, demo, size.requests);
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
        what: 'accepted webhooks a second on one core',
        unit: '/s',
        ours: requests / spent.ours,
        limit: requests / spent.bare,
        better: 'more',
        aim: 0.8,
      },
    ];
  } finally {
    await Promise.all([ours.stop(), bare.stop()]);
  }
}

async function cpuSeconds(bundled: Bundled, demo: DemoFile, requests: number): Promise<number> {
  const before = await bundled.usage();
  await fire(bundled.port, { count: requests, atOnce: AT_ONCE, next: () => signedOrder(demo) });
  return (await bundled.usage()).cpuSeconds - before.cpuSeconds;
}
