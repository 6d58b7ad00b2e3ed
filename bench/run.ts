/**
 * `npm run bench`: one table, each figure beside its limit of the same run.
 *
 *     npm run bench [-- --quick] [-- --bill-orders 100000] [-- seal billed oversell signin bill memory cold throughput kms]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleFunction } from '../infra/bundle.ts';
import { type Cloud, startCloud } from '../local/cloud.ts';
import type { DemoFile } from '../local/demo-file.ts';
import { SetupError } from '../local/find-emulators.ts';
import { seedDemo } from '../local/seed.ts';
import { FUNCTIONS } from '../local/topology.ts';
import { billMemory } from './bill.ts';
import { backupFigures } from './backups.ts';
import { billedFigures, billedOperations, billedWithStock, stockFigures } from './billed-operations.ts';
import { coldStart } from './cold-start.ts';
import { kmsFigures } from './kms-calls.ts';
import { peakMemory } from './memory.ts';
import { oversell } from './oversell.ts';
import { sealBench } from './seal.ts';
import { signInFigures } from './sign-in.ts';
import { type Figure, tableOf } from './table.ts';
import { throughput } from './throughput.ts';

const ROOT = resolve(import.meta.dirname, '..');

/** How much of each is done. `quick` shows that all of it runs; its figures mean little. */
const FULL = {
  runs: 11,
  rounds: 6,
  roundRequests: 400,
  memoryRequests: 2000,
  kmsScale: 1,
  signIns: 600,
  billOrders: 5000,
  backedUp: 4_000,
};
const QUICK: typeof FULL = {
  runs: 1,
  rounds: 1,
  roundRequests: 40,
  memoryRequests: 40,
  kmsScale: 100,
  signIns: 60,
  billOrders: 1000,
  backedUp: 400,
};

interface Bench {
  cloud: Cloud;
  demo: DemoFile;
  folder: (name: string) => string;
  scratch: string;
  size: typeof FULL;
}

/** In the order in which they run: the first two while the hub's own functions run, the others with these stopped. */
const BENCHES: Record<string, (bench: Bench) => Promise<Figure[]>> = {
  billed: async ({ cloud, demo }) => {
    const billed = await billedOperations(cloud, demo);
    return [...billedFigures(billed), ...stockFigures(billed, await billedWithStock(cloud, demo))];
  },
  oversell: ({ cloud }) => oversell(cloud),
  backups: ({ cloud, size }) => backupFigures(cloud, size.backedUp),
  signin: ({ cloud, folder, size }) => signInFigures(cloud, folder('accounts'), size.signIns),
  bill: ({ cloud, demo, folder, size }) => billMemory(cloud, demo, folder('bill'), size.billOrders),
  memory: ({ cloud, demo, folder, size }) => peakMemory(cloud, demo, folder, size.memoryRequests),
  cold: ({ cloud, demo, folder, size }) =>
    coldStart(cloud, demo, { webhooks: folder('webhooks'), hello: folder('hello') }, size.runs),
  throughput: ({ cloud, demo, folder, scratch, size }) =>
    throughput(
      cloud,
      demo,
      { webhooks: folder('webhooks'), bare: folder('bare-webhook'), scratch },
      { rounds: size.rounds, requests: size.roundRequests },
    ),
  kms: ({ cloud, size }) => kmsFigures(cloud, size.kmsScale),
  seal: () => sealBench(),
};

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { quick: { type: 'boolean', default: false }, 'bill-orders': { type: 'string' } },
    allowPositionals: true,
  });
  const unknown = positionals.filter((name) => !(name in BENCHES));
  if (unknown.length > 0) {
    throw new SetupError(
      `There is no ${unknown.join(', ')}. Choose from ${Object.keys(BENCHES).join(', ')}.`,
    );
  }
  const billOrders = values['bill-orders'];
  if (billOrders !== undefined && !/^[1-9][0-9]{2,6}$/.test(billOrders)) {
    throw new SetupError('--bill-orders takes a whole number from 100 to 9999999.');
  }
  const chosen = Object.keys(BENCHES).filter(
    (name) => positionals.length === 0 || positionals.includes(name),
  );
  const scratch = await mkdtemp(join(tmpdir(), 'strongroom-bench-'));
  const folder = (name: string): string => join(scratch, name);
  const cloud = await startCloud({ clockByHand: true });
  try {
    const size = { ...(values.quick ? QUICK : FULL) };
    if (billOrders !== undefined) size.billOrders = Number(billOrders);
    const bench = { cloud, scratch, folder, size, demo: await seedDemo(cloud) };
    const figures: Figure[] = [];
    for (const name of chosen) {
      // Whatever is measured in a process of its own has the machine to itself.
      if (!['billed', 'oversell', 'backups', 'signin', 'bill'].includes(name)) await cloud.kill('webhooks');
      for (const each of BUNDLES[name] ?? []) await bundle(each, folder(each));
      const startedAt = performance.now();
      process.stdout.write(`  ${name} …`);
      figures.push(...((await BENCHES[name]?.(bench)) ?? []));
      console.log(` ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
    }
    console.log(`\n${tableOf(figures)}\n\nNode ${process.versions.node}, ${processor()}`);
  } finally {
    await cloud.stop();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** What runs as it is deployed; the last two are what it is compared with. */
const BUNDLES: Readonly<Record<string, readonly string[]>> = {
  signin: ['accounts'],
  bill: ['bill'],
  memory: FUNCTIONS,
  cold: ['webhooks', 'hello'],
  throughput: ['webhooks', 'bare-webhook'],
};
const LIMITS: readonly string[] = ['hello', 'bare-webhook'];
const bundled = new Set<string>();

async function bundle(name: string, folder: string): Promise<void> {
  if (bundled.has(name)) return;
  bundled.add(name);
  if (LIMITS.includes(name)) {
    await bundleFunction({ name, file: join(import.meta.dirname, `${name}.ts`), folder, plain: true });
  } else {
    await bundleFunction({ name, file: join(ROOT, 'functions', `${name}.ts`), folder });
  }
}

function processor(): string {
  const all = cpus();
  return `${all.length} × ${all[0]?.model.trim() ?? 'an unknown processor'}`;
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    console.error(error instanceof SetupError ? error.message : error);
    process.exit(1);
  },
);
