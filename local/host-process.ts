/**
 * A process that serves functions, started by `startHostProcess` and spoken to through its channel. It ends when the
 * launcher does, and can be killed at any time, as an instance in production can.
 */
import './without-domains.ts';
import { flushCompileCache } from 'node:module';
import { pathToFileURL } from 'node:url';
import { type FunctionModule, serve, type Served } from './host.ts';

export interface FunctionToServe {
  name: string;
  /** The file that exports `build`. */
  file: string;
  env: Record<string, string>;
  /** 0 takes a free one. */
  port: number;
}

export type HostRequest =
  | { ask: 'serve'; functions: FunctionToServe[]; offsetMs: number }
  /** Moves the functions' time to this far from the machine's. */
  | { ask: 'move'; offsetMs: number }
  /** Answered when no request is under way. */
  | { ask: 'idle' }
  /** Closes every function. What was loaded stays so, for those that are served next. */
  | { ask: 'close' };

export type HostAnswer = { id: number; ports?: Record<string, number>; problem?: string };

let offset = 0;
const now = (): number => Date.now() + offset;
const served: Served[] = [];

async function answer(request: HostRequest): Promise<Record<string, number>> {
  const ports: Record<string, number> = {};
  switch (request.ask) {
    case 'serve':
      offset = request.offsetMs;
      for (const { name, file, env, port } of request.functions) {
        const load = async (): Promise<FunctionModule> => {
          const module = (await import(pathToFileURL(file).href)) as FunctionModule;
          // Node writes what it compiled when it exits, which a process that gets killed never does.
          setImmediate(flushCompileCache);
          return module;
        };
        const one = await serve({ name, load, env, now, port });
        served.push(one);
        ports[name] = one.port;
      }
      break;
    case 'move':
      offset = request.offsetMs;
      break;
    case 'idle':
      await Promise.all(served.map((one) => one.idle()));
      break;
    case 'close':
      await Promise.all(served.splice(0).map((one) => one.close()));
      break;
  }
  return ports;
}

process.on('message', ({ id, request }: { id: number; request: HostRequest }) => {
  answer(request).then(
    (ports) => process.send?.({ id, ports } satisfies HostAnswer),
    (error: unknown) => {
      const problem = error instanceof Error ? (error.stack ?? error.message) : 'not an error';
      process.send?.({ id, problem } satisfies HostAnswer);
    },
  );
});
process.on('disconnect', () => process.exit());
// A Ctrl-C in the terminal reaches the whole group; the launcher says when it is time.
process.on('SIGINT', () => undefined);
