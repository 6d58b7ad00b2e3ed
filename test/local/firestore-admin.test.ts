import { randomBytes } from 'node:crypto';
import { Firestore } from '@google-cloud/firestore';
import { FirestoreAdminClient } from '@google-cloud/firestore-api/admin_v1';
import { credentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startFirestoreAdmin, type FirestoreAdminStandIn } from '../../local/firestore-admin/server.ts';
import { startStorage, type StorageServer } from '../../local/storage/server.ts';
import { hostAndPort } from '../../shared/cloud/config.ts';
import { openStorage } from '../../shared/cloud/storage.ts';
import { refusal } from './kms-fixture.ts';

const MINUTE = 60_000;
const projectId = `admin-${randomBytes(5).toString('hex')}`;
const firestore = inject('emulators').firestore;
let offset = 0;
const now = (): number => Date.now() + offset;
let since = Date.now();
const past = (time: number): number => Math.max(time - offset, since);
let storage: StorageServer;
let admin: FirestoreAdminStandIn;
let client: FirestoreAdminClient;
const open = (databaseId: string): Firestore =>
  new Firestore({
    ...{ projectId, databaseId, ssl: false },
    ...hostAndPort(firestore),
    customHeaders: { authorization: 'Bearer owner' },
  });
const [db, keyring, restored] = ['(default)', 'keyring', 'restored'].map(open) as [
  Firestore,
  Firestore,
  Firestore,
];

beforeAll(async () => {
  storage = await startStorage({ now });
  await openStorage({ projectId, storageEndpoint: storage.url }).createBucket('backups');
  admin = await startFirestoreAdmin({
    ...{ projectId, past, now, storageUrl: storage.url },
    firestore: () => firestore,
  });
  client = new FirestoreAdminClient({
    apiEndpoint: '127.0.0.1',
    port: admin.port,
    sslCreds: credentials.createInsecure(),
  });
  await db.doc('companies/c').set({ name: 'one' });
  await db
    .doc('companies/c/orders/o')
    .set({ at: new Date(0), bytes: Buffer.from('sealed'), more: { deep: [1, null] } });
  await db.doc('receipts/r').set({ a: 1 });
  await keyring.doc('recordKeys/o').set({ wrap: Buffer.from('wrap') });
});
afterAll(async () => {
  await Promise.all([db.terminate(), keyring.terminate(), restored.terminate(), client.close()]);
  await admin.close();
  await storage.close();
});

const nameOf = (database: string): string => client.databasePath(projectId, database);
/** What was written until now was written before the minute that begins now. */
const toNextMinute = (): void => {
  offset += MINUTE - (now() % MINUTE) + 1;
  // The emulator's time is finer than ours.
  since = Date.now() + 1;
};
const minute = (): number => Math.floor(now() / MINUTE) * MINUTE;
const wire = (ms: number): { seconds: number; nanos: number } => ({
  seconds: Math.floor(ms / 1000),
  nanos: (ms % 1000) * 1_000_000,
});
let last = 0;
const place = (): string => `gs://backups/${String(++last)}/export`;

describe('an export', () => {
  it('is an operation that ends, tells how much it took, and can be imported into another database', async () => {
    const outputUriPrefix = place();
    toNextMinute();
    const [operation] = await client.exportDocuments({
      ...{ name: nameOf('(default)'), outputUriPrefix, snapshotTime: wire(minute()) },
      collectionIds: ['companies', 'orders'],
    });
    const [response, metadata] = await operation.promise();
    expect(response.outputUriPrefix).toBe(outputUriPrefix);
    expect(Number(metadata.progressDocuments?.completedWork)).toBe(2);
    expect(Number(metadata.snapshotTime?.seconds)).toBe(minute() / 1000);

    const [made] = await client.createDatabase({
      parent: `projects/${projectId}`,
      databaseId: 'restored',
      database: { locationId: 'nam5' },
    });
    expect((await made.promise())[0]).toMatchObject({ name: nameOf('restored'), locationId: 'nam5' });
    const [imported] = await client.importDocuments({
      name: nameOf('restored'),
      inputUriPrefix: outputUriPrefix,
    });
    await imported.promise();
    const [order, receipt] = await restored.getAll(
      restored.doc('companies/c/orders/o'),
      restored.doc('receipts/r'),
    );
    expect(order?.data()).toEqual((await db.doc('companies/c/orders/o').get()).data());
    expect(receipt?.exists).toBe(false);
  });

  it('shows what was there at its snapshot time, whatever was written since', async () => {
    await keyring.doc('recordKeys/before').set({ wrap: Buffer.from('before') });
    toNextMinute();
    const snapshotTime = wire(minute());
    await keyring.doc('recordKeys/later').set({ wrap: Buffer.from('later') });
    const [operation] = await client.exportDocuments({
      ...{ name: nameOf('keyring'), outputUriPrefix: place(), snapshotTime },
    });
    const [, metadata] = await operation.promise();
    expect(Number(metadata.progressDocuments?.completedWork)).toBe(2);
    await keyring.doc('recordKeys/later').delete();
  });

  it.each([
    ['in the future', () => minute() + 2 * MINUTE],
    ['not a whole minute', () => minute() - 1000],
    ['older than an hour', () => minute() - 61 * MINUTE],
  ])('is refused for a snapshot time that is %s', async (_, time) => {
    const request = { name: nameOf('keyring'), outputUriPrefix: place(), snapshotTime: wire(time()) };
    expect(await refusal(client.exportDocuments(request))).toBe('INVALID_ARGUMENT');
  });

  it('is refused into a bucket that is not there, over another export, and of no database', async () => {
    const name = nameOf('keyring');
    expect(await refusal(client.exportDocuments({ name, outputUriPrefix: 'gs://nobody/a' }))).toBe(
      'NOT_FOUND',
    );
    const outputUriPrefix = place();
    const [operation] = await client.exportDocuments({ name, outputUriPrefix });
    await operation.promise();
    expect(await refusal(client.exportDocuments({ name, outputUriPrefix }))).toBe('INVALID_ARGUMENT');
    const other = { name: nameOf('other'), outputUriPrefix: place() };
    expect(await refusal(client.exportDocuments(other))).toBe('NOT_FOUND');
    expect(await refusal(client.checkExportDocumentsProgress(`${name}/operations/none`))).toBe('NOT_FOUND');
  });

  it('ends with the status that the service ended it with, and can be cancelled', async () => {
    const name = nameOf('keyring');
    admin.failOperations(status.RESOURCE_EXHAUSTED);
    const [failing] = await client.exportDocuments({ name, outputUriPrefix: place() });
    expect(await refusal(failing.promise())).toBe('RESOURCE_EXHAUSTED');
    admin.failOperations(null);
    admin.failOperations(status.RESOURCE_EXHAUSTED, 'halfway');
    const cutOff = place();
    const [full] = await client.exportDocuments({ name, outputUriPrefix: cutOff });
    expect(await refusal(full.promise())).toBe('RESOURCE_EXHAUSTED');
    expect(await refusal(client.importDocuments({ name, inputUriPrefix: cutOff }))).toBe('NOT_FOUND');
    admin.failOperations(null);
    admin.holdOperations();
    const [held] = await client.exportDocuments({ name, outputUriPrefix: place() });
    await held.cancel();
    expect(await refusal(held.promise())).toBe('CANCELLED');
    admin.releaseOperations();
  });
});
