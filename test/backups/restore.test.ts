import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clearDatabases } from '../../local/firestore-export.ts';
import { restoreDeps } from '../../infra/restore-deps.ts';
import { restore, type RestoreOrder } from '../../infra/restore-run.ts';
import { Manifest } from '../../shared/backups/manifest.ts';
import type { RestoreRefused } from '../../shared/backups/restore.ts';
import { readConfig } from '../../shared/cloud/config.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { type Both, end, erase, opens, routed } from '../privacy/trade.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { type Market, startMarket } from '../support/market.ts';
import { backupsOf } from './backups-fixture.ts';

const ROOT = resolve(import.meta.dirname, '..', '..');

let cloud: TestCloud;
let market: Market;
let backups: ReturnType<typeof backupsOf>;
let kept: Both;
let erased: Both;
let id: string;
beforeAll(async () => {
  cloud = await testCloud({ asleep: [] });
  market = await startMarket(cloud);
  backups = backupsOf(cloud);
  [kept, erased] = await Promise.all([traded(), traded()]);
  expect(await cloud.clock.tick('checkpoint')).toBe(204);
  id = await backups.make();
}, 60_000);
afterAll(() => cloud.stop());

async function traded(): Promise<Both> {
  const payload = market.order();
  await market.send(payload);
  return routed(market, await market.idOf(payload.id));
}

/** `npm run restore`, as a person runs it; what it says. */
async function command(...args: string[]): Promise<string> {
  const script = ['infra/restore.ts', '--backup', id, ...args];
  const env = { ...process.env, ...cloud.envOf('restore'), METADATA_SERVER_DETECTION: 'none' };
  const run = promisify(execFile)(process.execPath, script, { cwd: ROOT, env });
  const { stdout } = await run.catch((error: unknown) => ({ stdout: (error as { stderr: string }).stderr }));
  return stdout;
}

it('is refused where it would do harm, and says why, before anything is written', async () => {
  const manifests = backups.storage.bucket(cloud.backupBuckets.backups);
  const [content] = await manifests.file(`${id}/manifest.json`).download();
  const manifest = Manifest.parse(JSON.parse(content.toString()));
  const production = '20200101T0600Z';
  const theirs = JSON.stringify({ ...manifest, id: production, production: true });
  await manifests.file(`${production}/manifest.json`).save(theirs, { resumable: false });
  const keys = backups.storage.bucket(cloud.backupBuckets.keyringBackups);
  const [name = ''] = await backups.names('keyringBackups', `${id}/keyring`);
  await keys.file(name).save('changed', { resumable: false });
  const refused = async (order: Partial<RestoreOrder>, offsite = false): Promise<string> => {
    const deps = restoreDeps(readConfig(cloud.envOf('restore')), offsite);
    const whole = { backup: id, into: 'beside', keyring: undefined, only: undefined, dryRun: true, ...order };
    return restore(whole, deps, () => undefined).then(
      () => 'not refused',
      (error: unknown) => (error as RestoreRefused).code,
    );
  };
  expect(await refused({ into: '(default)' })).toBe('NOT_EMPTY');
  expect(await refused({ into: 'projects/another/databases/beside' })).toBe('OUTSIDE_THE_PROJECT');
  expect(await refused({ into: 'Beside!' })).toBe('OUTSIDE_THE_PROJECT');
  expect(await refused({ keyring: '20200101T0000Z' })).toBe('NO_MANIFEST');
  expect(await refused({ backup: production })).toBe('PRODUCTION_DATA');
  expect(await refused({})).toBe('OBJECTS_DIFFER');
  expect(await refused({}, true)).toBe('not refused');
  expect(await command('--into', '(default)')).toMatch(/^NOT_EMPTY: The database \(default\)/);
});

it('brings everything back after the databases were lost, and nothing that was erased', async () => {
  await end(market, erased);
  await erase(market.retailer, erased.orderId);
  await clearDatabases(cloud.emulators.firestore.address, cloud.projectId);
  const said = await command('--into', '(default)', '--offsite');
  expect(said).toMatch(/Erased again: 1 orders, 0 partners' views, 0 companies; 0 tombstones/);
  expect(said).toMatch(/Logs: root 0 is the published one; /);
  expect(said).toMatch(/Recovery time [\d.]+ s; recovery point [\d.-]+ s/);
  expect(await opens(market.retailer, kept.orderId)).toBe(true);
  expect(await opens(market.supplier, kept.supplyOrderId)).toBe(true);
  expect(await opens(market.retailer, erased.orderId)).toBe(false);
  expect((await market.seed.db.doc(paths.sealed(erased.orderId)).get()).exists).toBe(false);
  // Scheduled work goes on.
  expect(await cloud.clock.tick('sweep')).toBe(204);
  expect((await market.seed.db.doc(paths.lease('sweep')).get()).get('until')).toBe(0);
}, 60_000);
