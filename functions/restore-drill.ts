import { setTimeout as sleep } from 'node:timers/promises';
import { drillOfTheDay } from '../shared/backups/drill.ts';
import { openBackupBuckets } from '../shared/cloud/backup-buckets.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openDatabase, openFirestore } from '../shared/cloud/firestore.ts';
import { openFirestoreAdmin } from '../shared/cloud/firestore-admin.ts';
import { createKms } from '../shared/cloud/kms.ts';
import { createLog } from '../shared/cloud/log.ts';
import { openWriteOnce } from '../shared/cloud/write-once.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { tickHandler } from '../shared/http/tick.ts';

const LOOK_FIRST_MS = 100;
const LOOK_LAST_MS = 5_000;

/** Every hour, until the drill of the day has passed: restores the newest backup into scratch and opens one planted order. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'restore-drill', projectId: config.projectId });
  const { backups, keyringBackups } = openBackupBuckets(config, ['backups', 'keyringBackups']);
  const deps = {
    db: openFirestore(config, '(default)'),
    open: (databaseId: string) => openDatabase(config, databaseId),
    source: { backups, keyringBackups, manifests: openWriteOnce(config, backups.name) },
    ...{ keyringBucket: keyringBackups, admin: openFirestoreAdmin(config), kms: createKms(config) },
    ...{ projectId: config.projectId, production: config.production },
    wait: (looks: number) => sleep(Math.min(LOOK_FIRST_MS * 2 ** looks, LOOK_LAST_MS)),
    ...{ log, now },
  };
  return tickHandler(log, () => drillOfTheDay(deps));
};

register('restore-drill', build);
