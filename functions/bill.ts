import { bill } from '../shared/billing/bill.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { createLog } from '../shared/cloud/log.ts';
import { openStripe } from '../shared/cloud/stripe.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { tickHandler } from '../shared/http/tick.ts';

/** Charges what was shipped and not yet billed, once a day; on every tick it goes on with what is under way. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'bill', projectId: config.projectId });
  const deps = { db: openFirestore(config, '(default)'), stripe: openStripe(env), log, now };
  return tickHandler(log, async () => {
    await bill(deps);
  });
};

register('bill', build);
