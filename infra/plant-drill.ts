/**
 * `npm run plant-drill`: makes the company and the order that restore drills open, once for each project. It takes its
 * surroundings from the environment, as a function does; `npm start` has it planted by itself.
 */
import { plant } from '../shared/backups/planted.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { openKeyring } from '../shared/cloud/keyring.ts';
import { createLog } from '../shared/cloud/log.ts';
import { createPublisher } from '../shared/cloud/pubsub.ts';
import { clockOf, Misuse, runCommand, surroundings } from './command.ts';

const USAGE = 'Usage: npm run plant-drill';

async function main(args: string[]): Promise<void> {
  if (args.length > 0) throw new Misuse('It takes no arguments.');
  const config = surroundings('plant-drill');
  const now = await clockOf(config);
  const deps = {
    ...{ db: openFirestore(config, '(default)'), keyring: openKeyring(config, { now }) },
    ...{ publisher: createPublisher(config), log: createLog({ functionName: 'plant-drill' }), now },
  };
  const { companyId, orderId } = await plant(deps);
  console.log(`Planted: ${orderId} of ${companyId}.`);
}

runCommand(USAGE, main);
