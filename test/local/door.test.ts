import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Behind, fresh, openBehind, openDoor } from './door-fixture.ts';
import { FIRESTORE, rawCall } from './raw-call.ts';

let behind: Behind;
beforeAll(async () => {
  behind = await openBehind();
});
afterAll(() => behind.stop());

/** An address where nobody listens any more. */
async function deadAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `127.0.0.1:${port}`;
}

describe('a door', () => {
  it('takes the official clients to all four services', async () => {
    const { firestore, pubsub, kms, storage } = await openDoor(behind, 'seed');
    const { cloud, plaintext, wrapped } = behind;
    const document = firestore('keyring').doc(`probes/${fresh()}`);
    await document.create({ bytes: plaintext });
    expect((await document.get()).get('bytes')).toEqual(plaintext);
    expect(await pubsub.topic('orders').publishMessage({ json: {} })).toMatch(/./);
    const [{ plaintext: opened }] = await kms.decrypt({ name: cloud.kms.tenantKek, ciphertext: wrapped });
    expect(Buffer.from(opened as Uint8Array)).toEqual(plaintext);
    const file = storage.bucket(cloud.ledgerBucket).file(fresh());
    await file.save('{"a":1}', { resumable: false });
    expect((await file.download())[0].toString()).toBe('{"a":1}');
  });

  it('keeps the two databases apart', async () => {
    const { firestore } = await openDoor(behind, 'orders');
    const path = `probes/${fresh()}`;
    await firestore('keyring').doc(path).set({ a: 1 });
    expect((await firestore('(default)').doc(path).get()).exists).toBe(false);
    expect((await firestore('keyring').doc(path).get()).exists).toBe(true);
  });

  it('carries transactions, and what two of them do to each other', async () => {
    const { firestore } = await openDoor(behind, 'orders');
    const counter = firestore('(default)').doc(`probes/${fresh()}`);
    await counter.set({ count: 0 });
    await Promise.all(
      Array.from({ length: 4 }, () =>
        firestore('(default)').runTransaction(async (transaction) => {
          const count = (await transaction.get(counter)).get('count') as number;
          transaction.update(counter, { count: count + 1 });
        }),
      ),
    );
    expect((await counter.get()).get('count')).toBe(4);
  });

  it('says as the service does that a transaction is over, so that the client begins another', async () => {
    const { door } = await openDoor(behind, 'orders');
    const database = `projects/${behind.cloud.projectId}/databases/(default)`;
    const ask = (method: string, request: object): Promise<object[]> =>
      rawCall(door.cloudEndpoint, [FIRESTORE, method], { database, ...request });
    const [begun] = (await ask('BeginTransaction', {})) as { transaction: Buffer }[];
    await ask('Rollback', { ...begun });
    const documents = [`${database}/documents/probes/${fresh()}`];
    await expect(ask('BatchGetDocuments', { documents, ...begun })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: 'The referenced transaction has expired or is no longer valid.',
    });
  });

  it('carries a transaction that is given up', async () => {
    const { firestore } = await openDoor(behind, 'orders');
    const document = firestore('(default)').doc(`probes/${fresh()}`);
    const given = firestore('(default)').runTransaction(async (transaction) => {
      await transaction.get(document);
      transaction.set(document, { a: 1 });
      throw new Error('given up');
    });
    await expect(given).rejects.toThrow('given up');
    expect((await document.get()).exists).toBe(false);
  });

  it('streams an answer of several megabytes whole and in order', async () => {
    const { firestore } = await openDoor(behind, 'orders');
    const parent = firestore('(default)').collection(fresh());
    const text = 'x'.repeat(400_000);
    for (let index = 0; index < 20; index += 1) await parent.doc(`d${index + 10}`).set({ index, text });
    const found = await parent.orderBy('index').get();
    expect(found.docs.map((each) => each.get('index') as number)).toEqual([...found.docs.keys()]);
    expect(found.docs.every((each) => (each.get('text') as string).length === text.length)).toBe(true);
  });

  it('carries streams in both directions: a listener hears of a later write', async () => {
    const { firestore } = await openDoor(behind, 'orders');
    const document = firestore('(default)').doc(`probes/${fresh()}`);
    const { promise: heard, resolve, reject } = Promise.withResolvers<unknown>();
    const { promise: listening, resolve: listens } = Promise.withResolvers<undefined>();
    const stop = document.onSnapshot((snapshot) => {
      if (snapshot.exists) resolve(snapshot.get('a'));
      else listens(undefined);
    }, reject);
    await listening;
    await document.set({ a: 7 });
    expect(await heard).toBe(7);
    stop();
  });

  it('lets the errors of a service through as they are', async () => {
    const { firestore, kms } = await openDoor(behind, 'orders');
    const document = firestore('(default)').doc(`probes/${fresh()}`);
    await document.create({});
    await expect(document.create({})).rejects.toMatchObject({ code: status.ALREADY_EXISTS });
    await expect(
      kms.decrypt({ name: behind.cloud.kms.tenantKek, ciphertext: Buffer.alloc(60) }),
    ).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it('answers UNAVAILABLE while a service is away, and finds it again at another address', async () => {
    const { door } = await openDoor(behind, 'orders');
    const parent = `projects/${behind.cloud.projectId}/databases/(default)/documents`;
    const ask = () => rawCall(door.cloudEndpoint, [FIRESTORE, 'ListCollectionIds'], { parent });
    await ask();
    const away = await deadAddress();
    door.setBackends({
      firestore: away,
      firestoreAdmin: away,
      pubsub: away,
      kms: away,
      storage: `http://${away}`,
    });
    await expect(ask()).rejects.toMatchObject({ code: status.UNAVAILABLE });
    door.setBackends(behind.backends);
    await expect(ask()).resolves.toHaveLength(1);
  });

  it('answers 503 while storage is away', async () => {
    const { door } = await openDoor(behind, 'seed');
    const away = await deadAddress();
    door.setBackends({ ...behind.backends, storage: `http://${away}` });
    const answer = await fetch(`${door.storageEndpoint}/storage/v1/b/${behind.cloud.ledgerBucket}/o`);
    expect(answer.status).toBe(503);
  });
});
