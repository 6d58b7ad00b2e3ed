import { openKeyringCopies } from '../shared/backups/keyring-copies.ts';
import { createAttest } from '../shared/cloud/attest.ts';
import { openBackupBuckets } from '../shared/cloud/backup-buckets.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { openKeyring } from '../shared/cloud/keyring.ts';
import { createKms } from '../shared/cloud/kms.ts';
import { createLog } from '../shared/cloud/log.ts';
import { createPublisher } from '../shared/cloud/pubsub.ts';
import { createLedger } from '../shared/cloud/storage.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { tickHandler } from '../shared/http/tick.ts';
import { closeCompanies } from '../shared/ownership/close.ts';
import { createGrants } from '../shared/support/grants.ts';

/** Every five minutes: deletes the companies whose owners asked for it and whose grace is over. It can open nothing. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'close', projectId: config.projectId });
  const buckets = openBackupBuckets(config, ['keyringBackups', 'offsiteKeyringBackups']);
  const deps = {
    db: openFirestore(config, '(default)'),
    copies: openKeyringCopies({ buckets: Object.values(buckets) }),
    keyring: openKeyring(config, { now }),
    grants: createGrants(openFirestore(config, 'keyring')),
    ledger: createLedger(config),
    attest: createAttest({ kms: createKms(config), now }),
    publisher: createPublisher(config),
    issuer: config.baseUrl,
    log,
    now,
  };
  return tickHandler(log, () => closeCompanies(deps));
};

register('close', build);
