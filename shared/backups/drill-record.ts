import { z } from 'zod';
import { Timestamp } from '../domain/order.ts';
import { DrillParts } from './drill-parts.ts';

/** `drills/{day}`: what came of one drill. */
export const StoredDrill = z.object({
  backupId: z.string(),
  /** Collections that were restored of each part; an empty list: all. */
  parts: DrillParts,
  documents: z.int(),
  passed: z.boolean(),
  /** Why it did not pass. */
  code: z.string().nullable(),
  /** Milliseconds from the beginning of the restore to an opened order. */
  recoveryTime: z.int(),
  /** How old the snapshot was when it began, in milliseconds. */
  recoveryPoint: z.int(),
  at: Timestamp,
});
export type StoredDrill = z.infer<typeof StoredDrill>;
