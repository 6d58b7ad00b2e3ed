import type { z } from 'zod';
import type { Egress } from '../cloud/egress.ts';
import { DeliveryError } from '../domain/delivery-error.ts';
import { parseJson } from './parse.ts';

export interface ShopCall<S extends z.ZodType> {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: string;
  headers: Record<string, string>;
  /** Sent as JSON. */
  body?: object;
  budget: string;
  /** What is read of the answer. Where nothing came, the schema is given `undefined`. */
  answer: S;
}

const MOST_BYTES = 8_000_000;
const PATIENCE = 20_000;

/**
 * One call of a shop's API. `DeliveryError` for whatever is no success, by its status alone: what a shop says of an error
 * may hold its customers' data.
 */
export async function callShop<S extends z.ZodType>(egress: Egress, call: ShopCall<S>): Promise<z.infer<S>> {
  const { method, url, body, budget } = call;
  const { status, body: bytes } = await egress.call({
    ...{ method, url, budget, limits: { ms: PATIENCE, bytes: MOST_BYTES } },
    headers: {
      Accept: 'application/json',
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...call.headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (status < 200 || status > 299) throw new DeliveryError(codeOf(status));
  const read = call.answer.safeParse(bytes.length === 0 ? undefined : readable(bytes));
  if (!read.success) throw new DeliveryError('BAD_ANSWER');
  return read.data;
}

function codeOf(status: number) {
  if (status === 401 || status === 403) return 'REFUSED_CREDENTIALS';
  if (status === 404 || status === 410) return 'NOT_FOUND';
  // A shop that is busy with the same order, and a proxy that gave up on it.
  const passing = status >= 500 || status === 408 || status === 409 || status === 423 || status === 425;
  return passing ? 'UNAVAILABLE' : 'REFUSED';
}

function readable(bytes: Buffer): unknown {
  try {
    return parseJson(bytes);
  } catch (cause) {
    throw new DeliveryError('BAD_ANSWER', { cause });
  }
}
