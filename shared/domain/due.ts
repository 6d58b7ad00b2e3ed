import { randomInt } from 'node:crypto';

/**
 * Unfinished work carries `due`, a random one of these slots: work is found by it without an index that grows with time,
 * at which all writes of a moment would meet.
 */
export const DUE_SLOTS = 16;

/** All of them, for a query `due in SLOTS`. */
export const SLOTS = Array.from({ length: DUE_SLOTS }, (_, slot) => slot);

/** The slot of new work. */
export function dueSlot(): number {
  return randomInt(DUE_SLOTS);
}
