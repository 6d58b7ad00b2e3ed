import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { seedDemo } from '../../local/seed.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { type TestCloud, testCloud } from '../support/cloud.ts';
import { eventually } from '../support/market.ts';
import { failing } from '../orders/trading.ts';
import { backupsOf, HOUR, MINUTE } from './backups-fixture.ts';

let cloud: TestCloud;
let backups: ReturnType<typeof backupsOf>;
beforeAll(async () => {
  cloud = await testCloud({ apart: ['backup', 'backup-check'], asleep: [] });
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

describe('backups over days', () => {
  it('is made four times in a day, with its snapshot on the hour once it was planned before', async () => {
    const before = (await backups.all()).filter((each) => each.state === 'good').length;
    for (const _ of [1, 2, 3, 4]) {
      await nextSlot();
      await backups.make();
    }
    expect((await backups.all()).filter((each) => each.state === 'good')).toHaveLength(before + 4);
    const now = cloud.clock.now();
    await cloud.clock.advance(6 * HOUR - (now % (6 * HOUR)) - 10 * MINUTE);
    await backups.tick('backup-check');
    expect((await backups.all()).at(-1)).toMatchObject({ state: 'planned' });
    await cloud.clock.advance(10 * MINUTE + 1000);
    const id = await backups.until('good');
    expect(id).toMatch(/T(00|06|12|18)00Z$/);
    expect(backups.alerts('backup.missing')).toBe(0);
  });

  it('is begun by the check when its tick was missed', async () => {
    await nextSlot();
    await backups.toPlanned();
    const before = cloud.lines.length;
    await backups.until('good');
    expect(cloud.lines.slice(before).join()).toContain('backup.good');
  });

  it('of what is no key are four a day for a week, then one; offsite nobody can delete', async () => {
    const oldest = (await backups.all()).filter((each) => each.state === 'good');
    await cloud.clock.advance(8 * 24 * HOUR);
    await backups.tick('backup-check');
    const states = await Promise.all(oldest.map(({ id }) => backups.read(id)));
    const days = new Map<string, string[]>();
    for (const { snapshotTime, state } of states) {
      const day = snapshotTime.slice(0, 10);
      days.set(day, [...(days.get(day) ?? []), state]);
    }
    for (const day of days.values()) {
      expect(day.filter((state) => state === 'good')).toHaveLength(1);
    }
    const [gone] = states.flatMap(({ state }, place) =>
      state === 'purged' ? [oldest[place]?.id ?? ''] : [],
    );
    expect(await backups.names('backups', gone)).toEqual([]);
    const [copy = ''] = await backups.names('offsiteBackups', gone);
    const offsite = backups.storage.bucket(cloud.backupBuckets.offsiteBackups);
    await expect(offsite.file(copy).delete()).rejects.toMatchObject({ code: 403 });
    await expect(offsite.setMetadata({ retentionPolicy: null })).rejects.toMatchObject({ code: 403 });

    // What nobody looked at for months goes too.
    const forgotten = { ...states[0], snapshotTime: '2025-01-01T06:00:00.000Z', state: 'failed' };
    await backups.db.doc(paths.backup('20250101T0600Z')).set(forgotten);
    await cloud.clock.advance(24 * HOUR);
    await backups.tick('backup-check');
    expect((await backups.read('20250101T0600Z')).state).toBe('purged');
  });
});

describe('a backup that fails', () => {
  it('because a right was lost says so, and goes on when it is back', async () => {
    await nextSlot();
    for (const name of ['backup', 'backup-check'] as const) {
      failing(cloud.doors[name], ({ method }) => method === 'ExportDocuments', status.PERMISSION_DENIED);
    }
    await backups.begin();
    expect((await backups.all()).filter((each) => each.code === 'FORBIDDEN').length).toBeGreaterThan(0);
    for (const name of ['backup', 'backup-check'] as const) cloud.doors[name].setFault(null);
    await backups.toPlanned();
    await backups.until('good');
  });

  it('because its run was killed between two exports is given up soon, and followed by another', async () => {
    await nextSlot();
    await backups.tick('backup');
    const killed = Promise.withResolvers<'backup' | 'backup-check'>();
    // Whichever of the two begins it.
    for (const name of ['backup', 'backup-check'] as const) {
      cloud.doors[name].setFault({
        match: ({ method }) => method === 'ExportDocuments',
        ...{ nth: 2, when: 'after', then: 'hang' },
        onHit: () =>
          void cloud.kill(name).then(() => {
            killed.resolve(name);
          }),
      });
    }
    const [name] = await Promise.all([killed.promise, backups.toPlanned().catch(() => undefined)]);
    cloud.doors['backup-check'].setFault(null);
    cloud.doors.backup.setFault(null);
    await cloud.restart(name);
    await cloud.clock.advance(16 * MINUTE);
    expect((await backups.all()).filter((each) => each.code === 'CUT_OFF')).toHaveLength(1);
    await backups.toPlanned();
    await backups.until('good');
  });

  it('that does not end is late when the next six hours have begun, and people hear that none is good', async () => {
    await nextSlot();
    cloud.firestoreAdmin.holdOperations();
    await backups.begin();
    const held = await backups.until('running');
    await cloud.clock.advance(6 * HOUR + 31 * MINUTE);
    await backups.tick('backup-check');
    expect(await backups.read(held)).toMatchObject({ state: 'failed', code: 'LATE' });
    expect(backups.alerts('backup.missing')).toBeGreaterThan(0);
    cloud.firestoreAdmin.releaseOperations();
    await backups.toPlanned();
    await backups.until('good');
    const told = backups.alerts('backup.missing');
    await backups.tick('backup-check');
    expect(backups.alerts('backup.missing')).toBe(told);
  });

  it('to arrive offsite is not good', async () => {
    await nextSlot();
    failing(cloud.doors['offsite-copy'], ({ method }) => method === 'objects.rewrite', 403);
    await backups.begin();
    await eventually(async () => {
      expect(await cloud.clock.tick('offsite-copy')).toBe(503);
      await backups.tick('backup-check');
      const parts = { default: { state: 'done' }, keyring: { state: 'done' }, staff: { state: 'done' } };
      expect((await backups.all()).findLast((each) => each.state !== 'planned')).toMatchObject({ parts });
    });
    await backups.tick('backup-check');
    await backups.until('running');
    cloud.doors['offsite-copy'].setFault(null);
    await backups.until('good');
  });
});
