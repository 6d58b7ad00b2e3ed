import { resolve } from 'node:path';
import { type HostProcess, type SpareProcesses, startHostProcess } from './host-apart.ts';
import type { FunctionName } from './topology.ts';

/** The processes that functions run in. A process that ends by itself is started again, as an instance would be. */
export interface Hosts {
  /** Base URL of a function; stays the same over a restart. */
  url(name: FunctionName): string;
  port(name: FunctionName): number;
  /** The process that a function runs in. */
  pid(name: FunctionName): number;
  move(offsetMs: number): Promise<void>;
  idle(): Promise<void>;
  /** SIGKILL to the process of a function, which stays away until `restart`. */
  kill(name: FunctionName): Promise<void>;
  restart(name: FunctionName): Promise<void>;
  stop(): Promise<void>;
}

interface Group {
  names: readonly FunctionName[];
  ports: Record<string, number>;
  process: HostProcess | undefined;
}

const FUNCTIONS_FOLDER = resolve(import.meta.dirname, '..', 'functions');

/** Starts one process for each group of functions and settles when all of them listen. */
export async function startHosts(options: {
  groups: readonly (readonly FunctionName[])[];
  envOf: (name: FunctionName) => Record<string, string>;
  onLine: (line: string) => void;
  /** How far the functions' time is ahead of the machine's, until `move` says more. */
  aheadMs: number;
  spares?: SpareProcesses;
}): Promise<Hosts> {
  const groups: Group[] = options.groups.map((names) => ({ names, ports: {}, process: undefined }));
  let offset = options.aheadMs;

  async function start(group: Group): Promise<void> {
    const started = await startHostProcess({
      functions: group.names.map((name) => ({
        name,
        file: resolve(FUNCTIONS_FOLDER, `${name}.ts`),
        env: options.envOf(name),
        port: group.ports[name] ?? 0,
      })),
      offsetMs: offset,
      onLine: options.onLine,
      ...(options.spares !== undefined && { spares: options.spares }),
    });
    group.process = started;
    group.ports = started.ports;
    void started.gone.then(() => {
      // `end` takes the process away from its group first.
      if (group.process !== started) return undefined;
      group.process = undefined;
      return start(group).catch((error: unknown) => {
        options.onLine(error instanceof Error ? error.message : 'The functions did not start again.');
      });
    });
  }

  async function end(group: Group, how: 'kill' | 'leave' = 'kill'): Promise<void> {
    const ending = group.process;
    group.process = undefined;
    await ending?.[how]();
  }

  function groupOf(name: FunctionName): Group {
    const group = groups.find(({ names }) => names.includes(name));
    if (group === undefined) throw new Error(`${name} is not served.`);
    return group;
  }

  function running(): HostProcess[] {
    return groups.map((group) => group.process).filter((each) => each !== undefined);
  }

  const stop = async (): Promise<void> => {
    await Promise.all(groups.map((group) => end(group, 'leave')));
  };
  const started = await Promise.allSettled(groups.map(start));
  const failed = started.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }

  const port = (name: FunctionName): number => groupOf(name).ports[name] ?? 0;
  return {
    port,
    url: (name) => `http://127.0.0.1:${port(name)}`,
    pid: (name) => groupOf(name).process?.pid ?? 0,
    async move(offsetMs) {
      offset = offsetMs;
      await Promise.all(running().map((each) => each.move(offsetMs)));
    },
    async idle() {
      // A process that is killed meanwhile is idle too.
      await Promise.allSettled(running().map((each) => each.idle()));
    },
    kill: (name) => end(groupOf(name)),
    async restart(name) {
      const group = groupOf(name);
      await end(group);
      await start(group);
    },
    stop,
  };
}
