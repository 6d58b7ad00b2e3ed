import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { seedDemo, seedDeps } from '../../local/seed.ts';
import { Manifest } from '../../shared/backups/manifest.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { type TestCloud, testCloud } from '../support/cloud.ts';
import { eventually } from '../support/market.ts';
import { backupsOf, HOUR, MINUTE } from './backups-fixture.ts';

let cloud: TestCloud;
let backups: ReturnType<typeof backupsOf>;
beforeAll(async () => {
  cloud = await testCloud({ asleep: [] });
  await seedDemo(cloud);
  backups = backupsOf(cloud);
});
afterEach(() => {
  cloud.firestoreAdmin.failOperations(null);
  cloud.firestoreAdmin.releaseOperations();
  for (const name of ['backup', 'backup-check', 'offsite-copy'] as const) cloud.doors[name].setFault(null);
});
afterAll(() => cloud.stop());

/** Another six hours begin; whatever is due then is called once, all at the same time. */
const nextSlot = (): Promise<void> => cloud.clock.advance(6 * HOUR);
/** The next backup before it begins: once it has, its check may come with the minute in which it does. */
async function planned(): Promise<string> {
  await nextSlot();
  await backups.tick('backup');
  return (await backups.all()).findLast(({ state }) => state === 'planned')?.id ?? expect.fail();
}

describe('a backup', () => {
  it('is one snapshot of all databases, counted, whole, and the same offsite', async () => {
    const id = await backups.make();
    const record = await backups.read(id);
    expect(record.counts?.default).toMatchObject({ companies: 2, members: 2, connections: 2 });
    expect(record.counts?.keyring).toMatchObject({ companyKeys: 2, lookup: 1 });
    expect(record.parts.keyring.documents).toBe(3);
    expect(record.keyVersions).toEqual([
      { version: expect.stringMatching(/tenant-kek\/cryptoKeyVersions\/1$/) as string, wraps: 3 },
    ]);

    const bucket = backups.storage.bucket(cloud.backupBuckets.backups);
    const [content] = await bucket.file(`${id}/manifest.json`).download();
    const manifest = Manifest.parse(JSON.parse(content.toString()));
    expect(manifest).toMatchObject({ id, projectId: cloud.projectId, production: false });
    const keys = manifest.parts.keyring.objects.map(({ name }) => name);
    expect(keys).toEqual(await backups.names('keyringBackups', `${id}/keyring`));
    expect(keys.every((name) => name.startsWith(`${id}/keyring/`))).toBe(true);
    expect(await backups.names('offsiteKeyringBackups')).toEqual(keys);
    await backups.tick('offsite-copy');
    expect(await backups.names('offsiteBackups')).toEqual(await backups.names('backups'));
  });

  it('is made once in six hours, however often it is asked for', async () => {
    const before = (await backups.all()).length;
    await Promise.all(Array.from({ length: 2 }, () => cloud.clock.tick('backup')));
    await backups.tick('backup-check');
    expect(await backups.all()).toHaveLength(before);
  });
});

describe('a backup that fails', () => {
  it('halfway, for want of room, is told, never copied offsite, and followed by another', async () => {
    await nextSlot();
    cloud.firestoreAdmin.failOperations(status.RESOURCE_EXHAUSTED, 'halfway');
    await backups.begin();
    const failed = await backups.until('failed');
    expect(await backups.read(failed)).toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    expect(backups.alerts('backup.failed')).toBeGreaterThan(0);
    expect(await backups.names('backups', failed)).not.toEqual([]);
    expect(await backups.names('offsiteBackups', failed)).toEqual([]);
    cloud.firestoreAdmin.failOperations(null);
    await backups.toPlanned();
    const next = await backups.until('good');
    expect(next > failed).toBe(true);
  });
});

it('a backup of which another manifest stands offsite is not good: a restore from there could not begin', async () => {
  const id = await planned();
  const offsite = backups.storage.bucket(cloud.backupBuckets.offsiteBackups);
  await offsite.file(`${id}/manifest.json`).save('another', { resumable: false });
  await backups.begin();
  await eventually(async () => {
    await cloud.clock.tick('offsite-copy');
    await backups.tick('backup-check');
    const names = await backups.names('backups', `${id}/`);
    expect([names.includes(`${id}/manifest.json`), await backups.names('offsiteBackups', `${id}/`)]).toEqual([
      true,
      names,
    ]);
  });
  await backups.tick('backup-check');
  expect((await backups.read(id)).state).toBe('running');
  await nextSlot();
  await backups.tick('backup-check');
  expect(await backups.read(id)).toMatchObject({ state: 'failed', code: 'NOT_OFFSITE' });
});

it('a backup that can not be followed any more, as with another manifest in its place, is given up', async () => {
  const id = await planned();
  const bucket = backups.storage.bucket(cloud.backupBuckets.backups);
  await bucket.file(`${id}/manifest.json`).save('another', { resumable: false });
  await backups.begin();
  await backups.tick('backup-check');
  expect((await backups.read(id)).state).toBe('running');
  await nextSlot();
  // What somebody made unreadable comes before it, and does not keep it.
  const { db } = seedDeps(cloud);
  const unreadable = db.doc(paths.backup('20200101T0000Z'));
  await unreadable.create({ state: 'running' });
  await backups.tick('backup-check');
  await unreadable.delete();
  expect(await backups.read(id)).toMatchObject({ state: 'failed', code: 'CONFLICT' });
});

describe('what is kept', () => {
  it('of the keyring nothing is, here or offsite, 23 h after its snapshot, not even the last one', async () => {
    const id = await backups.make();
    const age = cloud.clock.now() - Date.parse((await backups.read(id)).snapshotTime);
    await cloud.clock.advance(22 * HOUR + 50 * MINUTE - age);
    await backups.tick('offsite-purge');
    expect(await backups.names('keyringBackups', id)).not.toEqual([]);
    await cloud.clock.advance(20 * MINUTE);
    await backups.tick('backup-check');
    await backups.tick('offsite-purge');
    expect(await backups.names('keyringBackups', id)).toEqual([]);
    expect(await backups.names('offsiteKeyringBackups', id)).toEqual([]);
    expect((await backups.read(id)).keyringPurgedAt).not.toBeNull();
    expect(backups.alerts('backup.keyring_remembered')).toBe(0);
  });

  it.each(['recovery', 'schedule'] as const)(
    '%s at the keyring, if somebody switches it on, is an alarm',
    async (how) => {
      const before = backups.alerts('backup.keyring_remembered');
      cloud.firestoreAdmin.remember('keyring', how);
      await backups.tick('backup-check');
      expect(backups.alerts('backup.keyring_remembered')).toBe(before + 1);
    },
  );
});
