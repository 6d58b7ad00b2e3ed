import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedDemo, seedDeps } from '../../local/seed.ts';
import { StoredDrill } from '../../shared/backups/drill.ts';
import { openKeyringCopies } from '../../shared/backups/keyring-copies.ts';
import { plant } from '../../shared/backups/planted.ts';
import { openBackupBuckets } from '../../shared/cloud/backup-buckets.ts';
import { readConfig } from '../../shared/cloud/config.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { openKeyring } from '../../shared/cloud/keyring.ts';
import { createLog } from '../../shared/cloud/log.ts';
import { createPublisher } from '../../shared/cloud/pubsub.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { eventually } from '../support/market.ts';
import { backupsOf, HOUR, MINUTE } from './backups-fixture.ts';

const DAY = 24 * HOUR;

describe('a drill that does not go well', () => {
  let cloud: TestCloud;
  let backups: ReturnType<typeof backupsOf>;
  let id: string;
  beforeAll(async () => {
    cloud = await testCloud({ apart: ['restore-drill'], asleep: [] });
    await seedDemo(cloud);
    backups = backupsOf(cloud);
    const config = readConfig(cloud.envOf('plant-drill'));
    await plant({
      db: seedDeps(cloud).db,
      keyring: openKeyring(config, { now: cloud.clock.now }),
      publisher: createPublisher(config),
      log: createLog({ functionName: 'test', write: () => undefined }),
      now: cloud.clock.now,
    });
    // To the morning of a day on which everything is restored.
    const now = cloud.clock.now();
    await cloud.clock.advance(7 * DAY - (now % (7 * DAY)) + HOUR);
    id = await backups.make();
  }, 60_000);
  afterAll(() => cloud.stop());

  const resultOf = async (time: number): Promise<StoredDrill> => {
    const day = new Date(time).toISOString().slice(0, 10);
    return StoredDrill.parse((await backups.db.doc(paths.drill(day)).get()).data());
  };

  it('that was killed is finished by a later tick; until then its copy of the keyring counts', async () => {
    await cloud.clock.advance(19 * HOUR);
    id = await backups.make();
    // The next day begins, and with it a drill.
    cloud.firestoreAdmin.holdOperations();
    const tick = cloud.clock.advance(5 * HOUR).catch(() => undefined);
    const time = cloud.clock.now();
    await eventually(async () => {
      expect((await backups.names('keyringBackups', id)).some((name) => name.endsWith('/scratch'))).toBe(
        true,
      );
    });
    const { keyringBackups } = openBackupBuckets(readConfig(cloud.envOf('erase')), ['keyringBackups']);
    const last = await openKeyringCopies({ buckets: [keyringBackups] }).lastOf(new Date(time).toISOString());
    expect(last).not.toBeUndefined();
    await cloud.hosts.kill('restore-drill');
    await tick;
    cloud.firestoreAdmin.releaseOperations();
    await cloud.hosts.restart('restore-drill');
    await cloud.clock.advance(6 * MINUTE);
    await backups.tick('restore-drill');
    expect(await resultOf(cloud.clock.now())).toMatchObject({ passed: true, backupId: id });
  }, 60_000);

  it('that can not restore is an alarm, and is tried again', async () => {
    await cloud.clock.advance(19 * HOUR);
    id = await backups.make();
    const name = (await backups.names('keyringBackups', `${id}/keyring`))[0] ?? '';
    const bucket = backups.storage.bucket(cloud.backupBuckets.keyringBackups);
    const [content] = await bucket.file(name).download();
    await bucket.file(name).save('changed', { resumable: false });
    await cloud.clock.advance(5 * HOUR);
    expect(await resultOf(cloud.clock.now())).toMatchObject({ passed: false, code: 'OBJECTS_DIFFER' });
    expect(backups.alerts('drill.failed')).toBeGreaterThan(0);
    await bucket.file(name).save(content, { resumable: false });
    await backups.tick('restore-drill');
    expect(await resultOf(cloud.clock.now())).toMatchObject({ passed: true });
  }, 60_000);
});
