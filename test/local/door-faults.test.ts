import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '../../local/door/faults.ts';
import { type Behind, fresh, openBehind, openDoor } from './door-fixture.ts';
import { FIRESTORE, rawCall } from './raw-call.ts';

let behind: Behind;
beforeAll(async () => {
  behind = await openBehind();
});
afterAll(() => behind.stop());

const onCommit: Pick<Fault, 'match' | 'nth'> = { match: (call) => call.method === 'Commit', nth: 1 };

function commit(endpoint: string, path: string): Promise<object[]> {
  const database = `projects/${behind.cloud.projectId}/databases/(default)`;
  const writes = [{ update: { name: `${database}/documents/${path}` }, currentDocument: { exists: false } }];
  return rawCall(endpoint, [FIRESTORE, 'Commit'], { database, writes });
}

describe('a fault', () => {
  it.each([
    ['before', false],
    ['after', true],
  ] as const)('that cuts %s the backend: whether the write is done: %s', async (when, done) => {
    const { door, firestore } = await openDoor(behind, 'orders');
    const path = `probes/${fresh()}`;
    let hits = 0;
    const onHit = () => {
      hits += 1;
    };
    door.setFault({ ...onCommit, when, then: 'cut', onHit });
    await expect(commit(door.cloudEndpoint, path)).rejects.toMatchObject({ code: status.UNAVAILABLE });
    expect(hits).toBe(1);
    expect((await firestore('(default)').doc(path).get()).exists).toBe(done);
  });

  it.each(['before', 'after'] as const)(
    'answers with the status that it was given, %s the backend',
    async (when) => {
      const { door } = await openDoor(behind, 'orders');
      door.setFault({ ...onCommit, when, then: { status: status.RESOURCE_EXHAUSTED } });
      await expect(commit(door.cloudEndpoint, `probes/${fresh()}`)).rejects.toMatchObject({
        code: status.RESOURCE_EXHAUSTED,
      });
    },
  );

  it('that hangs lets the caller hear nothing, and is hit before the caller could notice', async () => {
    const { door, firestore } = await openDoor(behind, 'orders');
    const path = `probes/${fresh()}`;
    const { promise: hit, resolve: onHit } = Promise.withResolvers<undefined>();
    let answered = false;
    door.setFault({
      ...onCommit,
      when: 'after',
      then: 'hang',
      onHit: () => {
        onHit(undefined);
      },
    });
    const call = commit(door.cloudEndpoint, path).finally(() => {
      answered = true;
    });
    await hit;
    expect((await firestore('(default)').doc(path).get()).exists).toBe(true);
    expect(answered).toBe(false);
    const lost = expect(call).rejects.toMatchObject({ code: status.UNAVAILABLE });
    await door.close();
    await lost;
  });

  it('meets the n-th call that matches, once, and no other', async () => {
    const { door } = await openDoor(behind, 'orders');
    const collection = fresh();
    door.setFault({
      match: (call) =>
        call.database === '(default)' &&
        (call.writes ?? []).some((write) => write.path.startsWith(collection)),
      nth: 2,
      when: 'before',
      then: { status: status.ABORTED },
    });
    await commit(door.cloudEndpoint, `probes/${fresh()}`);
    await commit(door.cloudEndpoint, `${collection}/a`);
    await expect(commit(door.cloudEndpoint, `${collection}/b`)).rejects.toMatchObject({
      code: status.ABORTED,
    });
    await commit(door.cloudEndpoint, `${collection}/c`);
  });

  it('is over when it is taken back', async () => {
    const { door } = await openDoor(behind, 'orders');
    door.setFault({ ...onCommit, when: 'before', then: 'cut' });
    door.setFault(null);
    await expect(commit(door.cloudEndpoint, `probes/${fresh()}`)).resolves.toHaveLength(1);
  });

  it('chooses by topic, too', async () => {
    const { door, pubsub } = await openDoor(behind, 'orders');
    door.setFault({
      match: (call) => call.topic === 'erasures',
      nth: 1,
      when: 'before',
      then: { status: status.NOT_FOUND },
    });
    await pubsub.topic('orders').publishMessage({ json: {} });
    await expect(pubsub.topic('erasures').publishMessage({ json: {} })).rejects.toMatchObject({
      code: status.NOT_FOUND,
    });
  });

  it('works on storage: what was cut after the backend is there', async () => {
    const { door, storage } = await openDoor(behind, 'seed');
    const name = fresh();
    const insert: Pick<Fault, 'match' | 'nth'> = {
      match: (call) => call.method === 'objects.insert',
      nth: 1,
    };
    const url = `${door.storageEndpoint}/upload/storage/v1/b/${behind.cloud.ledgerBucket}/o?uploadType=media&name=${name}`;
    const upload = () => fetch(url, { method: 'POST', body: '{}' });
    door.setFault({ ...insert, when: 'before', then: { status: 500 } });
    expect((await upload()).status).toBe(500);
    const file = storage.bucket(behind.cloud.ledgerBucket).file(name);
    expect(await file.exists()).toEqual([false]);
    door.setFault({ ...insert, when: 'after', then: 'cut' });
    await expect(upload()).rejects.toThrow();
    expect(await file.exists()).toEqual([true]);
  });
});

describe('latency', () => {
  it('delays what goes through, and loses nothing of it', async () => {
    const { door, firestore } = await openDoor(behind, 'orders');
    door.setLatency(5);
    const path = `probes/${fresh()}`;
    await commit(door.cloudEndpoint, path);
    door.setLatency(0);
    expect((await firestore('(default)').doc(path).get()).exists).toBe(true);
  });
});
