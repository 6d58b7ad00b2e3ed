import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../local/leash.ts';

/** What a process has used since it started. */
export interface Usage {
  cpuSeconds: number;
  peakMegabytes: number;
}

/** A bundle that serves in a process of its own. */
export interface Bundled {
  readonly port: number;
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

/**
 * Starts a bundle by the start command of its own `package.json`. `probed` lets it answer what it has used; what is
 * measured from the start of the process goes without.
 */
export async function startBundled(
  folder: string,
  env: Record<string, string>,
  { probed = false } = {},
): Promise<Bundled> {
  const port = await freePort();
  const probe = probed ? ['--import', join(import.meta.dirname, 'probe.mjs')] : [];
  const child = spawn(process.execPath, [...probe, ...startArguments(folder)], {
    cwd: folder,
    env: { PATH: process.env['PATH'], METADATA_SERVER_DETECTION: 'none', PORT: String(port), ...env },
    stdio: ['ignore', 'ignore', 'inherit', ...(probed ? (['ipc'] as const) : [])],
  });
  return {
    port,
    usage: () => usageOf(child),
    async stop() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function startArguments(folder: string): string[] {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    scripts: { start: string };
  };
  return manifest.scripts.start.split(' ').slice(1);
}

async function usageOf(child: ChildProcess): Promise<Usage> {
  const answered = once(child, 'message');
  child.send('usage');
  const [{ cpu, maxRss }] = (await answered) as [{ cpu: NodeJS.CpuUsage; maxRss: number }];
  return { cpuSeconds: (cpu.user + cpu.system) / 1e6, peakMegabytes: maxRss / 1024 };
}
