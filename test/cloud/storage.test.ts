import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, assert, beforeEach, describe, expect, type ExpectStatic, it } from 'vitest';
import { provisionBuckets } from '../../local/storage/provision.ts';
import { type StorageServer, startStorage } from '../../local/storage/server.ts';
import { AppError } from '../../shared/domain/errors.ts';
import { createLedger, type Ledger, type LedgerEntry, openStorage } from '../../shared/cloud/storage.ts';

const AT = '2026-11-23T09:00:00.123Z';
const LATER = '2026-11-24T00:00:00.000Z';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const entry = (n: number, at = AT): LedgerEntry => ({
  recordKeyHash: sha256(`record key ${n}`),
  orderRefHash: sha256(`order reference ${n}`),
  at,
});

let storage: StorageServer;
let ledger: Ledger;
const configFor = (storageEndpoint: string): Parameters<typeof provisionBuckets>[0] => ({
  projectId: 'demo-test',
  storageEndpoint,
  ledgerBucket: 'demo-test-ledger',
  rootsBucket: 'roots',
  logBucket: 'logs',
  backupBuckets: {
    ...{ backups: 'demo-test-backups', keyringBackups: 'demo-test-keyring-backups' },
    ...{ offsiteBackups: 'demo-test-offsite', offsiteKeyringBackups: 'demo-test-offsite-keyring' },
    offsiteLogs: 'demo-test-offsite-logs',
  },
});

beforeEach(async () => {
  storage = await startStorage();
  await provisionBuckets(configFor(storage.url));
  ledger = createLedger(configFor(storage.url));
});

afterEach(() => storage.close());

async function all(of: Ledger): Promise<LedgerEntry[]> {
  return Array.fromAsync(of.entries());
}

describe('the erasure ledger', () => {
  it('is empty at first', async () => {
    expect(await all(ledger)).toEqual([]);
  });

  it('gives back what was recorded', async () => {
    await ledger.record(entry(1));
    await ledger.record(entry(2, LATER));
    const found = await all(ledger);
    expect(found).toHaveLength(2);
    expect(found).toEqual(expect.arrayContaining([entry(1), entry(2, LATER)]));
  });

  it('records an entry once: a repeat succeeds and changes nothing', async () => {
    await ledger.record(entry(1));
    await ledger.record(entry(1, LATER));
    expect(await all(ledger)).toEqual([entry(1)]);
  });

  it('records an entry once when fifty callers come at the same time', async () => {
    await Promise.all(Array.from({ length: 50 }, () => ledger.record(entry(1))));
    expect(await all(ledger)).toEqual([entry(1)]);
  });

  it('keeps an object that says the same three things to whoever holds only the bucket', async () => {
    await ledger.record(entry(1));
    const bucket = openStorage(configFor(storage.url)).bucket('demo-test-ledger');
    const [files] = await bucket.getFiles();
    expect(files.map((file) => file.name)).toEqual([
      `erasures/${entry(1).recordKeyHash}.${entry(1).orderRefHash}.json`,
    ]);
    const [content] = (await files[0]?.download()) ?? [];
    expect(JSON.parse(String(content))).toEqual(entry(1));
  });

  it('can not be emptied or rewritten: the bucket retains every entry', async () => {
    await ledger.record(entry(1));
    const [files] = await openStorage(configFor(storage.url)).bucket('demo-test-ledger').getFiles();
    await expect(files[0]?.delete()).rejects.toMatchObject({ code: 403 });
    await expect(files[0]?.save('{}', { resumable: false })).rejects.toMatchObject({ code: 403 });
    expect(await all(ledger)).toEqual([entry(1)]);
  });

  it('reads more than one page, one call a page and none an entry', async () => {
    const many = Array.from({ length: 1001 }, (_, n) => entry(n));
    for (const some of Array.from({ length: 21 }, (_, n) => many.slice(n * 50, n * 50 + 50))) {
      await Promise.all(some.map((each) => ledger.record(each)));
    }
    const door = await openDoor(storage, () => undefined);
    const found = await all(createLedger(configFor(door.url)));
    expect(new Set(found.map((each) => each.recordKeyHash))).toEqual(
      new Set(many.map((each) => each.recordKeyHash)),
    );
    expect(found).toHaveLength(1001);
    expect(door.calls).toHaveLength(2);
    await door.close();
  });

  it('refuses to record what is no entry, and what else lies in the bucket is an error, never passed over', async () => {
    await expect(ledger.record({ ...entry(1), recordKeyHash: 'ord_plain' })).rejects.toMatchObject({
      code: 'INTERNAL',
    });
    expect(await all(ledger)).toEqual([]);
    const bucket = openStorage(configFor(storage.url)).bucket('demo-test-ledger');
    await bucket.file('erasures/something-else.json').save('{}', { resumable: false });
    await expect(all(ledger)).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe.concurrent('when the bucket can not be reached, the ledger', () => {
  it('is unavailable after a few repeats, and works again afterwards', async ({ expect }) => {
    const own = await startStorage();
    await provisionBuckets(configFor(own.url));
    const ledger = createLedger(configFor(own.url));
    own.fail(503);
    await expectUnavailable(expect, ledger);
    own.fail(null);
    await ledger.record(entry(1));
    expect(await all(ledger)).toEqual([entry(1)]);
    await own.close();
  });

  it('is unavailable when nothing listens', async ({ expect }) => {
    const own = await startStorage();
    await own.close();
    await expectUnavailable(expect, createLedger(configFor(own.url)));
  });

  it('records through one failure: the write is repeated by itself', async ({ expect }) => {
    const own = await startStorage();
    await provisionBuckets(configFor(own.url));
    let failures = 1;
    const door = await openDoor(own, () => (failures-- > 0 ? 503 : undefined));
    await createLedger(configFor(door.url)).record(entry(1));
    expect(door.calls).toHaveLength(2);
    expect(await all(createLedger(configFor(own.url)))).toEqual([entry(1)]);
    await door.close();
    await own.close();
  });
});

describe('when the bucket refuses, the ledger', () => {
  it('says so in our own words', async () => {
    const elsewhere = createLedger({ ...configFor(storage.url), ledgerBucket: 'no-such-bucket' });
    for (const call of [() => elsewhere.record(entry(1)), () => all(elsewhere)]) {
      await expect(call()).rejects.toMatchObject({
        name: 'AppError',
        code: 'INTERNAL',
        message: 'the erasure ledger refused a call',
      });
    }
  });

  it('takes a refused write for success only where the entry stands', async () => {
    const door = await openDoor(storage, (method) => (method === 'POST' ? 403 : undefined));
    const eraser = createLedger(configFor(door.url));
    await expect(eraser.record(entry(1))).rejects.toMatchObject({ code: 'INTERNAL' });
    await ledger.record(entry(1));
    await eraser.record(entry(1));
    expect(await all(ledger)).toEqual([entry(1)]);
    await door.close();
  });
});

/** Both calls, at the same time: each waits for the library's own back-off. */
async function expectUnavailable(expect: ExpectStatic, ledger: Ledger): Promise<void> {
  const outcomes = await Promise.allSettled([ledger.record(entry(1)), all(ledger)]);
  for (const outcome of outcomes) {
    assert(outcome.status === 'rejected' && outcome.reason instanceof AppError);
    expect(outcome.reason.code).toBe('UNAVAILABLE');
    expect(outcome.reason.message).toBe('the erasure ledger can not be reached');
    expect(outcome.reason.cause).toBeUndefined();
  }
}

/** A pass-through in front of the stand-in that notes each call and answers some with a status of its own. */
async function openDoor(
  to: StorageServer,
  refuse: (method: string | undefined) => number | undefined,
): Promise<{ url: string; calls: string[]; close(): Promise<void> }> {
  const calls: string[] = [];
  const server = createServer((incoming, outgoing) => {
    calls.push(`${incoming.method ?? ''} ${incoming.url ?? ''}`);
    const status = refuse(incoming.method);
    if (status !== undefined) {
      incoming.resume().on('end', () => outgoing.writeHead(status).end());
      return;
    }
    const { method, url, headers } = incoming;
    const onward = forward(`${to.url}${url ?? ''}`, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
