import type { Bucket, CreateBucketRequest } from '@google-cloud/storage';
import { expect } from 'vitest';
import type { StorageServer } from '../../local/storage/server.ts';
import { openStorage } from '../../shared/cloud/storage.ts';

export const START = Date.parse('2026-11-23T09:00:00.000Z');
export const HOUR = 3600;

/** A new bucket on this stand-in, through the official client. */
export async function newBucket(
  server: StorageServer,
  name: string,
  metadata: CreateBucketRequest = {},
): Promise<Bucket> {
  const client = openStorage({ projectId: 'demo-test', storageEndpoint: server.url });
  await client.createBucket(name, metadata);
  return client.bucket(name);
}

/** Writes an object in one request. */
export function put(
  bucket: Bucket,
  name: string,
  content: string,
  ifGenerationMatch?: number | string,
): Promise<void> {
  return bucket.file(name).save(content, {
    resumable: false,
    contentType: 'text/plain',
    ...(ifGenerationMatch === undefined ? {} : { preconditionOpts: { ifGenerationMatch } }),
  });
}

/** How the official client shows a refusal of the JSON API. */
export function refusal(code: number, reason: string): object {
  return { code, errors: [expect.objectContaining({ reason, domain: 'global' })] };
}
