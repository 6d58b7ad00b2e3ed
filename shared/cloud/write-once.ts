import type { Bucket, File } from '@google-cloud/storage';
import { AppError } from '../domain/errors.ts';
import { isTransient, openStorage, statusOf, type StorageConfig, within } from './storage.ts';

/**
 * A bucket whose objects are written once and read by name. Calls end in `UNAVAILABLE` when it can not be reached and
 * in `INTERNAL` when it refuses.
 */
export interface WriteOnce {
  /** Writes an object, or finds it there with the same bytes. `CONFLICT` when it is there with others. */
  put(name: string, content: Buffer, contentType: string): Promise<void>;
  /** The bytes of an object, or `undefined` when there is none of this name. */
  get(name: string): Promise<Buffer | undefined>;
}

export function openWriteOnce(config: StorageConfig, name: string | undefined): WriteOnce {
  let opened: Bucket | undefined;
  const bucket = (): Bucket => {
    if (name === undefined) throw new AppError('INTERNAL', 'the bucket is not configured for this function');
    return (opened ??= openStorage(config).bucket(name));
  };
  return {
    put: async (object, content, contentType) => put(bucket().file(object), content, contentType),
    get: async (object) => get(bucket().file(object)),
  };
}

async function put(file: File, content: Buffer, contentType: string): Promise<void> {
  try {
    const preconditionOpts = { ifGenerationMatch: 0 };
    await within(file.save(content, { resumable: false, preconditionOpts, metadata: { contentType } }));
  } catch (error) {
    const status = statusOf(error);
    // Overwriting takes the right to delete: where an object stands the answer may be 403 as well as 412.
    if (status !== 412 && status !== 403) throw asAppError(error);
    const standing = await get(file);
    if (standing === undefined) throw asAppError(error);
    if (!standing.equals(content)) throw new AppError('CONFLICT', 'another object of this name stands');
  }
}

async function get(file: File): Promise<Buffer | undefined> {
  try {
    const [content] = await within(file.download());
    return content;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw asAppError(error);
  }
}

/** The library's message can hold anything that the service, or what stands in its place, said: it ends here. */
function asAppError(error: unknown): AppError {
  const known = error instanceof AppError ? error.code : undefined;
  const code = known ?? (isTransient(error) ? 'UNAVAILABLE' : 'INTERNAL');
  return new AppError(code, 'a bucket did not do what it was asked', { cause: error });
}
