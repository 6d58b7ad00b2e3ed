import type { Replayed } from '../shared/orders/replay-ledger.ts';

/** Said last, and with the exit code of a failure: whoever restores must not go on. */
export function refuseGap({ notInLedger }: Pick<Replayed, 'notInLedger'>): void {
  if (notInLedger === 0) return;
  throw new Error(
    `LEDGER_GAP: ${String(notInLedger)} orders that had been erased before the backup are not in the erasure ledger. It is ` +
      'another hub’s (LEDGER_BUCKET), or entries of it are gone: what was erased since the backup may be back. Let nobody ' +
      'read before npm run replay-ledger with the right one ends well.',
  );
}
