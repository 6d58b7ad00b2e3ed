import { z } from 'zod';
import { conditionNotMet, invalid, Refusal } from './refusal.ts';

/** An int64 of the JSON API: a string in every answer, a number or a string in a request. */
export const Int64 = z
  .union([z.int().min(0), z.string().regex(/^\d{1,18}$/)])
  .transform((value) => BigInt(value).toString());

/** What a precondition compares: generation and metageneration of the live object, or of a bucket. */
export interface Versioned {
  generation?: string;
  metageneration: string;
}

/** Reads an int64 parameter; `undefined` when the request has none. */
export function int64(query: URLSearchParams, name: string): string | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const parsed = Int64.safeParse(text);
  if (!parsed.success) throw invalid(`Invalid value for ${name}.`);
  return parsed.data;
}

/**
 * Refuses with 412 unless every precondition of the request holds; a read whose "not match" fails is answered with
 * 304. Generation 0 stands for "no live object" (JSON API, "Request preconditions").
 */
export function checkPreconditions(
  query: URLSearchParams,
  live: Versioned | undefined,
  access: 'read' | 'write',
): void {
  const generation = live?.generation ?? '0';
  const metageneration = live?.metageneration;
  const match = int64(query, 'ifGenerationMatch');
  const metaMatch = int64(query, 'ifMetagenerationMatch');
  if (match !== undefined && match !== generation) throw conditionNotMet();
  if (metaMatch !== undefined && metaMatch !== metageneration) throw conditionNotMet();

  const notMatch = int64(query, 'ifGenerationNotMatch');
  const metaNotMatch = int64(query, 'ifMetagenerationNotMatch');
  const refused =
    (notMatch !== undefined && (live === undefined || notMatch === generation)) ||
    (metaNotMatch !== undefined && (live === undefined || metaNotMatch === metageneration));
  if (refused) throw access === 'read' ? new Refusal(304, 'notModified', 'Not Modified') : conditionNotMet();
}
