import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openKeyringCopies } from '../../shared/backups/keyring-copies.ts';
import { openBackupBuckets } from '../../shared/cloud/backup-buckets.ts';
import { readConfig } from '../../shared/cloud/config.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { eventually } from '../support/market.ts';
import { backupsOf, HOUR, MINUTE, readyForDrill } from './backups-fixture.ts';

describe('a drill that does not go well', () => {
  let cloud: TestCloud;
  let backups: ReturnType<typeof backupsOf>;
  let id: string;
  beforeAll(async () => {
    cloud = await testCloud({ apart: ['restore-drill'], asleep: [] });
    backups = backupsOf(cloud);
    id = await readyForDrill(cloud, backups);
  }, 240_000);
  afterAll(() => cloud.stop());

  const resultOf = (time: number) => backups.drillOn(time);

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
  }, 240_000);

  it('that can not restore is an alarm, and is tried again', async () => {
    await cloud.clock.advance(19 * HOUR);
    id = await backups.make();
    const name = (await backups.names('keyringBackups', `${id}/keyring`))[0] ?? '';
    const bucket = backups.storage.bucket(cloud.backupBuckets.keyringBackups);
    const [content] = await bucket.file(name).download();
    await bucket.file(name).save('changed', { resumable: false });
    await cloud.clock.advance(5 * HOUR);
    const failed = { passed: false, code: 'OBJECTS_DIFFER', backupId: id };
    expect(await resultOf(cloud.clock.now())).toMatchObject(failed);
    // Whoever is woken by it has to know which one is not to be restored.
    expect(cloud.lines.findLast((line) => line.includes('drill.failed'))).toContain(id);
    expect(backups.alerts('drill.failed')).toBeGreaterThan(0);
    await bucket.file(name).save(content, { resumable: false });
    await backups.tick('restore-drill');
    expect(await resultOf(cloud.clock.now())).toMatchObject({ passed: true });
  }, 240_000);
});
