import type { z } from 'zod';
import { type AppError, badFields } from '../domain/errors.ts';
import { fieldErrors } from '../domain/field-errors.ts';

/** The deepest payload of any platform has some eight levels; recursion over a parsed body is safe below this. */
const MOST_LEVELS = 32;
/** A Shopify order of 500 lines has some 60 000 values. */
const MOST_VALUES = 200_000;
/** Seventeen digits may be more than a double holds (2^53 has sixteen). */
const LONG_NUMBER = /^-?\d{16,}$/;
/** A JSON text from outside, parsed. Throws `BAD_REQUEST` and nothing else. Whole numbers beyond 2^53 become text. */
export function parseJson(body: Buffer): unknown {
  const shape = measure(body);
  if (shape.levels > MOST_LEVELS) throw notJson('it is nested too deeply');
  if (shape.values > MOST_VALUES) throw notJson('it holds too many values');
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    // A reviver is called for every value, so it is only used where a number needs it.
    return shape.longNumbers ? (JSON.parse(text, exactly) as unknown) : (JSON.parse(text) as unknown);
  } catch {
    throw notJson('it is not JSON in UTF-8');
  }
}

/** `value` as the schema has it. Throws `BAD_REQUEST` with the paths of what is wrong, named by the schema alone. */
export function readAs<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw badFields(...fieldErrors(result.error));
}

function notJson(why: string): AppError {
  return badFields({ path: 'body', message: why });
}

/** Shopify's ids pass 2^53, where a parsed number would be another one: the source text is kept instead. */
function exactly(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  return LONG_NUMBER.test(source) ? source : value;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

/** One pass over the bytes before anything is built of them. Bytes of UTF-8 sequences are never below 0x80. */
function measure(body: Buffer): { levels: number; values: number; longNumbers: boolean } {
  let level = 0;
  let levels = 0;
  let values = 0;
  let digits = 0;
  let longNumbers = false;
  let inString = false;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at] ?? 0;
    if (inString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inString = false;
      continue;
    }
    if (byte >= 0x30 && byte <= 0x39) {
      if (++digits >= 16) longNumbers = true;
      continue;
    }
    digits = 0;
    if (byte === QUOTE) inString = true;
    else if (byte === COMMA) values++;
    // `{` and `[`, `}` and `]` differ in one bit from each other.
    else if ((byte | 0x20) === 0x7b) {
      values++;
      if (++level > levels) levels = level;
    } else if ((byte | 0x20) === 0x7d) level--;
  }
  return { levels, values, longNumbers };
}
