/**
 * `npm run replay-ledger`: removes what a restore brought back although it had been erased. A restore runs it before
 * any function may read. It takes its surroundings from the environment, as a function does; on one machine from the
 * file that `npm start` leaves.
 */
import { openFirestore } from '../shared/cloud/firestore.ts';
import { openKeyring } from '../shared/cloud/keyring.ts';
import { createLedger } from '../shared/cloud/storage.ts';
import { randomId } from '../shared/domain/ids.ts';
import { type Replayed, replayLedger } from '../shared/orders/replay-ledger.ts';
import { replayClosings } from '../shared/ownership/replay-closings.ts';
import { clockOf, Misuse, runCommand, surroundings } from './command.ts';
import { refuseGap } from './ledger-gap.ts';

const USAGE = 'Usage: npm run replay-ledger';

async function main(args: string[]): Promise<void> {
  if (args.length > 0) throw new Misuse('It takes no arguments.');
  const config = surroundings('replay-ledger');
  const now = await clockOf(config);
  const deps = {
    db: openFirestore(config, '(default)'),
    keyring: openKeyring(config, { now }),
    ledger: createLedger(config),
    now,
  };
  const replayed = await replayLedger(
    { actor: { type: 'system', id: null }, requestId: randomId('request') },
    deps,
    (so) => {
      console.log(`  ${summary(so)}`);
    },
  );
  const companies = await replayClosings(deps);
  console.log(`Done: ${summary(replayed)}; companies whose deletion is done again: ${companies}.`);
  refuseGap(replayed);
}

function summary(so: Replayed): string {
  const looked = `${so.ledgerEntries} ledger entries, ${so.recordKeys} record keys, ${so.orderRefs} order references`;
  return `${looked}; erased again ${so.ordersErased} orders, removed ${so.viewsRemoved} partners' views, put up ${so.tombstones} tombstones`;
}

runCommand(USAGE, main);
