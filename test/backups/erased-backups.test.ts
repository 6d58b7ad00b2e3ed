import { randomBytes } from 'node:crypto';
import { Firestore } from '@google-cloud/firestore';
import { FirestoreAdminClient } from '@google-cloud/firestore-api/admin_v1';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hostAndPort } from '../../shared/cloud/config.ts';
import { openFirestore, paths } from '../../shared/cloud/firestore.ts';
import { readConfig } from '../../shared/cloud/config.ts';
import type { Party } from '../../shared/crypto/record-key.ts';
import { verifyErasure } from '../../verify/erasure.mjs';
import { everyKey } from '../privacy/every-key.ts';
import { end, erase, routed } from '../privacy/trade.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { eventually, type Market, startMarket } from '../support/market.ts';
import { backupsOf, HOUR, MINUTE } from './backups-fixture.ts';

let cloud: TestCloud;
let market: Market;
let backups: ReturnType<typeof backupsOf>;
let admin: FirestoreAdminClient;
beforeAll(async () => {
  cloud = await testCloud({ asleep: [] });
  market = await startMarket(cloud);
  backups = backupsOf(cloud);
  const { port } = cloud.firestoreAdmin;
  const sslCreds = credentials.createInsecure();
  admin = new FirestoreAdminClient({ apiEndpoint: '127.0.0.1', port, sslCreds });
});
afterAll(async () => {
  await admin.close();
  await cloud.stop();
});

/** An export, wherever it lies, in a database of its own that the emulator alone knows. */
async function opened<T>(place: string, look: (db: Firestore) => Promise<T>): Promise<T> {
  const databaseId = `look-${randomBytes(4).toString('hex')}`;
  const db = new Firestore({
    ...{ projectId: cloud.projectId, databaseId, ssl: false },
    ...hostAndPort(cloud.emulators.firestore.address),
    customHeaders: { authorization: 'Bearer owner' },
  });
  cloud.firestoreAdmin.createDatabase(databaseId);
  const name = admin.databasePath(cloud.projectId, databaseId);
  const [operation] = await admin.importDocuments({ name, inputUriPrefix: place });
  await operation.promise();
  return look(db).finally(() => db.terminate());
}

/** Every export in every bucket, as `gs://bucket/id/part`; copies that are the same byte for byte once. */
async function exports(part: string): Promise<string[]> {
  const found = new Map<string, string>();
  for (const bucket of Object.values(cloud.backupBuckets)) {
    const [files] = await backups.storage.bucket(bucket).getFiles();
    const ids = new Set(files.map(({ name }) => name.split('/').slice(0, 2).join('/')));
    for (const id of [...ids].filter((each) => each.endsWith(`/${part}`))) {
      const own = files.filter(({ name }) => name.startsWith(`${id}/`));
      const bytes = own.map(({ name, metadata }) => `${name} ${String(metadata.crc32c)}`);
      found.set(bytes.sort().join(), `gs://${bucket}/${id}`);
    }
  }
  return [...found.values()];
}

/** How many keys in all buckets and in the live keyring open what any export holds of an order's address. */
async function opening(owner: Party): Promise<{ sealed: number; keyrings: number; opening: number }> {
  const sealed: Buffer[] = [];
  for (const place of await exports('default')) {
    const found = await opened(place, (db) => db.doc(paths.sealed(owner.orderId)).get());
    const bytes = found.get('shipTo') as Buffer | undefined;
    // What is sealed once is sealed the same in every export.
    if (bytes !== undefined && !sealed.some((each) => each.equals(bytes))) sealed.push(bytes);
  }
  const keyrings = await exports('keyring');
  const live = openFirestore(readConfig(cloud.envOf('seed')), 'keyring');
  const countIn = async (keyring: Firestore): Promise<number> => {
    const keys = everyKey(cloud, keyring);
    const counts = await Promise.all(sealed.map((bytes) => keys.opening(bytes, owner)));
    return counts.reduce((sum, count) => sum + count, 0);
  };
  let opens = await countIn(live);
  await live.terminate();
  for (const place of keyrings) opens += await opened(place, countIn);
  return { sealed: sealed.length, keyrings: keyrings.length, opening: opens };
}

interface Erasure {
  id: string;
  state: string;
  certificate: string;
  destroyedAt: string;
  horizon: string;
}

const erasure = async (): Promise<Erasure> =>
  ((await market.retailer.call('GET', '/v1/erasures')).json as { data: [Erasure] }).data[0];

it('an address that was erased opens with no key in any bucket 25 h later, and did 22 h before', async () => {
  const payload = market.order();
  await market.send(payload);
  const both = await routed(market, await market.idOf(payload.id));
  const owner = { companyId: market.retailer.companyId, orderId: both.orderId };
  await end(market, both);
  const id = await backups.make();
  await erase(market.retailer, both.orderId);
  const { destroyedAt, horizon } = await eventually(async () => {
    const asked = await erasure();
    expect(asked.state).toBe('destroyed');
    return asked;
  });
  // The horizon is that of the backup which holds the key, not a constant.
  const snapshot = Date.parse((await backups.read(id)).snapshotTime);
  expect(Date.parse(horizon)).toBe(snapshot + 23 * HOUR + 30 * MINUTE);

  await cloud.clock.advance(3 * HOUR);
  const before = await opening(owner);
  expect(before.sealed).toBeGreaterThan(0);
  expect(before.opening).toBeGreaterThan(0);
  expect((await erasure()).state).toBe('destroyed');

  // A newer one, which knows nothing of the key.
  await cloud.clock.advance(15 * HOUR);
  await backups.make();
  await cloud.clock.advance(Date.parse(destroyedAt) + 25 * HOUR - cloud.clock.now());
  await backups.tick('backup-check');
  await backups.tick('offsite-purge');
  const after = await opening(owner);
  expect(after.sealed).toBeGreaterThan(0);
  expect(after.keyrings).toBeGreaterThan(0);
  expect(after.opening).toBe(0);

  await cloud.clock.advance(HOUR);
  await eventually(async () => {
    expect((await erasure()).state).toBe('confirmed');
  });
  // And whoever has nothing but the certificate and the public keys can tell.
  const jwks: unknown = await (await fetch(`${cloud.baseUrl}/.well-known/jwks.json`)).json();
  const { certificate } = await erasure();
  const { problems } = await verifyErasure({ certificate, jwks, orders: [both.orderId] });
  expect(problems).toEqual([]);
}, 120_000);
