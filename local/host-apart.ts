import { fork } from 'node:child_process';
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
}

const ROOT = resolve(import.meta.dirname, '..');

/** Starts a process, serves `functions` in it, and settles when all of them listen. */
export async function startHostProcess(options: {
  functions: FunctionToServe[];
  offsetMs: number;
  /** Takes each line that the process writes, without its end. */
  onLine: (line: string) => void;
}): Promise<HostProcess> {
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
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', options.onLine);
  }
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
  const ask = (request: HostRequest): Promise<Record<string, number>> => {
    const asked = Promise.withResolvers<Record<string, number>>();
    lastId += 1;
    waiting.set(lastId, asked);
    child.send({ id: lastId, request });
    return asked.promise;
  };
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await gone;
  };

  try {
    const ports = await ask({ ask: 'serve', functions: options.functions, offsetMs: options.offsetMs });
    return {
      pid: child.pid ?? 0,
      ports,
      gone,
      kill,
      move: async (offsetMs) => {
        await ask({ ask: 'move', offsetMs });
      },
      idle: async () => {
        await ask({ ask: 'idle' });
      },
    };
  } catch (error) {
    await kill();
    throw error;
  }
}
