/**
 * `npm run replay-ledger`: removes what a restore brought back although it had been erased. A restore runs it before
 * any function may read. It takes its surroundings from the environment, as a function does; on one machine from the
 * file that `npm start` leaves.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { openKeyring } from '../shared/cloud/keyring.ts';
import { createLedger } from '../shared/cloud/storage.ts';
import { randomId } from '../shared/domain/ids.ts';
import { type Replayed, replayLedger } from '../shared/orders/replay-ledger.ts';
import { replayClosings } from '../shared/ownership/replay-closings.ts';

const LOCAL_ENV = resolve('.strongroom', 'replay-ledger.env');

async function main(): Promise<void> {
  if (process.env['GOOGLE_CLOUD_PROJECT'] === undefined && existsSync(LOCAL_ENV))
    process.loadEnvFile(LOCAL_ENV);
  process.env['METADATA_SERVER_DETECTION'] ??= 'none';
  const config = readConfig(process.env);
  const now = Date.now;
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
}

function summary(so: Replayed): string {
  const looked = `${so.ledgerEntries} ledger entries, ${so.recordKeys} record keys, ${so.orderRefs} order references`;
  return `${looked}; erased again ${so.ordersErased} orders, removed ${so.viewsRemoved} partners' views, put up ${so.tombstones} tombstones`;
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : 'The replay failed.');
    process.exit(1);
  },
);
