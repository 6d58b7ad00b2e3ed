import { z } from 'zod';
import { COLLECTIONS } from './collections.ts';

/** What one drill restores of each part: these collections, or with an empty list all. A part that is not here is left out. */
export const DrillParts = z.object({
  default: z.array(z.string()).optional(),
  keyring: z.array(z.string()).optional(),
  staff: z.array(z.string()).optional(),
});
export type DrillParts = z.infer<typeof DrillParts>;

const DAY = 24 * 60 * 60_000;
const WEEK = 7;

/** On one day of seven everything. On the others the keyring whole, and a sixth of the collections of `(default)`. */
export function partsOn(time: number): DrillParts {
  const day = Math.floor(time / DAY) % WEEK;
  if (day === 0) return { default: [], staff: [], keyring: [] };
  const some = COLLECTIONS.default.filter((_, place) => place % (WEEK - 1) === day - 1);
  return { default: some, keyring: [] };
}
