import { http, type HttpFunction } from '@google-cloud/functions-framework';
import { createLog } from '../cloud/log.ts';
import { AppError } from '../domain/errors.ts';
import { randomId } from '../domain/ids.ts';
import type { Clock } from '../domain/time.ts';
import { guardBodies } from './body-guard.ts';
import { sendProblem } from './problem.ts';
import { quietConsole } from './quiet-console.ts';

/** Wires a function's real dependencies from its environment. */
export type Build = (env: NodeJS.ProcessEnv, now: Clock) => HttpFunction;

/**
 * Registers a function that is built at its first request, so that importing its module costs and needs nothing.
 * While building fails the answer is 503 and the next request tries again. Registering also quiets the console and
 * guards bodies.
 */
export function register(name: string, build: Build, log = createLog({ functionName: name })): void {
  quietConsole(log);
  guardBodies();
  let built: HttpFunction | undefined;
  http(name, (req, res): unknown => {
    try {
      built ??= build(process.env, Date.now);
    } catch (cause) {
      const requestId = randomId('request');
      const error = new AppError('UNAVAILABLE', undefined, { cause });
      log.within({ requestId }).requestFailed(error.status, error);
      sendProblem(res, error, requestId);
      return undefined;
    }
    return built(req, res);
  });
}
