import type { Cloud } from '../local/cloud.ts';
import type { DemoFile } from '../local/demo-file.ts';
import { startBundled } from './bundled.ts';
import { firstAnswer, type Shot } from './load.ts';
import { signedOrder } from './orders.ts';
import type { Figure } from './table.ts';

/**
 * Milliseconds from the start of a process to its first answer: `webhooks` stores an order by then, the hello of
 * functions-framework says hello. Taken in turns; the median of each counts.
 */
export async function coldStart(
  cloud: Cloud,
  demo: DemoFile,
  folders: { webhooks: string; hello: string },
  runs: number,
): Promise<Figure[]> {
  const times = { ours: [] as number[], hello: [] as number[] };
  for (let run = 0; run < runs; run += 1) {
    times.ours.push(await firstAnswerOf(folders.webhooks, cloud.envOf('webhooks'), signedOrder(demo)));
    times.hello.push(await firstAnswerOf(folders.hello, {}, { method: 'GET', path: '/' }));
  }
  return [
    {
      what: 'process start to first stored order',
      unit: 'ms',
      ours: median(times.ours),
      limit: median(times.hello),
      better: 'less',
    },
  ];
}

async function firstAnswerOf(folder: string, env: Record<string, string>, shot: Shot): Promise<number> {
  const startedAt = performance.now();
  const bundled = await startBundled(folder, env);
  try {
    await firstAnswer(bundled.port, shot);
    return performance.now() - startedAt;
  } finally {
    await bundled.stop();
  }
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
