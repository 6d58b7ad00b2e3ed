import { type ChildProcess, fork } from 'node:child_process';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { FunctionToServe, HostAnswer, HostRequest } from './host-process.ts';

/** Functions that share one process of their own. */
export interface HostProcess {
  readonly pid: number;
  /** Where each function listens. */
  readonly ports: Readonly<Record<string, number>>;
  /** Settles when the process is gone, whoever ended it. */
  readonly gone: Promise<void>;
  move(offsetMs: number): Promise<void>;
  /** Settles when no request is under way. */
  idle(): Promise<void>;
  /** SIGKILL: nothing is finished, nothing is said. */
  kill(): Promise<void>;
  /** Closes the functions. The process waits among the spares for others to serve, or ends where there are none. */
  leave(): Promise<void>;
}

/** Processes that served functions before, have loaded their code and serve none now. They end with their parent. */
export type SpareProcesses = Talking[];

/** A process that answers `HostRequest`s. */
interface Talking {
  readonly child: ChildProcess;
  readonly gone: Promise<void>;
  onLine: (line: string) => void;
  readonly ask: (request: HostRequest) => Promise<Record<string, number>>;
}

const ROOT = resolve(import.meta.dirname, '..');

/** Serves `functions` in a spare process or a new one, and settles when all of them listen. */
export async function startHostProcess(options: {
  functions: FunctionToServe[];
  offsetMs: number;
  /** Takes each line that the process writes, without its end. */
  onLine: (line: string) => void;
  spares?: SpareProcesses;
}): Promise<HostProcess> {
  const { functions, offsetMs, onLine, spares } = options;
  const host = takeSpare(spares) ?? forkHost();
  host.onLine = onLine;
  keepAlive(host.child, true);
  const { child, gone, ask } = host;
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await gone;
  };
  try {
    const ports = await ask({ ask: 'serve', functions, offsetMs });
    return {
      pid: child.pid ?? 0,
      ports,
      gone,
      kill,
      move: async (offset) => {
        await ask({ ask: 'move', offsetMs: offset });
      },
      idle: async () => {
        await ask({ ask: 'idle' });
      },
      leave: async () => {
        if (spares === undefined || !child.connected) return kill();
        await ask({ ask: 'close' });
        host.onLine = () => undefined;
        keepAlive(child, false);
        spares.push(host);
      },
    };
  } catch (error) {
    await kill();
    throw error;
  }
}

function takeSpare(spares: SpareProcesses = []): Talking | undefined {
  for (let spare = spares.pop(); spare !== undefined; spare = spares.pop()) {
    if (spare.child.connected) return spare;
  }
  return undefined;
}

function forkHost(): Talking {
  const child = fork(join(import.meta.dirname, 'host-process.ts'), {
    // Nothing of this process's surroundings is handed on: a function knows what its own environment says.
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      NODE_ENV: 'production',
      METADATA_SERVER_DETECTION: 'none',
      NODE_COMPILE_CACHE: join(ROOT, 'node_modules', '.cache', 'compile'),
    },
    execArgv: ['--enable-source-maps'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const gone = new Promise<void>((settle) => {
    child.once('exit', () => {
      settle();
    });
    child.once('error', () => {
      settle();
    });
  });

  let lastId = 0;
  const waiting = new Map<number, PromiseWithResolvers<Record<string, number>>>();
  child.on('message', ({ id, ports, problem }: HostAnswer) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (problem === undefined) asked?.resolve(ports ?? {});
    else asked?.reject(new Error(`A function did not start: ${problem}`));
  });
  void gone.then(() => {
    for (const asked of waiting.values()) asked.reject(new Error('The process of the functions ended.'));
    waiting.clear();
  });
  const host: Talking = {
    child,
    gone,
    onLine: () => undefined,
    ask: (request) => {
      const asked = Promise.withResolvers<Record<string, number>>();
      lastId += 1;
      waiting.set(lastId, asked);
      child.send({ id: lastId, request });
      return asked.promise;
    },
  };
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      host.onLine(line);
    });
  }
  return host;
}

/** Whether this process waits for the child before it ends. */
function keepAlive(child: ChildProcess, yes: boolean): void {
  const handles = [child, child.channel, child.stdout, child.stderr] as const;
  for (const handle of handles) {
    if (handle === null || handle === undefined) continue;
    const held = handle as { ref?: () => void; unref?: () => void };
    if (yes) held.ref?.();
    else held.unref?.();
  }
}
