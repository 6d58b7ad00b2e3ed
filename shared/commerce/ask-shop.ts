import type { Egress } from '../cloud/egress.ts';
import { EgressError } from '../cloud/egress-error.ts';
import { AppError } from '../domain/errors.ts';
import { parseJson } from './parse.ts';

/** A call of a shop's API. */
export interface ShopRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  headers: Record<string, string>;
  /** Sent as JSON. */
  body?: object;
  /** Whose rate limit it counts against, where the host alone does not say it. */
  budget?: string;
}

/** Enough for a page of twenty orders with all that a shop writes into them. */
const LIMITS = { bytes: 8_000_000, ms: 20_000 };

/**
 * Asks a shop's API; the answer is its JSON. `undefined` for what the shop does not have, `null` for an answer without
 * a body. `SHOP_REFUSED` when it does not take our credentials, `SHOP_UNAVAILABLE` for whatever else is no success, with
 * the seconds that the platform asks us to wait. What the shop says of an error is not repeated.
 */
export async function askShop(
  egress: Pick<Egress, 'call'>,
  { now }: { now: () => number },
  request: ShopRequest,
): Promise<unknown> {
  const { method, url, headers, body, budget } = request;
  try {
    const answer = await egress.call({
      ...{ method, url, limits: LIMITS },
      headers: {
        accept: 'application/json',
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
      ...(budget !== undefined && { budget }),
    });
    const { status } = answer;
    if (status === 401 || status === 403) throw new AppError('SHOP_REFUSED');
    if (status === 404 || status === 410) return undefined;
    if (status < 200 || status >= 300) {
      throw new AppError('SHOP_UNAVAILABLE', `the shop answers with the status ${status}`);
    }
    return answer.body.length === 0 ? null : parseJson(answer.body);
  } catch (thrown) {
    if (thrown instanceof EgressError) throw fromEgress(thrown, now());
    if (thrown instanceof AppError && thrown.code === 'BAD_REQUEST') {
      throw new AppError('SHOP_UNAVAILABLE', 'the shop answers something that is not JSON', {
        cause: thrown,
      });
    }
    throw thrown;
  }
}

const WORDS: Record<EgressError['code'], string> = {
  TARGET_REFUSED: 'the address is none that is called from here',
  NOT_RESOLVED: 'the name of the shop has no address',
  TLS_FAILED: 'the shop has no valid certificate',
  UNREACHABLE: 'the shop can not be reached',
  TIMED_OUT: 'the shop takes too long to answer',
  TOO_LARGE: 'the shop answers too much',
  REDIRECTED: 'the shop answers with a redirect; enter the address it leads to',
  BAD_ANSWER: 'the shop answers something that is not HTTP',
  RATE_LIMITED: 'the shop asks us to wait',
};

function fromEgress(error: EgressError, now: number): AppError {
  const retryAfter =
    error.retryAt === undefined ? undefined : Math.max(1, Math.ceil((error.retryAt - now) / 1000));
  return new AppError('SHOP_UNAVAILABLE', WORDS[error.code], {
    cause: error,
    ...(retryAfter !== undefined && { retryAfter }),
  });
}
