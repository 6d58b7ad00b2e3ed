import { http, type HttpFunction } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import type { AddressInfo } from 'node:net';
import { KEEPS_IDLE } from './idle-connections.ts';
import type { Clock } from '../shared/domain/time.ts';
import { guardBodies } from '../shared/http/body-guard.ts';
import { Flow } from './flow.ts';

/** What every file in `functions/` exports. */
export interface FunctionModule {
  build(env: NodeJS.ProcessEnv, now: Clock): HttpFunction;
}

/** A function that listens. */
export interface Served {
  readonly port: number;
  /** Settles when no request is under way. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Serves one function in this process with functions-framework's own server, on 127.0.0.1. Port 0 takes a free one. The
 * function is loaded and built at its first request, as a deployed one is.
 * As in production, `NODE_ENV` must be `production`: otherwise the framework tells callers the messages of errors.
 */
export async function serve(options: {
  name: string;
  load: () => Promise<FunctionModule>;
  env: NodeJS.ProcessEnv;
  now: Clock;
  port: number;
}): Promise<Served> {
  if (process.env['NODE_ENV'] !== 'production')
    throw new Error('NODE_ENV must be production where functions run.');
  // Modules that register functions do so when they are loaded, which is too late for the first request.
  guardBodies();
  let built: Promise<HttpFunction> | undefined;
  const build = async (): Promise<HttpFunction> => {
    try {
      return (await options.load()).build(options.env, options.now);
    } catch (error) {
      built = undefined;
      throw error;
    }
  };
  http(options.name, async (req, res) => {
    await (
      await (built ??= build())
    )(req, res);
  });
  const server = getTestServer(options.name);
  Object.assign(server, KEEPS_IDLE);
  const flow = new Flow();
  server.on('request', (_req, res) => {
    void flow.pass(() => new Promise<void>((resolve) => res.once('close', resolve)));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    idle: () => flow.idle(),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
