import type { CreateBucketRequest } from '@google-cloud/storage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type StorageServer, startStorage } from '../../local/storage/server.ts';
import { openStorage } from '../../shared/cloud/storage.ts';
import { HOUR, newBucket, put, refusal, START } from './storage-fixture.ts';

let time: number;
let server: StorageServer;

beforeEach(async () => {
  time = START;
  server = await startStorage({ now: () => time });
});

afterEach(() => server.close());

describe('buckets of the Cloud Storage stand-in', () => {
  it('keep their policies, and show int64 values as text', async () => {
    const bucket = await newBucket(server, 'plain-bucket', {
      retentionPolicy: { retentionPeriod: HOUR },
      softDeletePolicy: { retentionDurationSeconds: 0 },
      versioning: { enabled: false },
    });
    const [metadata] = await bucket.getMetadata();
    expect(metadata).toMatchObject({
      name: 'plain-bucket',
      metageneration: '1',
      timeCreated: '2026-11-23T09:00:00.000Z',
      retentionPolicy: { retentionPeriod: '3600', effectiveTime: '2026-11-23T09:00:00.000Z' },
      softDeletePolicy: { retentionDurationSeconds: '0' },
      versioning: { enabled: false },
    });
    expect(metadata.retentionPolicy?.isLocked).toBeUndefined();
  });

  it('keep deleted objects seven days unless told otherwise, as the service says of itself', async () => {
    const [metadata] = await (await newBucket(server, 'plain-bucket')).getMetadata();
    expect(metadata.softDeletePolicy?.retentionDurationSeconds).toBe('604800');
  });

  it('are listed by project, a page at a time', async () => {
    for (const name of ['bucket-b', 'bucket-c', 'bucket-a']) await newBucket(server, name);
    const client = openStorage({ projectId: 'demo-test', storageEndpoint: server.url });
    const [page, next] = await client.getBuckets({ maxResults: 2, autoPaginate: false });
    expect(page.map((bucket) => bucket.name)).toEqual(['bucket-a', 'bucket-b']);
    const [rest] = await client.getBuckets({ ...next, autoPaginate: false });
    expect(rest.map((bucket) => bucket.name)).toEqual(['bucket-c']);
    const [others] = await openStorage({ projectId: 'demo-other', storageEndpoint: server.url }).getBuckets();
    expect(others).toEqual([]);
  });

  it('have a name once', async () => {
    await newBucket(server, 'plain-bucket');
    await expect(newBucket(server, 'plain-bucket')).rejects.toMatchObject(refusal(409, 'conflict'));
  });

  it.each(['ab', 'Capital', 'two..dots', '-dash', '../up'])('are never called %j', async (name) => {
    await expect(newBucket(server, name)).rejects.toMatchObject(refusal(400, 'invalid'));
  });

  it('are missing with 404', async () => {
    const absent = openStorage({ projectId: 'demo-test', storageEndpoint: server.url }).bucket('absent');
    await expect(absent.getMetadata()).rejects.toMatchObject(refusal(404, 'notFound'));
    await expect(absent.getFiles()).rejects.toMatchObject(refusal(404, 'notFound'));
    await expect(put(absent, 'a', 'text')).rejects.toMatchObject(refusal(404, 'notFound'));
  });

  it('are deleted only when empty', async () => {
    const bucket = await newBucket(server, 'plain-bucket');
    await put(bucket, 'a', 'text');
    await expect(bucket.delete()).rejects.toMatchObject(refusal(409, 'conflict'));
    await bucket.file('a').delete();
    await bucket.delete();
    expect(await bucket.exists()).toEqual([false]);
  });

  it.each([
    { retentionPolicy: { retentionPeriod: 0 } },
    { retentionPolicy: { retentionPeriod: 101 * 365 * 24 * HOUR } },
    { retentionPolicy: { retentionPeriod: 'long' } },
    { softDeletePolicy: { retentionDurationSeconds: HOUR } },
  ])('refuse the setting %j', async (metadata) => {
    await expect(newBucket(server, 'plain-bucket', metadata as CreateBucketRequest)).rejects.toMatchObject(
      refusal(400, 'invalid'),
    );
  });
});

describe('objects of the Cloud Storage stand-in', () => {
  it('come back whole, checksums checked by the official client', async () => {
    const bucket = await newBucket(server, 'plain-bucket');
    const content = Buffer.from(Array.from({ length: 7000 }, (_, n) => n % 256));
    const file = bucket.file('a/ü b+c%2F.bin');
    await file.save(content, { resumable: false, validation: 'md5' });
    expect((await file.download({ validation: 'crc32c' }))[0]).toEqual(content);
    expect((await file.download({ validation: 'md5' }))[0]).toEqual(content);
  });

  it('keep an empty content, and one that looks like the edge of a multipart body', async () => {
    const bucket = await newBucket(server, 'plain-bucket');
    for (const content of ['', '\r\n', '\r\n--\r\n\r\n', '--boundary--\r\n']) {
      await put(bucket, 'odd', content);
      expect(String((await bucket.file('odd').download())[0])).toBe(content);
    }
  });

  it('show the metadata that the service shows', async () => {
    const bucket = await newBucket(server, 'plain-bucket');
    // CRC32C of "123456789" is the known answer 0xE3069283 (RFC 3720, appendix B.4).
    await bucket.file('known').save('123456789', {
      resumable: false,
      metadata: { contentType: 'text/plain', metadata: { note: 'kept' }, customTime: '2026-01-01T00:00:00Z' },
    });
    const [metadata] = await bucket.file('known').getMetadata();
    expect(metadata).toMatchObject({
      kind: 'storage#object',
      name: 'known',
      bucket: 'plain-bucket',
      size: '9',
      contentType: 'text/plain',
      generation: '1795424400000000',
      metageneration: '1',
      timeCreated: '2026-11-23T09:00:00.000Z',
      md5Hash: 'JfnnlDI7RTiF9RgfG2JNCw==',
      crc32c: Buffer.from('e3069283', 'hex').toString('base64'),
      metadata: { note: 'kept' },
      customTime: '2026-01-01T00:00:00Z',
    });
  });

  it('get generations that grow even when the clock stands still or goes back', async () => {
    const bucket = await newBucket(server, 'plain-bucket');
    const generations: bigint[] = [];
    for (const step of [0, 0, -1000, 5000]) {
      time += step;
      await put(bucket, 'a', 'text');
      generations.push(BigInt((await bucket.file('a').getMetadata())[0].generation ?? 0));
    }
    expect(generations.slice(1).every((each, i) => each > (generations[i] ?? 0n))).toBe(true);
  });

  it('are listed in order by prefix, a page at a time', async () => {
    const bucket = await newBucket(server, 'plain-bucket');
    for (const name of ['b/2', 'a/1', 'b/1', 'b/3', 'c']) await put(bucket, name, name);
    const [page, next] = await bucket.getFiles({ prefix: 'b/', maxResults: 2, autoPaginate: false });
    expect(page.map((file) => file.name)).toEqual(['b/1', 'b/2']);
    const [rest, end] = await bucket.getFiles({ ...next, autoPaginate: false });
    expect(rest.map((file) => file.name)).toEqual(['b/3']);
    expect(end).toBeNull();
  });

  it('are gone after a delete, and missing with 404', async () => {
    const bucket = await newBucket(server, 'plain-bucket');
    await put(bucket, 'a', 'text');
    await bucket.file('a').delete();
    await expect(bucket.file('a').delete()).rejects.toMatchObject(refusal(404, 'notFound'));
    await expect(bucket.file('a').getMetadata()).rejects.toMatchObject(refusal(404, 'notFound'));
    await expect(bucket.file('a').download()).rejects.toMatchObject({ code: 404 });
    expect((await bucket.getFiles())[0]).toEqual([]);
  });
});
