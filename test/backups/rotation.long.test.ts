import { KeyManagementServiceClient } from '@google-cloud/kms';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openFirestore } from '../../shared/cloud/firestore.ts';
import { keyCensus } from '../../shared/cloud/keyring-census.ts';
import { rewrapKeys } from '../../shared/cloud/keyring-rewrap.ts';
import { createKms } from '../../shared/cloud/kms.ts';
import { openKeyring } from '../../shared/cloud/keyring.ts';
import { hostAndPort, readConfig } from '../../shared/cloud/config.ts';
import { randomId } from '../../shared/domain/ids.ts';
import { newParty, SHIP_TO } from '../cloud/keyring-fixture.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';

const COMPANIES = 10_000;
const AT_ONCE = 50;

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await testCloud({ asleep: [] });
});
afterAll(() => cloud.stop());

it('moves ten thousand companies to a new version under live traffic, is killed halfway, and ends at a census of zero', async () => {
  const seed = openKeyring(readConfig(cloud.envOf('seed')), { now: Date.now });
  await seed.lookup();
  const companies = Array.from({ length: COMPANIES }, () => randomId('company'));
  for (let at = 0; at < COMPANIES; at += AT_ONCE) {
    await Promise.all(companies.slice(at, at + AT_ONCE).map((companyId) => seed.createCompanyKey(companyId)));
  }
  const { host, port } = hostAndPort(cloud.doors.seed.cloudEndpoint);
  const kms = new KeyManagementServiceClient({
    apiEndpoint: host,
    port,
    sslCreds: credentials.createInsecure(),
  });
  await kms.createCryptoKeyVersion({ parent: cloud.keys.tenantKek });
  await kms.updateCryptoKeyPrimaryVersion({ name: cloud.keys.tenantKek, cryptoKeyVersionId: '2' });
  await kms.close();

  const config = readConfig(cloud.envOf('rewrap'));
  const db = openFirestore(config, 'keyring');
  const deps = { db, kms: createKms(config), from: 'tenant' } as const;
  const progress = { done: false };
  const opened = traffic(companies, progress);
  await expect(
    rewrapKeys(deps, ({ looked }) => {
      if (looked >= COMPANIES / 2) throw new Error('killed');
    }),
  ).rejects.toThrow('killed');
  const { looked, rewrapped } = await rewrapKeys(deps);
  progress.done = true;
  expect(looked).toBe(COMPANIES + 1);
  expect(rewrapped).toBeLessThan(COMPANIES / 2 + 2);
  expect(await opened).toBeGreaterThan(100);
  expect((await rewrapKeys(deps)).rewrapped).toBe(0);
  expect(await keyCensus(db)).toEqual([
    { version: `${cloud.keys.tenantKek}/cryptoKeyVersions/2`, wraps: COMPANIES + 1 },
  ]);
}, 600_000);

/** Orders of random companies come in on one instance and open on another that has nothing in memory; answers how many. */
async function traffic(companies: string[], progress: { done: boolean }): Promise<number> {
  const config = readConfig(cloud.envOf('webhooks'));
  let opened = 0;
  while (!progress.done) {
    const companyId = companies[Math.floor(Math.random() * companies.length)] ?? '';
    const owner = newParty(companyId);
    const key = await openKeyring(config, { now: Date.now }).createRecordKey(owner);
    const sealed = key.sealShipTo(SHIP_TO);
    const again = await openKeyring(config, { now: Date.now }).recordKey(owner, owner);
    expect(again.openShipTo(sealed)).toEqual(SHIP_TO);
    opened += 1;
  }
  return opened;
}
