import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COLLECTIONS } from '../../shared/backups/collections.ts';
import { partsOn } from '../../shared/backups/drill-parts.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { readConfig } from '../../shared/cloud/config.ts';
import { openFirestoreAdmin } from '../../shared/cloud/firestore-admin.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { backupsOf, DAY, HOUR, readyForDrill } from './backups-fixture.ts';

describe('what a drill restores', () => {
  it('is everything once in a week, and on the other days the keyring and each collection once', () => {
    const week = Array.from({ length: 7 }, (_, day) => partsOn((7 * 2_950 + day) * DAY));
    expect(week[0]).toEqual({ default: [], staff: [], keyring: [] });
    const others = week.slice(1);
    expect(others.every(({ keyring }) => keyring?.length === 0)).toBe(true);
    expect(others.flatMap((parts) => parts.default ?? []).sort()).toEqual([...COLLECTIONS.default].sort());
    expect(others.every((parts) => (parts.default ?? []).length > 0)).toBe(true);
  });
});

describe('a drill', () => {
  let cloud: TestCloud;
  let backups: ReturnType<typeof backupsOf>;
  let id: string;
  beforeAll(async () => {
    cloud = await testCloud({ asleep: [] });
    backups = backupsOf(cloud);
    id = await readyForDrill(cloud, backups);
  }, 240_000);
  afterAll(() => cloud.stop());

  const resultOf = (time: number) => backups.drillOn(time);
  const admin = () => openFirestoreAdmin(readConfig(cloud.envOf('restore')));

  it('restores all of the newest backup, opens the planted order and nothing else, and leaves nothing behind', async () => {
    cloud.doors['restore-drill'].counts.reset();
    await backups.tick('restore-drill');
    const result = await resultOf(cloud.clock.now());
    expect(result).toMatchObject({ backupId: id, passed: true, parts: { default: [], keyring: [] } });
    const { counts } = await backups.read(id);
    const all = Object.values(counts ?? {}).flatMap((part) => Object.values(part));
    expect(result.documents).toBe(all.reduce((sum, count) => sum + count, 0));
    expect(result.recoveryPoint).toBeGreaterThan(0);
    expect(cloud.doors['restore-drill'].counts.snapshot().kmsCalls).toBe(1);
    expect(await admin().databaseIds()).toEqual(['(default)', 'keyring', 'staff']);
    expect((await backups.names('keyringBackups', id)).filter((name) => name.endsWith('scratch'))).toEqual(
      [],
    );
    const trust = (await (await fetch(`${cloud.baseUrl}/v1/trust`)).json()) as { backups: object };
    const { snapshotTime, goodAt } = await backups.read(id);
    const [took, old] = [result.recoveryTime, result.recoveryPoint].map((ms) => Math.ceil(ms / 1000));
    expect(trust.backups).toEqual({
      ...{ newest: { snapshotTime, goodAt }, overdue: false },
      drill: { at: result.at, passed: true, recoveryTimeSeconds: took, recoveryPointSeconds: old },
    });
    // Once a day.
    await backups.tick('restore-drill');
    expect(await resultOf(cloud.clock.now())).toEqual(result);
    expect(backups.alerts('drill.failed')).toBe(0);
    // Read anew after a minute; by then it is said of a backup that is none any more.
    await backups.db.doc(paths.backup(id)).update({ state: 'failed' });
    await cloud.clock.advance(7 * HOUR);
    const later = (await (await fetch(`${cloud.baseUrl}/v1/trust`)).json()) as { backups: object };
    expect(later.backups).toMatchObject({ newest: null, overdue: true, drill: { passed: true } });
  });
});
