import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startStorage } from '../../local/storage/server.ts';
import { openStorage } from '../../shared/cloud/storage.ts';
import { HOUR, newBucket, put, START } from './storage-fixture.ts';

describe('a data folder', () => {
  let dataDir: string;

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'strongroom-storage-'));
  });

  afterEach(() => {
    rmSync(dataDir, { recursive: true });
  });

  it('brings everything back after a restart: content, generations, retention, lock', async () => {
    const first = await startStorage({ dataDir, now: () => START });
    const kept = await newBucket(first, 'kept-bucket', { retentionPolicy: { retentionPeriod: HOUR } });
    await kept.lock(1);
    await put(kept, 'a/b', 'first\nsecond line');
    const [before] = await kept.file('a/b').getMetadata();
    await first.close();

    const second = await startStorage({ dataDir, now: () => START });
    const again = openStorage({ projectId: 'demo-test', storageEndpoint: second.url }).bucket('kept-bucket');
    expect((await again.getMetadata())[0].retentionPolicy).toMatchObject({ isLocked: true });
    expect((await again.file('a/b').getMetadata())[0]).toEqual(before);
    expect(String((await again.file('a/b').download())[0])).toBe('first\nsecond line');
    await expect(again.file('a/b').delete()).rejects.toMatchObject({ code: 403 });
    await put(again, 'c', 'text');
    const [after] = await again.file('c').getMetadata();
    expect(BigInt(after.generation ?? 0)).toBeGreaterThan(BigInt(before.generation ?? 0));
    await second.close();
  });

  it('never takes an object name for a path, nor a half-written file for an object', async () => {
    const first = await startStorage({ dataDir });
    const bucket = await newBucket(first, 'plain-bucket');
    const names = ['../../escape', '/absolute', 'a'.repeat(1024), 'bucket.json'];
    for (const name of names) await put(bucket, name, name);
    await first.close();
    expect(readdirSync(dataDir)).toEqual(['storage']);
    expect(readdirSync(join(dataDir, 'storage'))).toEqual(['plain-bucket']);
    writeFileSync(join(dataDir, 'storage', 'plain-bucket', 'objects', 'torn.part'), '{"name":');

    const second = await startStorage({ dataDir });
    const again = openStorage({ projectId: 'demo-test', storageEndpoint: second.url }).bucket('plain-bucket');
    const [files] = await again.getFiles();
    expect(files.map((file) => file.name)).toEqual([...names].sort());
    for (const file of files) expect(String((await file.download())[0])).toBe(file.name);
    await second.close();
  });

  it('forgets what was deleted', async () => {
    const first = await startStorage({ dataDir });
    const bucket = await newBucket(first, 'plain-bucket');
    await put(bucket, 'a', 'text');
    await bucket.file('a').delete();
    await newBucket(first, 'brief-bucket').then((brief) => brief.delete());
    await first.close();
    const second = await startStorage({ dataDir });
    const client = openStorage({ projectId: 'demo-test', storageEndpoint: second.url });
    const [buckets] = await client.getBuckets();
    expect(buckets.map((each) => each.name)).toEqual(['plain-bucket']);
    expect((await client.bucket('plain-bucket').getFiles())[0]).toEqual([]);
    await second.close();
  });
});
