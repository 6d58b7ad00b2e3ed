import { openKeyringCopies } from '../shared/backups/keyring-copies.ts';
import { createAttest } from '../shared/cloud/attest.ts';
import { openBackupBuckets } from '../shared/cloud/backup-buckets.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { openKeyring } from '../shared/cloud/keyring.ts';
import { createKms } from '../shared/cloud/kms.ts';
import { createLog } from '../shared/cloud/log.ts';
import { createLedger } from '../shared/cloud/storage.ts';
import { ErasureMessage } from '../shared/domain/order.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { pushHandler } from '../shared/http/push.ts';
import { erase } from '../shared/orders/erase.ts';

/** Topic `erasures`: ledger, record keys, documents, certificate. It destroys keys and can open none. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'erase', projectId: config.projectId });
  const buckets = openBackupBuckets(config, ['keyringBackups', 'offsiteKeyringBackups']);
  const deps = {
    db: openFirestore(config, '(default)'),
    copies: openKeyringCopies({ buckets: Object.values(buckets) }),
    keyring: openKeyring(config, { now }),
    ledger: createLedger(config),
    attest: createAttest({ kms: createKms(config), now }),
    issuer: config.baseUrl,
    log,
    now,
  };
  return pushHandler({
    log,
    schema: ErasureMessage,
    handle: (message, { requestId }) =>
      erase(message, { actor: { type: 'system', id: null }, requestId }, deps),
  });
};

register('erase', build);
