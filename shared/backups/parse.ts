import type { z } from 'zod';

/** JSON of ours as its schema has it; undefined when it is not. */
export function parse<T>(schema: z.ZodType<T>, bytes: Buffer): T | undefined {
  try {
    return schema.safeParse(JSON.parse(bytes.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
