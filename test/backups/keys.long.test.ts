import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { KeyManagementServiceClient } from '@google-cloud/kms';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Identity } from '../../local/roles.ts';
import { takeCensus, type VersionCensus } from '../../shared/backups/key-census.ts';
import { openBackupBuckets } from '../../shared/cloud/backup-buckets.ts';
import { hostAndPort, readConfig } from '../../shared/cloud/config.ts';
import { openFirestore } from '../../shared/cloud/firestore.ts';
import { openWriteOnce } from '../../shared/cloud/write-once.ts';
import { type Both, opens, routed } from '../privacy/trade.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { type Market, startMarket } from '../support/market.ts';
import { backupsOf, HOUR, MINUTE } from './backups-fixture.ts';

const ROOT = resolve(import.meta.dirname, '..', '..');

let cloud: TestCloud;
let market: Market;
let keyring: FirebaseFirestore.Firestore;
let both: Both;
beforeAll(async () => {
  cloud = await testCloud();
  market = await startMarket(cloud);
  keyring = openFirestore(readConfig(cloud.envOf('seed')), 'keyring');
  both = await traded();
});
afterAll(async () => {
  await keyring.terminate();
  await cloud.stop();
});

async function traded(): Promise<Both> {
  const payload = market.order();
  await market.send(payload);
  return routed(market, await market.idOf(payload.id));
}

/** `npm run rewrap`, as a person runs it. */
async function rewrap(identity: Identity, ...args: string[]): Promise<string> {
  const env = { ...process.env, ...cloud.envOf(identity), METADATA_SERVER_DETECTION: 'none' };
  const { stdout } = await promisify(execFile)(process.execPath, ['infra/rewrap.ts', ...args], {
    cwd: ROOT,
    env,
  });
  return stdout;
}

/** As the security officer does: a new version of `tenant-kek` that wraps from now on; its number. */
async function newVersion(): Promise<number> {
  const { host, port } = hostAndPort(cloud.doors.seed.cloudEndpoint);
  const sslCreds = credentials.createInsecure();
  const kms = new KeyManagementServiceClient({ apiEndpoint: host, port, sslCreds });
  const [{ name }] = await kms.createCryptoKeyVersion({ parent: cloud.keys.tenantKek });
  const version = name?.split('/').at(-1) ?? '';
  await kms.updateCryptoKeyPrimaryVersion({ name: cloud.keys.tenantKek, cryptoKeyVersionId: version });
  await kms.close();
  return Number(version);
}

async function census(): Promise<Record<string, VersionCensus>> {
  const config = readConfig(cloud.envOf('rewrap'));
  const { versions } = await takeCensus({
    keyring: openFirestore(config, 'keyring'),
    manifests: openWriteOnce(config, config.backupBuckets.backups),
    keyringBuckets: Object.values(openBackupBuckets(config, ['keyringBackups', 'offsiteKeyringBackups'])),
    now: cloud.clock.now,
  });
  return Object.fromEntries(versions.map((each) => [each.version.split('/').at(-1) ?? '', each]));
}

describe('a new version of the KMS key', () => {
  it('wraps every company key after a run, while orders come in and open, and the old one can go when no backup needs it', async () => {
    const backups = backupsOf(cloud);
    await backups.make();
    await backups.tick('offsite-copy');
    const version = await newVersion();
    const [said, during] = await Promise.all([rewrap('rewrap'), traded()]);
    expect(said).toContain(`cryptoKeyVersions/${String(version)}: 3 of 3 documents anew`);
    expect(said).toContain('cryptoKeyVersions/1: 0 live, 3 in backups; needed');
    expect(await rewrap('rewrap')).toContain('0 of 3 documents anew');
    // Nothing is in memory any more.
    await cloud.clock.advance(2 * HOUR);
    for (const each of [both, during]) {
      expect(await opens(market.retailer, each.orderId)).toBe(true);
      expect(await opens(market.supplier, each.supplyOrderId)).toBe(true);
    }
    // What was planned meanwhile is not known yet, so nothing may go.
    expect((await census())['1']).toMatchObject({ live: 0, zeroSince: null });
    await backups.make();
    await cloud.clock.advance(24 * HOUR);
    await backups.make();
    await backups.tick('offsite-purge');
    expect((await census())['1']).toMatchObject({ live: 0, backups: 0, mayBeDestroyed: false });
    await cloud.clock.advance(16 * MINUTE);
    await backups.until('good');
    expect(await census()).toMatchObject({
      '1': { mayBeDestroyed: true },
      '2': { live: 3, mayBeDestroyed: false },
    });
  }, 120_000);
});
