import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { createLog } from '../shared/cloud/log.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { tickHandler } from '../shared/http/tick.ts';
import { review } from '../shared/staff/review.ts';

/** Once a day: whoever of our own people was not attested for 90 days has no access any more. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'review', projectId: config.projectId });
  const db = openFirestore(config, 'staff');
  return tickHandler(log, () => review({ db, rp: config.relyingParty, log, now }));
};

register('review', build);
