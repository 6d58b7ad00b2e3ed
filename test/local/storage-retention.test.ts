import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type StorageServer, startStorage } from '../../local/storage/server.ts';
import { HOUR, newBucket, put, refusal, START } from './storage-fixture.ts';

let time: number;
let server: StorageServer;

beforeEach(async () => {
  time = START;
  server = await startStorage({ now: () => time });
});

afterEach(() => server.close());

describe('preconditions', () => {
  it('let one of many create an object that must not exist', async () => {
    const bucket = await newBucket(server, 'plain-bucket');
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => put(bucket, 'once', `by ${n}`, 0)),
    );
    expect(tries.filter((each) => each.status === 'fulfilled')).toHaveLength(1);
    for (const each of tries) {
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 412 });
    }
  });

  it('refuse to replace or delete another generation than the one named', async () => {
    const bucket = await newBucket(server, 'plain-bucket');
    await put(bucket, 'a', 'first');
    const [{ generation = '' }] = await bucket.file('a').getMetadata();
    await put(bucket, 'a', 'second', String(generation));
    await expect(put(bucket, 'a', 'third', String(generation))).rejects.toMatchObject(
      refusal(412, 'conditionNotMet'),
    );
    await expect(bucket.file('a').delete({ ifGenerationMatch: generation })).rejects.toMatchObject(
      refusal(412, 'conditionNotMet'),
    );
    expect(String((await bucket.file('a').download())[0])).toBe('second');
  });

  it('refuse a write that needs a live object, or another than the live one', async () => {
    const bucket = await newBucket(server, 'plain-bucket');
    const save = (ifGenerationNotMatch: number | string): Promise<void> =>
      bucket.file('a').save('text', { resumable: false, preconditionOpts: { ifGenerationNotMatch } });
    await expect(save(0)).rejects.toMatchObject({ code: 412 });
    await put(bucket, 'a', 'text');
    await save(0);
    const [{ generation = '' }] = await bucket.file('a').getMetadata();
    await expect(save(generation)).rejects.toMatchObject({ code: 412 });
  });

  it('compare metagenerations of objects and of buckets', async () => {
    const bucket = await newBucket(server, 'plain-bucket');
    await put(bucket, 'a', 'text');
    const save = (ifMetagenerationMatch: number): Promise<void> =>
      bucket.file('a').save('text', { resumable: false, preconditionOpts: { ifMetagenerationMatch } });
    await save(1);
    await expect(save(2)).rejects.toMatchObject({ code: 412 });
    await bucket.setMetadata({ labels: { a: 'b' } }, { ifMetagenerationMatch: 1 });
    await expect(bucket.setMetadata({}, { ifMetagenerationMatch: 1 })).rejects.toMatchObject({ code: 412 });
  });
});

describe('a retention policy', () => {
  it('holds an object until its time is over', async () => {
    const bucket = await newBucket(server, 'kept-bucket', { retentionPolicy: { retentionPeriod: HOUR } });
    await put(bucket, 'a', 'first');
    const [metadata] = await bucket.file('a').getMetadata();
    expect(metadata.retentionExpirationTime).toBe('2026-11-23T10:00:00.000Z');

    time = START + HOUR * 1000 - 1;
    await expect(bucket.file('a').delete()).rejects.toMatchObject(refusal(403, 'retentionPolicyNotMet'));
    await expect(put(bucket, 'a', 'second')).rejects.toMatchObject(refusal(403, 'retentionPolicyNotMet'));
    await put(bucket, 'b', 'another name');

    time = START + HOUR * 1000;
    await put(bucket, 'a', 'second');
    expect(String((await bucket.file('a').download())[0])).toBe('second');
  });

  it('can be shortened and removed while it is not locked', async () => {
    const bucket = await newBucket(server, 'kept-bucket', { retentionPolicy: { retentionPeriod: HOUR } });
    await put(bucket, 'a', 'text');
    await bucket.setRetentionPeriod(1);
    expect((await bucket.getMetadata())[0].retentionPolicy?.retentionPeriod).toBe('1');
    await bucket.removeRetentionPeriod();
    await bucket.file('a').delete();
  });

  it('can only be made longer once it is locked', async () => {
    const bucket = await newBucket(server, 'kept-bucket', { retentionPolicy: { retentionPeriod: HOUR } });
    await expect(bucket.lock(7)).rejects.toMatchObject(refusal(412, 'conditionNotMet'));
    await bucket.lock(1);
    await expect(bucket.setRetentionPeriod(HOUR - 1)).rejects.toMatchObject(refusal(403, 'forbidden'));
    await expect(bucket.removeRetentionPeriod()).rejects.toMatchObject(refusal(403, 'forbidden'));
    await bucket.setRetentionPeriod(2 * HOUR);
    const [metadata] = await bucket.getMetadata();
    expect(metadata.retentionPolicy).toMatchObject({ retentionPeriod: '7200', isLocked: true });
    expect(metadata.metageneration).toBe('3');
  });

  it('has to be there to be locked', async () => {
    await expect((await newBucket(server, 'plain-bucket')).lock(1)).rejects.toMatchObject(
      refusal(400, 'invalid'),
    );
  });
});

describe('a lifecycle', () => {
  it('deletes what is older than its days, up to a day late, and nothing that is retained', async () => {
    const rule = [{ action: { type: 'Delete' as const }, condition: { age: 1 } }];
    const plain = await newBucket(server, 'forgetting-bucket', { lifecycle: { rule } });
    const kept = await newBucket(server, 'keeping-bucket', {
      ...{ lifecycle: { rule }, retentionPolicy: { retentionPeriod: 4 * 24 * 3600 } },
    });
    for (const bucket of [plain, kept]) await put(bucket, 'old', 'content');
    time += 47 * 3_600_000;
    await put(plain, 'young', 'content');
    expect((await plain.getFiles())[0].map(({ name }) => name)).toEqual(['old', 'young']);
    time += 3_600_000;
    expect((await plain.getFiles())[0].map(({ name }) => name)).toEqual(['young']);
    expect((await kept.getFiles())[0]).toHaveLength(1);
  });
});
