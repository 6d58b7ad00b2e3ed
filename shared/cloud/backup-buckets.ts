import type { Bucket } from '@google-cloud/storage';
import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import type { Config } from './config.ts';
import { isTransient, openStorage, statusOf, type StorageConfig, within } from './storage.ts';

/** What a list tells of an object of a backup. */
export interface BackupObject {
  name: string;
  generation: string;
  /** CRC32C as the service writes it: base64 of four bytes. */
  crc32c: string;
  /** Bytes. */
  size: number;
  /** RFC 3339. */
  createdAt: string;
}

/**
 * One bucket of backups. Calls end in `UNAVAILABLE` when it can not be reached, in `FORBIDDEN` when we have lost the right,
 * and in `INTERNAL` when it refuses otherwise.
 */
export interface BackupBucket {
  readonly name: string;
  objects(prefix?: string): AsyncIterable<BackupObject>;
  /** This very generation; one that is gone already is success. False: the bucket still retains it. */
  remove(object: Pick<BackupObject, 'name' | 'generation'>): Promise<boolean>;
  /** Copies an object to another bucket under its name, inside the service. False: one of this name stands there. */
  copyTo(object: Pick<BackupObject, 'name' | 'generation'>, target: BackupBucket): Promise<boolean>;
  /** An object without content that says by its name alone what it says. One that is there already is success. */
  mark(name: string): Promise<void>;
  /** Whether what is deleted is gone: no soft delete, no versions, nothing retained. */
  forgets(): Promise<boolean>;
}

export type BackupBucketName = keyof Config['backupBuckets'];

const PAGE = 1000;
const Listing = z.object({
  items: z
    .array(
      z.object({
        name: z.string(),
        generation: z.string(),
        crc32c: z.string(),
        size: z.coerce.number(),
        timeCreated: z.string(),
      }),
    )
    .default([]),
  nextPageToken: z.string().optional(),
});
const Settings = z.object({
  softDeletePolicy: z.object({ retentionDurationSeconds: z.coerce.number() }).optional(),
  versioning: z.object({ enabled: z.boolean() }).optional(),
  retentionPolicy: z.unknown().optional(),
});

/** The bucket of moved logs, as one that is copied from. */
export function openLogBucket(config: StorageConfig & Pick<Config, 'logBucket'>): BackupBucket {
  if (config.logBucket === undefined)
    throw new Error('The bucket of logs is not configured for this function.');
  return backupBucket(openStorage(config).bucket(config.logBucket));
}

/** The buckets of these names, each of which the configuration has to know. */
export function openBackupBuckets<Name extends BackupBucketName>(
  config: StorageConfig & Pick<Config, 'backupBuckets'>,
  names: readonly Name[],
): Record<Name, BackupBucket> {
  const storage = openStorage(config);
  const opened = names.map((name) => {
    const bucket = config.backupBuckets[name];
    if (bucket === undefined) throw new Error(`The bucket ${name} is not configured for this function.`);
    return [name, backupBucket(storage.bucket(bucket))] as const;
  });
  return Object.fromEntries(opened) as Record<Name, BackupBucket>;
}

function backupBucket(bucket: Bucket): BackupBucket {
  return {
    name: bucket.name,
    async *objects(prefix = '') {
      let pageToken: string | undefined;
      do {
        const page = await listing(bucket, prefix, pageToken);
        for (const { timeCreated, ...object } of page.items) yield { ...object, createdAt: timeCreated };
        pageToken = page.nextPageToken;
      } while (pageToken !== undefined);
    },

    async remove({ name, generation }) {
      try {
        await within(bucket.file(name).delete({ ifGenerationMatch: generation }));
        return true;
      } catch (error) {
        // Gone, or another by now, which is not the one that was looked at.
        if (statusOf(error) === 404 || statusOf(error) === 412) return true;
        if (isRetained(error)) return false;
        throw asAppError(error);
      }
    },

    async copyTo({ name, generation }, target) {
      const file = bucket.file(name, { generation });
      const copy = bucket.storage.bucket(target.name).file(name);
      try {
        await within(file.copy(copy, { preconditionOpts: { ifGenerationMatch: 0 } }));
        return true;
      } catch (error) {
        if (statusOf(error) === 412) return false;
        throw asAppError(error);
      }
    },

    async mark(name) {
      try {
        const preconditionOpts = { ifGenerationMatch: 0 };
        await within(bucket.file(name).save('', { resumable: false, preconditionOpts }));
      } catch (error) {
        if (statusOf(error) !== 412) throw asAppError(error);
      }
    },

    async forgets() {
      const [metadata] = await within(bucket.getMetadata()).catch((error: unknown) => {
        throw asAppError(error);
      });
      const settings = Settings.safeParse(metadata);
      if (!settings.success) return false;
      const { softDeletePolicy, versioning, retentionPolicy } = settings.data;
      const softly = (softDeletePolicy?.retentionDurationSeconds ?? 0) > 0;
      return !softly && versioning?.enabled !== true && retentionPolicy === undefined;
    },
  };
}

async function listing(bucket: Bucket, prefix: string, pageToken: string | undefined) {
  const fields = 'items(name,generation,crc32c,size,timeCreated),nextPageToken';
  const page = { ...(pageToken !== undefined && { pageToken }), maxResults: PAGE, autoPaginate: false };
  const [, , answer] = await within(bucket.getFiles({ ...page, prefix, fields })).catch((error: unknown) => {
    throw asAppError(error);
  });
  const parsed = Listing.safeParse(answer);
  if (!parsed.success) throw new AppError('INTERNAL', 'a list of backups that can not be read');
  return parsed.data;
}

function isRetained(error: unknown): boolean {
  const { errors } = error as { errors?: { reason?: string }[] };
  return errors?.some(({ reason }) => reason === 'retentionPolicyNotMet') ?? false;
}

/** The library's message can hold anything that the service, or what stands in its place, said: it ends here. */
function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const code = isTransient(error) ? 'UNAVAILABLE' : statusOf(error) === 403 ? 'FORBIDDEN' : 'INTERNAL';
  return new AppError(code, 'a bucket of backups did not do what it was asked', { cause: error });
}
