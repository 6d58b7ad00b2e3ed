import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Totals } from '../../local/door/counts.ts';
import type { LogEntry } from '../../local/door/log-entries.ts';
import type { DocumentRead } from '../../local/door/reads.ts';
import type { DocumentWrite } from '../../local/door/writes.ts';
import { type Behind, fresh, openBehind, openDoor } from './door-fixture.ts';

let behind: Behind;
beforeAll(async () => {
  behind = await openBehind();
});
afterAll(() => behind.stop());

const NOTHING = { reads: 0, writes: 0, deletes: 0, messages: 0, kmsCalls: 0, storageCalls: 0 };

/** What `act` adds to the counts, bytes left out. */
async function counted(clients: Awaited<ReturnType<typeof openDoor>>, act: () => Promise<unknown>) {
  clients.door.counts.reset();
  await act();
  const { bytes, ...rest }: Totals = clients.door.counts.snapshot();
  expect(bytes).toBeGreaterThan(0);
  return rest;
}

describe('a door counts', () => {
  it('each document that is read, and a missing one as one', async () => {
    const clients = await openDoor(behind, 'orders');
    const db = clients.firestore('(default)');
    const there = db.doc(`probes/${fresh()}`);
    await there.set({});
    const missing = db.doc(`probes/${fresh()}`);
    expect(await counted(clients, () => db.getAll(there, missing))).toEqual({ ...NOTHING, reads: 2 });
  });

  it('the documents that a query finds, and an empty query as one', async () => {
    const clients = await openDoor(behind, 'orders');
    const parent = clients.firestore('(default)').collection(fresh());
    for (let index = 0; index < 3; index += 1) await parent.add({ index });
    expect(await counted(clients, () => parent.get())).toEqual({ ...NOTHING, reads: 3 });
    expect(await counted(clients, () => parent.where('index', '>', 5).get())).toEqual({
      ...NOTHING,
      reads: 1,
    });
    expect(await counted(clients, () => parent.offset(1).get())).toEqual({ ...NOTHING, reads: 3 });
    expect(await counted(clients, () => parent.count().get())).toEqual({ ...NOTHING, reads: 1 });
  });

  it('writes and deletes of a commit apart, and nothing of one that failed', async () => {
    const clients = await openDoor(behind, 'orders');
    const db = clients.firestore('(default)');
    const first = db.doc(`probes/${fresh()}`);
    const act = () =>
      db.batch().create(first, {}).set(db.doc('probes/b'), {}).delete(db.doc('probes/c')).commit();
    expect(await counted(clients, act)).toEqual({ ...NOTHING, writes: 2, deletes: 1 });
    expect(await counted(clients, () => act().catch(() => undefined))).toEqual(NOTHING);
  });

  it('of a bulk write only what took effect', async () => {
    const clients = await openDoor(behind, 'orders');
    const db = clients.firestore('(default)');
    const taken = db.doc(`probes/${fresh()}`);
    await taken.set({});
    const bulk = async () => {
      const writer = db.bulkWriter();
      void writer.create(taken, {}).catch(() => undefined);
      void writer.create(db.doc(`probes/${fresh()}`), {});
      await writer.close();
    };
    expect(await counted(clients, bulk)).toEqual({ ...NOTHING, writes: 1 });
  });

  it('the reads of a transaction too', async () => {
    const clients = await openDoor(behind, 'orders');
    const db = clients.firestore('(default)');
    const document = db.doc(`probes/${fresh()}`);
    const act = () =>
      db.runTransaction(async (transaction) => {
        await transaction.get(document);
        transaction.set(document, {});
      });
    expect(await counted(clients, act)).toEqual({ ...NOTHING, reads: 1, writes: 1 });
  });

  it('messages, calls to KMS and calls to storage', async () => {
    const clients = await openDoor(behind, 'seed');
    const { cloud, plaintext } = behind;
    const topic = clients.pubsub.topic('orders', { batching: { maxMessages: 3, maxMilliseconds: 50 } });
    const act = async () => {
      await Promise.all([1, 2, 3].map((n) => topic.publishMessage({ json: { n } })));
      await clients.kms.encrypt({ name: cloud.kms.tenantKek, plaintext });
      await clients.storage.bucket(cloud.ledgerBucket).file(fresh()).save('{}', { resumable: false });
    };
    expect(await counted(clients, act)).toEqual({ ...NOTHING, messages: 3, kmsCalls: 1, storageCalls: 1 });
  });

  it('nothing that it refused', async () => {
    const clients = await openDoor(behind, 'audit');
    const refused = () =>
      clients
        .firestore('(default)')
        .doc('probes/a')
        .set({})
        .catch(() => undefined);
    expect(await counted(clients, refused)).toEqual(NOTHING);
  });
});

describe('whoever observes a door', () => {
  it('sees the writes of each commit together, with database, kind and path', async () => {
    const { door, firestore } = await openDoor(behind, 'orders');
    const id = fresh();
    const seen: (readonly DocumentWrite[])[] = [];
    const stop = door.observe((writes) => seen.push(writes));
    const db = firestore('(default)');
    await db
      .batch()
      .create(db.doc(`companies/a/orders/${id}`), {})
      .set(db.doc(`sealed/${id}`), {})
      .commit();
    await firestore('keyring').doc(`recordKeys/${id}`).set({});
    await firestore('keyring').doc(`recordKeys/${id}`).update({ a: 1 });
    await firestore('keyring').doc(`recordKeys/${id}`).delete();
    stop();
    await db.doc(`sealed/${id}`).delete();
    const keyring = { database: 'keyring', path: `recordKeys/${id}` };
    expect(seen).toEqual([
      [
        { database: '(default)', kind: 'create', path: `companies/a/orders/${id}` },
        { database: '(default)', kind: 'set', path: `sealed/${id}` },
      ],
      [{ ...keyring, kind: 'set' }],
      [{ ...keyring, kind: 'update', fields: ['a'] }],
      [{ ...keyring, kind: 'delete' }],
    ]);
  });

  it('sees which documents a read delivered, which fields alone, and in which transaction', async () => {
    const { door, firestore } = await openDoor(behind, 'orders');
    const db = firestore('(default)');
    const [one, missing] = [db.doc(`companies/${fresh()}/orders/a`), db.doc(`companies/${fresh()}/orders/b`)];
    await one.create({ to: { name: 'x' }, a: 1 });
    const reads: (readonly DocumentRead[])[] = [];
    const commits: (readonly [number, string | undefined])[] = [];
    door.observeReads((some) => reads.push(some));
    door.observe((writes, { transaction }) => commits.push([writes.length, transaction]));
    await db.getAll(one, missing);
    await one.parent.select('to.name').get();
    const seen = { database: '(default)', path: one.path };
    expect(reads.splice(0)).toEqual([[seen], [{ ...seen, fields: ['to'] }]]);

    await db.runTransaction((tx) => tx.get(one));
    await db.runTransaction(async (tx) => {
      await tx.get(missing);
      tx.update((await tx.get(one)).ref, { a: 2 });
    });
    const [[, first], [, second]] = commits as [[number, string], [number, string]];
    expect(commits.map(([writes]) => writes)).toEqual([0, 1]);
    expect(first).not.toBe(second);
    expect(reads).toEqual([[{ ...seen, transaction: first }], [{ ...seen, transaction: second }]]);
  });

  it('sees what a query delivered before its caller has it', async () => {
    const { door, firestore } = await openDoor(behind, 'orders');
    const orders = firestore('(default)').collection(`companies/${fresh()}/orders`);
    await orders.doc('a').create({});
    let seen = 0;
    door.observeReads(([read]) => (seen += read ? 1 : 0));
    for (let times = 1; times <= 50; times++) {
      await orders.get();
      expect(seen).toBe(times);
    }
  });

  it('sees of a log’s entry what was done to what, and of any other document nothing', async () => {
    const { door, firestore } = await openDoor(behind, 'orders');
    const db = firestore('(default)');
    const seen: (readonly LogEntry[])[] = [];
    door.observe((_writes, { entries }) => seen.push(entries));
    const record = { type: 'order', id: 'ord_a' };
    const entry = { action: 'order.opened', record, facts: { orders: 3, code: 'KEY_GONE' }, at: 'x' };
    const log = db.collection(`companies/${fresh()}/audit`);
    await db
      .batch()
      .create(db.doc(`probes/${fresh()}`), entry)
      .create(log.doc('aud_a'), entry)
      .commit();
    await log.doc('aud_a').update(entry);
    const companyId = log.parent?.id;
    const told = { companyId, action: 'order.opened', record: 'ord_a', counts: { orders: 3 } };
    expect(seen).toEqual([[told], []]);
  });

  it('hears nothing of a commit that failed', async () => {
    const { door, firestore } = await openDoor(behind, 'orders');
    const document = firestore('(default)').doc(`probes/${fresh()}`);
    await document.create({});
    const seen: (readonly DocumentWrite[])[] = [];
    door.observe((writes) => seen.push(writes));
    await expect(document.create({})).rejects.toThrow('exists');
    expect(seen).toEqual([]);
  });
});
