import type { HttpFunction } from '@google-cloud/functions-framework';
import type { Log } from '../cloud/log.ts';
import { AppError } from '../domain/errors.ts';
import { randomId } from '../domain/ids.ts';
import { COMMON_HEADERS, sendProblem, toAppError } from './problem.ts';

/** A function that Cloud Scheduler calls: 204 when the work is done, 503 when the next tick has to do it. */
export function tickHandler(log: Log, work: () => Promise<void>): HttpFunction {
  return async (_req, res) => {
    const requestId = randomId('request');
    try {
      await work();
      res.writeHead(204, { ...COMMON_HEADERS, 'Request-Id': requestId }).end();
    } catch (thrown) {
      const error = toAppError(thrown);
      log.within({ requestId }).requestFailed(error.status, error);
      sendProblem(res, new AppError('UNAVAILABLE'), requestId);
    }
  };
}
