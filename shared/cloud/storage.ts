import { type Bucket, type File, Storage } from '@google-cloud/storage';
import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import { Timestamp } from '../domain/order.ts';
import type { Config } from './config.ts';

const Hash = z.string().regex(/^[0-9a-f]{64}$/, 'not a SHA-256 hash in hex');

/**
 * One erased order, a partner's wrap or a company: hashes (SHA-256, lower-case hex) and a time, nothing that says who or
 * what it was. Only an order's two hashes differ: it alone has a reference to keep from coming back.
 */
export const LedgerEntry = z.strictObject({ recordKeyHash: Hash, orderRefHash: Hash, at: Timestamp });
export type LedgerEntry = z.infer<typeof LedgerEntry>;

/**
 * The erasure ledger: a write-once bucket outside both databases, from which a restore learns what must stay gone.
 * Both calls end in `UNAVAILABLE` when the bucket can not be reached and in `INTERNAL` when it refuses.
 */
export interface Ledger {
  /** Written once: an entry that is there already is success, and stays as it is. */
  record(entry: LedgerEntry): Promise<void>;
  /** All entries, a page at a time, in no order that means anything. */
  entries(): AsyncIterable<LedgerEntry>;
}

export type StorageConfig = Pick<Config, 'projectId' | 'storageEndpoint'>;

const FOLDER = 'erasures/';
const PAGE = 1000;
/** Milliseconds for one call with its repeats. The library's own `timeout` reaches nothing below it. */
const CALL_LIMIT = 20_000;

/** The official client, at the local door when the configuration names one. */
export function openStorage(config: StorageConfig): Storage {
  return new Storage({
    projectId: config.projectId,
    ...(config.storageEndpoint === undefined
      ? {}
      : { apiEndpoint: config.storageEndpoint, useAuthWithCustomEndpoint: false }),
    // Few and quick: whoever calls is itself called again, with a longer back-off, by Pub/Sub or by a person.
    retryOptions: {
      maxRetries: 2,
      maxRetryDelay: 1,
      totalTimeout: CALL_LIMIT / 1000,
      retryableErrorFn: isTransient,
    },
  });
}

/** The ledger in the configured bucket, which has to exist. */
export function createLedger(config: StorageConfig & Pick<Config, 'ledgerBucket'>): Ledger {
  const bucket = openStorage(config).bucket(config.ledgerBucket);
  return {
    record: (entry) => record(bucket, entry),
    entries: () => entries(bucket),
  };
}

async function record(bucket: Bucket, entry: LedgerEntry): Promise<void> {
  // What got in by mistake could never be taken out again, and would stop every reading of the ledger.
  if (!LedgerEntry.safeParse(entry).success)
    throw new AppError('INTERNAL', 'not an entry of the erasure ledger');
  const file = bucket.file(nameOf(entry));
  try {
    await within(
      file.save(JSON.stringify(entry), {
        resumable: false,
        // Makes the write one that can be repeated, and the entry one that is never replaced.
        preconditionOpts: { ifGenerationMatch: 0 },
        metadata: { contentType: 'application/json', customTime: entry.at },
      }),
    );
  } catch (error) {
    const status = statusOf(error);
    if (status === 412) return;
    // Overwriting takes the right to delete, which no function has: where an entry stands the answer may be 403.
    if (status === 403 && (await stands(file))) return;
    throw asAppError(error);
  }
}

async function stands(file: File): Promise<boolean> {
  try {
    const [found] = await within(file.exists());
    return found;
  } catch (error) {
    throw asAppError(error);
  }
}

/**
 * A list shows all there is to an entry, so nothing is downloaded: both hashes are the object's name, which nobody can
 * change while the bucket retains it, and the time is its custom time, which the service lets only grow.
 */
const Listing = z.object({
  items: z.array(z.object({ name: z.string(), customTime: Timestamp })).default([]),
  nextPageToken: z.string().optional(),
});
const NAME = /^erasures\/([0-9a-f]{64})\.([0-9a-f]{64})\.json$/;

function nameOf(entry: LedgerEntry): string {
  return `${FOLDER}${entry.recordKeyHash}.${entry.orderRefHash}.json`;
}

async function* entries(bucket: Bucket): AsyncGenerator<LedgerEntry> {
  let pageToken: string | undefined;
  do {
    const page = await listing(bucket, pageToken);
    for (const { name, customTime } of page.items) {
      const [, recordKeyHash, orderRefHash] = NAME.exec(name) ?? [];
      // Passing over an entry would let an erased order come back.
      if (recordKeyHash === undefined || orderRefHash === undefined) throw unreadable();
      yield { recordKeyHash, orderRefHash, at: new Date(customTime).toISOString() };
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
}

async function listing(bucket: Bucket, pageToken: string | undefined): Promise<z.infer<typeof Listing>> {
  try {
    const [, , answer] = await within(
      bucket.getFiles({
        autoPaginate: false,
        prefix: FOLDER,
        maxResults: PAGE,
        fields: 'items(name,customTime),nextPageToken',
        ...(pageToken === undefined ? {} : { pageToken }),
      }),
    );
    const parsed = Listing.safeParse(answer);
    if (!parsed.success) throw unreadable();
    return parsed.data;
  } catch (error) {
    throw asAppError(error);
  }
}

function unreadable(): AppError {
  return new AppError('INTERNAL', 'the erasure ledger holds what is no entry of it');
}

/** A call with its repeats, or `UNAVAILABLE` when it takes too long. */
export async function within<T>(call: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(unreachable());
  }, CALL_LIMIT);
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The library's message can hold anything that the service, or what stands in its place, said: it ends here. */
function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return isTransient(error) ? unreachable() : new AppError('INTERNAL', 'the erasure ledger refused a call');
}

function unreachable(): AppError {
  return new AppError('UNAVAILABLE', 'the erasure ledger can not be reached');
}

/** Whether a repeat can help: no HTTP answer at all, too many requests, or a failure of the service. */
export function isTransient(error: unknown): boolean {
  const status = statusOf(error);
  return status === undefined || status === 408 || status === 429 || status >= 500;
}

export function statusOf(error: unknown): number | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'number' ? code : undefined;
}
