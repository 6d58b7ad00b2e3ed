/**
 * `npm run bill -- --dry-run`: what the next run would charge, a line for each connection and currency, with nothing
 * written and Stripe not asked. It takes its surroundings from the environment, as the function does; on one machine
 * from the file that `npm start` leaves.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { bill, previewBill } from '../shared/billing/bill.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { createLog } from '../shared/cloud/log.ts';
import { openStripe } from '../shared/cloud/stripe.ts';

const LOCAL_ENV = resolve('.strongroom', 'bill.env');
const USAGE = `Usage: npm run bill -- [--dry-run]
  --dry-run   show what would be charged
  without     charge it now; the schedule does so once a day`;

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  if (args.length > 1 || (args.length === 1 && args[0] !== '--dry-run')) throw new Error(USAGE);
  if (process.env['GOOGLE_CLOUD_PROJECT'] === undefined && existsSync(LOCAL_ENV))
    process.loadEnvFile(LOCAL_ENV);
  process.env['METADATA_SERVER_DETECTION'] ??= 'none';
  const config = readConfig(process.env);
  const log = createLog({ functionName: 'bill', projectId: config.projectId });
  const deps = {
    db: openFirestore(config, '(default)'),
    stripe: openStripe(process.env),
    log,
    now: Date.now,
  };
  if (args[0] !== '--dry-run') {
    if (!(await bill(deps, { onRequest: true })))
      throw new Error('Another run is at work: try again in five minutes.');
    return;
  }
  let connections = 0;
  for await (const row of previewBill(deps)) {
    connections += 1;
    console.log(
      [row.partnerId, row.currency, `${row.orders} orders`, `${row.amount} minor units`, row.outcome].join(
        '  ',
      ),
    );
  }
  if (connections === 0) console.log('Nothing was shipped that is not on a charge.');
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : 'The command failed.');
    process.exit(1);
  },
);
