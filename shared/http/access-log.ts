import type { Log } from '../cloud/log.ts';

/** One of 32: request ids are random, and this is how many letters their first one can be. */
const SAMPLED = 'req_0';

/** Whether a request is told of in the access log, which its id alone decides. */
export function isSampled(requestId: string): boolean {
  return requestId.startsWith(SAMPLED);
}

/**
 * The access log: of a sample of requests which route it was, what came of it and how long that took. Who asked, from
 * where and with what is in no line; a path is told as its route, for it holds what a caller wrote.
 */
export function startAccess(
  requestId: string,
  method: string,
): (log: Log, route: string, status: number) => void {
  const startedAt = performance.now();
  return (log, route, status) => {
    if (isSampled(requestId)) {
      log.requestAnswered(method, route, status, Math.round(performance.now() - startedAt));
    }
  };
}
