import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clearDatabases } from '../../local/firestore-export.ts';
import { restoreDeps } from '../../infra/restore-deps.ts';
import { restore, type RestoreOrder } from '../../infra/restore-run.ts';
import { Manifest } from '../../shared/backups/manifest.ts';
import type { RestoreRefused } from '../../shared/backups/restore.ts';
import { createAttest } from '../../shared/cloud/attest.ts';
import { readConfig } from '../../shared/cloud/config.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { createKms } from '../../shared/cloud/kms.ts';
import { verifyLog } from '../../verify/verify.mjs';
import { failing } from '../orders/trading.ts';
import { type Both, end, erase, opens } from '../privacy/trade.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { eventually, type Market, startMarket } from '../support/market.ts';
import { backupsOf, HOUR, restoreCommand, restoreTool, traded } from './backups-fixture.ts';

const ROOT = resolve(import.meta.dirname, '..', '..');

let cloud: TestCloud;
let market: Market;
let backups: ReturnType<typeof backupsOf>;
let kept: Both;
let erased: Both;
let id: string;
/** Traded when the backup was made already. */
let since: Both;
/** A backup that the restored database knows nothing of. */
let later: string;
/** The retailer's log as it was fetched at the backup, later, and after the restore. */
const log = { before: '', lost: '', after: '' };
beforeAll(async () => {
  cloud = await testCloud({ asleep: [] });
  market = await startMarket(cloud);
  backups = backupsOf(cloud);
  [kept, erased] = await Promise.all([traded(market), traded(market)]);
  expect(await cloud.clock.tick('checkpoint')).toBe(204);
  id = await backups.make();
  log.before = await bundle();
  since = await traded(market);
  await seal(2);
  await cloud.clock.advance(6 * HOUR);
  later = await backups.make();
  log.lost = await bundle();
}, 240_000);
afterAll(() => cloud.stop());

async function seal(roots: number): Promise<void> {
  for (let each = 0; each < roots; each += 1) expect(await cloud.clock.tick('checkpoint')).toBe(204);
}

const bundle = async (): Promise<string> => (await market.retailer.call('GET', '/v1/audit/bundle')).text;

async function verified(now: string, given: { earlier?: string[]; roots?: string[] } = {}) {
  const jwks = (await (await fetch(`${cloud.baseUrl}/.well-known/jwks.json`)).json()) as { keys: unknown[] };
  const { problems, notices } = await verifyLog({ bundle: now, jwks, ...given });
  return { problems, notices, codes: [...new Set(problems.map(({ code }) => code))].sort() };
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
  const lines: string[] = [];
  const refused = async (order: Partial<RestoreOrder>, offsite = false): Promise<string> => {
    const deps = restoreDeps(readConfig(cloud.envOf('restore')), offsite);
    const whole = { backup: id, into: 'beside', keyring: undefined, only: undefined, dryRun: true, ...order };
    return restore(whole, deps, (line) => lines.push(line)).then(
      () => 'not refused',
      (error: unknown) => (error as RestoreRefused).code,
    );
  };
  expect(await refused({ into: '(default)' })).toBe('NOT_EMPTY');
  expect(await refused({ into: 'projects/another/databases/beside' })).toBe('OUTSIDE_THE_PROJECT');
  // Nor into what is the hub's own, or a drill's, which the next one deletes.
  for (const into of ['Beside!', 'keyring', 'staff', 'drill-mine']) {
    expect(await refused({ into })).toBe('OUTSIDE_THE_PROJECT');
  }
  expect(await refused({ keyring: '20200101T0000Z' })).toBe('NO_MANIFEST');
  expect(await refused({ backup: production })).toBe('PRODUCTION_DATA');
  expect(await refused({})).toBe('OBJECTS_DIFFER');
  expect(await refused({}, true)).toBe('not refused');
  expect(lines.join()).not.toContain('older than the documents');
  expect(await refused({ backup: later, keyring: id }, true)).toBe('not refused');
  expect(lines.join()).toMatch(/the keyring is \d+\.\d hours older than the documents/);
  // Those of three exports come before that of the ledger.
  let lists = 0;
  const ofLedger = ({ method }: { method: string }): boolean => {
    lists += Number(method === 'objects.list');
    return method === 'objects.list' && lists > 3;
  };
  failing(cloud.doors.restore, ofLedger, 403);
  expect(await refused({}, true)).toBe('LEDGER_UNREADABLE');
  cloud.doors.restore.setFault(null);
  expect(await restoreCommand(cloud, id, '--into', '(default)')).toMatch(
    /^NOT_EMPTY: The database \(default\)/,
  );
});

it('brings everything back after the databases were lost, and nothing that was erased', async () => {
  await end(market, erased);
  await erase(market.retailer, erased.orderId);
  await clearDatabases(cloud.emulators.firestore.address, cloud.projectId);
  const half = '20200102T0600Z';
  const bucket = backups.storage.bucket(cloud.backupBuckets.backups);
  await bucket.file(`${half}/default/output-0`).save('cut off', { resumable: false });
  const said = await restoreCommand(cloud, id, '--into', '(default)', '--offsite');
  expect(said).toMatch(/Erased again: 1 orders, 0 partners' views, 0 companies; 0 tombstones/);
  const last = newestOf(log.lost);
  expect(said).toContain(`Logs: root 0 is the published one; ${last} were published since`);
  expect(said).toContain(`Root ${last + 1} says so to everyone`);
  expect(said).toMatch(/Recovery time [\d.]+ s; recovery point [\d.-]+ s/);
  expect(await opens(market.retailer, kept.orderId)).toBe(true);
  expect(await opens(market.supplier, kept.supplyOrderId)).toBe(true);
  expect(await opens(market.retailer, erased.orderId)).toBe(false);
  expect((await market.seed.db.doc(paths.sealed(erased.orderId)).get()).exists).toBe(false);
  // Whatever lies in the bucket is known, so that it is thinned out in its time.
  for (const each of [id, later])
    expect(await backups.read(each)).toMatchObject({ state: 'good', code: null });
  expect((await backups.read(half)).state).toBe('failed');
  expect(backups.alerts('backup.failed')).toBe(0);
  // Scheduled work goes on.
  expect(await cloud.clock.tick('sweep')).toBe(204);
  expect((await market.seed.db.doc(paths.lease('sweep')).get()).get('until')).toBe(0);
}, 240_000);

describe('the logs of which the backup was behind what had been published', () => {
  beforeAll(async () => {
    await traded(market);
    await seal(2);
    log.after = await bundle();
  }, 240_000);

  it('are sealed again behind it, say that they were restored, and are checked in one', async () => {
    expect(backups.alerts('checkpoint.forked')).toBe(0);
    expect((await market.retailer.call('GET', `/v1/orders/${since.orderId}`)).status).toBe(404);
    const entries = await market.retailer.call('GET', '/v1/audit?action=company.log_restored');
    expect(entries.json).toMatchObject({ data: [{ actor: { type: 'system' } }] });
    const { problems, notices } = await verified(log.after, { earlier: [log.before] });
    expect(problems).toEqual([]);
    expect(notices).toMatchObject([{ code: 'RESTORED' }]);
    const last = newestOf(log.lost);
    expect(notices[0]?.text).toContain(`were restored from the backup ${id} of `);
    expect(notices[0]?.text).toContain(`Roots 1 to ${last} had been published since`);
    const answer = await market.retailer.call('GET', `/v1/audit/checkpoints/${last}/consistency`);
    expect(answer.json).toMatchObject({ history: { index: last } });
  });

  it('name each entry that is gone to whoever has kept it, and nothing else is excused', async () => {
    const { problems, notices } = await verified(log.after, { earlier: [log.lost, log.before] });
    expect(problems).toEqual([]);
    const entries = linesOf(log.lost).filter(({ leaf }) => leaf !== undefined);
    const back = linesOf(log.before).filter(({ leaf }) => leaf !== undefined).length;
    const lost = notices.filter(({ code, text }) => code === 'LOST' && text.startsWith('Entry'));
    expect(lost).toHaveLength(entries.length - back);
    for (const { text } of lost)
      expect(text).toMatch(/of an earlier bundle (?:is gone|was changed|is entry)/);
    // The same without what says so, and with an entry gone that the backup had.
    const silent = without(log.after, ({ restoration }) => restoration !== undefined);
    expect((await verified(silent, { earlier: [log.lost] })).codes).toEqual(
      expect.arrayContaining(['ENTRY', 'HEAD']),
    );
    const first = without(log.after, ({ leaf }) => leaf === entries[1]?.leaf);
    const { problems: told } = await verified(first, { earlier: [log.lost] });
    expect(told.map(({ text }) => text).join()).toMatch(/Entry 1 .* of an earlier bundle/);
  });

  it('hide no root that was shown to one alone, and no restore that is in no history', async () => {
    const config = readConfig(cloud.envOf('checkpoint'));
    const attest = createAttest({ kms: createKms(config), now: Date.now });
    const lines = linesOf(log.lost);
    const newest = lines.at(-2)?.checkpoint ?? { n: 0, root: '' };
    const alone = await attest.sign('strongroom-root+jwt', { ...said(newest.root), iat: 1 });
    const shown = lines.map((line) =>
      line.checkpoint?.root === newest.root ? { checkpoint: { ...newest, root: alone } } : line,
    );
    const two = await verified(log.after, {
      earlier: [shown.map((line) => JSON.stringify(line)).join('\n')],
    });
    expect(two.codes).toEqual(['ENTRY', 'EQUIVOCATION', 'HEAD']);
    expect((await verified(log.after, { roots: [newest.root] })).problems).toEqual([]);
    expect((await verified(log.after, { roots: [alone] })).codes).toEqual(['EQUIVOCATION']);

    const shownAs = linesOf(log.after).find(({ restoration }) => restoration !== undefined);
    const own = shownAs?.restoration?.root ?? '';
    const statement = said(own);
    expect(statement).toMatchObject({ n: newestOf(log.lost) + 1, restored: { backup: id, from: 0 } });
    const forged = await attest.sign('strongroom-restored+jwt', { ...statement, iat: 1 });
    const put = log.after.replaceAll(own, forged);
    expect((await verified(put, { earlier: [log.lost] })).codes).toEqual(
      expect.arrayContaining(['ENTRY', 'HEAD', 'HISTORY', 'RESTORED']),
    );
    const asRoot = await attest.sign('strongroom-root+jwt', statement);
    expect((await verified(log.after.replaceAll(own, asRoot))).codes).toContain('NOT_A_ROOT');
  });
});

it('beside the live databases it is one more copy of keys: no erasure is confirmed before that is deleted', async () => {
  const state = async (): Promise<unknown> => {
    const answer = await market.retailer.call('GET', '/v1/erasures');
    return (answer.json as { data: { state: string }[] }).data[0]?.state;
  };
  const copies = (): Promise<string[]> => backups.names('keyringBackups', `${id}/beside/`);
  expect(await restoreCommand(cloud, id, '--into', 'beside', '--offsite')).toContain('Restored: ');
  await end(market, kept);
  await erase(market.retailer, kept.orderId);
  await eventually(async () => {
    expect(await state()).toBe('destroyed');
  });
  for (const hours of [23, 2, 1]) await cloud.clock.advance(hours * HOUR);
  await backups.tick('backup-check');
  await backups.tick('offsite-purge');
  await backups.tick('restore-drill');
  expect([await backups.names('keyringBackups', id), await copies()]).toEqual([
    [`${id}/beside/beside-keyring`],
    [`${id}/beside/beside-keyring`],
  ]);
  expect(await state()).toBe('destroyed');
  expect(await restoreCommand(cloud, id, '--into', 'another')).toMatch(/^KEYRING_PURGED: .* with --keyring/);

  expect(await restoreTool(cloud, '--remove', 'beside')).toContain('beside-keyring is gone');
  await backups.tick('restore-drill');
  expect(await copies()).toEqual([]);
  await eventually(async () => {
    await cloud.clock.advance(HOUR);
    expect(await state()).toBe('confirmed');
  });
}, 240_000);

it('is told when orders that had been erased are not in the ledger that is replayed', async () => {
  const replay = (more: Record<string, string>): Promise<string> => {
    const env = { ...process.env, ...cloud.envOf('restore'), METADATA_SERVER_DETECTION: 'none', ...more };
    return promisify(execFile)(process.execPath, ['infra/replay-ledger.ts'], { cwd: ROOT, env }).then(
      ({ stdout }) => stdout,
      (error: unknown) =>
        `${String((error as { code: number }).code)} ${(error as { stderr: string }).stderr}`,
    );
  };
  expect(await replay({})).toContain('Done: 2 ledger entries');
  // Another bucket, as after a mistake in the environment.
  const { rootsBucket = '' } = readConfig(cloud.envOf('restore'));
  expect(await replay({ LEDGER_BUCKET: rootsBucket })).toMatch(
    /^1 LEDGER_GAP: 2 orders that had been erased/,
  );
});

interface Line {
  leaf?: string;
  checkpoint?: { n: number; root: string };
  restoration?: { root: string };
}

function linesOf(ndjson: string): Line[] {
  return ndjson
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

function newestOf(ndjson: string): number {
  return Math.max(...linesOf(ndjson).flatMap(({ checkpoint }) => checkpoint?.n ?? []));
}

function without(ndjson: string, which: (line: Line) => boolean): string {
  return ndjson
    .split('\n')
    .filter((line) => line === '' || !which(JSON.parse(line) as Line))
    .join('\n');
}

function said(jws: string): object {
  return JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString()) as object;
}
