import { z } from 'zod';
import { EgressError } from '../cloud/egress-error.ts';
import { DeliveryError } from '../domain/delivery-error.ts';
import { AppError } from '../domain/errors.ts';
import { callShop, type ShopCall } from './call-shop.ts';
import type { ShopDeps } from './shop-orders.ts';

export type ShopRequest = Omit<ShopCall<z.ZodType>, 'answer'>;

/**
 * Asks a shop's API; the answer is its JSON. `undefined` for what the shop does not have, `null` for an answer without
 * a body. `SHOP_REFUSED` when it does not take our credentials, `SHOP_UNAVAILABLE` for whatever else is no success, with
 * the seconds that the platform asks us to wait. What the shop says of an error is not repeated.
 */
export async function askShop(deps: ShopDeps, request: ShopRequest): Promise<unknown> {
  try {
    return (await callShop(deps.egress, { ...request, answer: z.unknown() })) ?? null;
  } catch (thrown) {
    if (thrown instanceof DeliveryError && thrown.code === 'NOT_FOUND') return undefined;
    throw toShopError(thrown, deps);
  }
}

/** What a call of a shop fails with, in the words of our own API. */
export function toShopError(thrown: unknown, { now }: Pick<ShopDeps, 'now'>): unknown {
  if (thrown instanceof EgressError) {
    return unavailable(WORDS[thrown.code], thrown, secondsUntil(thrown.retryAt, now()));
  }
  if (!(thrown instanceof DeliveryError)) return thrown;
  const { code, retryAt } = thrown;
  if (code === 'REFUSED_CREDENTIALS') return new AppError('SHOP_REFUSED');
  if (code === 'RATE_LIMITED') return unavailable(WORDS[code], thrown, secondsUntil(retryAt, now()));
  return unavailable(
    code === 'BAD_ANSWER'
      ? 'the shop answers what can not be used'
      : 'the shop answers with an error; it can not be used now',
    thrown,
  );
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

function unavailable(words: string, cause: unknown, retryAfter?: number): AppError {
  return new AppError('SHOP_UNAVAILABLE', words, {
    cause,
    ...(retryAfter !== undefined && { retryAfter }),
  });
}

function secondsUntil(retryAt: number | undefined, now: number): number | undefined {
  return retryAt === undefined ? undefined : Math.max(1, Math.ceil((retryAt - now) / 1000));
}
