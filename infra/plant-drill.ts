/**
 * `npm run plant-drill`: makes the company and the order that restore drills open, once for each project. It takes its
 * surroundings from the environment, as a function does; `npm start` has it planted by itself.
 */
import { plant } from '../shared/backups/planted.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { openKeyring } from '../shared/cloud/keyring.ts';
import { createLog } from '../shared/cloud/log.ts';
import { createPublisher } from '../shared/cloud/pubsub.ts';

async function main(): Promise<void> {
  process.env['METADATA_SERVER_DETECTION'] ??= 'none';
  const config = readConfig(process.env);
  const now = Date.now;
  const deps = {
    ...{ db: openFirestore(config, '(default)'), keyring: openKeyring(config, { now }) },
    ...{ publisher: createPublisher(config), log: createLog({ functionName: 'plant-drill' }), now },
  };
  const { companyId, orderId } = await plant(deps);
  console.log(`Planted: ${orderId} of ${companyId}.`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : 'Nothing was planted.');
    process.exit(1);
  },
);
