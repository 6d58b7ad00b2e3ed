import { type Clock, timestamp } from '../../shared/domain/time.ts';
import {
  type Bucket,
  deletedAfterDays,
  lockRetention,
  newBucket,
  patchBucket,
  retainedUntil,
} from './bucket.ts';
import { checkPreconditions, int64 } from './preconditions.ts';
import { conditionNotMet, invalid, noBucket, noObject, Refusal } from './refusal.ts';
import type { Shelf } from './shelf.ts';
import { describeObject, showObject, type StoredObject, type Upload } from './stored-object.ts';

/** The buckets and objects behind the JSON API. Each method is one API call and throws a `Refusal`. */
export interface Store {
  insertBucket(body: unknown, project: string): Bucket;
  bucket(name: string, query: URLSearchParams): Bucket;
  buckets(project: string, query: URLSearchParams): Page<Bucket>;
  patchBucket(name: string, patch: unknown, query: URLSearchParams): Bucket;
  deleteBucket(name: string, query: URLSearchParams): void;
  lockRetention(name: string, query: URLSearchParams): Bucket;
  insertObject(bucket: string, upload: Upload, query: URLSearchParams): object;
  /** `objects.rewrite`: `ifSource…` speaks of the source, the other preconditions of what stands in its place. */
  copyObject(from: Place, to: Place, query: URLSearchParams): { resource: object; size: string };
  object(bucket: string, name: string, query: URLSearchParams): object;
  content(bucket: string, name: string, query: URLSearchParams): { object: StoredObject; content: Buffer };
  objects(bucket: string, query: URLSearchParams): Page<object>;
  deleteObject(bucket: string, name: string, query: URLSearchParams): void;
}

/** An object by name. */
interface Place {
  bucket: string;
  name: string;
}

/** One page of a list: `nextPageToken` only when there is more. */
export interface Page<T> {
  items: T[];
  nextPageToken?: string;
}

interface Kept {
  bucket: Bucket;
  objects: Map<string, StoredObject>;
  /** The names in order, made anew when one comes or goes. */
  names: string[] | undefined;
}

const PAGE = 1000;
const DAY_MS = 24 * 60 * 60_000;

/** Opens what the shelf holds. Everything is synchronous, so a precondition and its write are one step. */
export function openStore(shelf: Shelf, now: Clock): Store {
  const kept = new Map<string, Kept>();
  let lastGeneration = 0n;
  for (const { bucket, objects } of shelf.load()) {
    kept.set(bucket.name, {
      bucket,
      objects: new Map(objects.map((each) => [each.name, each])),
      names: undefined,
    });
    for (const { generation } of objects) {
      if (BigInt(generation) > lastGeneration) lastGeneration = BigInt(generation);
    }
  }

  /** Microseconds, as the service's own look; always more than the last. */
  function nextGeneration(): string {
    const time = BigInt(now()) * 1000n;
    lastGeneration = time > lastGeneration ? time : lastGeneration + 1n;
    return String(lastGeneration);
  }

  function find(name: string): Kept {
    const found = kept.get(name);
    if (found === undefined) throw noBucket();
    const days = deletedAfterDays(found.bucket);
    if (days !== undefined) expire(found, days);
    return found;
  }

  /** The service counts whole days and is up to one late; so is this, and what is retained stays. */
  function expire(found: Kept, days: number): void {
    const before = now() - (days + 1) * DAY_MS;
    for (const object of found.objects.values()) {
      if (Date.parse(object.timeCreated) > before) continue;
      const end = retainedUntil(found.bucket, object.timeCreated);
      if (end !== undefined && now() < Date.parse(end)) continue;
      shelf.removeObject(object);
      found.objects.delete(object.name);
      found.names = undefined;
    }
  }

  function findObject(bucket: string, name: string, query: URLSearchParams): StoredObject {
    const live = find(bucket).objects.get(name);
    const generation = int64(query, 'generation');
    if (live === undefined || (generation !== undefined && generation !== live.generation)) {
      throw noObject(bucket, name);
    }
    return live;
  }

  function put(bucket: Bucket): Bucket {
    shelf.putBucket(bucket);
    const found = kept.get(bucket.name);
    if (found === undefined) kept.set(bucket.name, { bucket, objects: new Map(), names: undefined });
    else found.bucket = bucket;
    return bucket;
  }

  function refuseRetained(bucket: Bucket, object: StoredObject): void {
    const end = retainedUntil(bucket, object.timeCreated);
    if (end === undefined || now() >= Date.parse(end)) return;
    throw new Refusal(
      403,
      'retentionPolicyNotMet',
      `Object '${bucket.name}/${object.name}' is subject to bucket's retention policy or object retention ` +
        `and cannot be deleted or overwritten until ${end}`,
    );
  }

  const show = (bucket: Bucket, object: StoredObject): object =>
    showObject(object, retainedUntil(bucket, object.timeCreated));

  return {
    insertBucket(body, project) {
      const bucket = newBucket(body, project, now);
      if (kept.has(bucket.name)) {
        throw new Refusal(409, 'conflict', 'A bucket of this name exists and you already own it.');
      }
      return put(bucket);
    },
    bucket(name, query) {
      const { bucket } = find(name);
      checkPreconditions(query, bucketVersion(bucket), 'read');
      return bucket;
    },
    buckets(project, query) {
      const own = [...kept.values()].filter(({ bucket }) => bucket.project === project);
      const { items, ...rest } = page(own.map(({ bucket }) => bucket.name).sort(), query);
      return { items: items.map((name) => find(name).bucket), ...rest };
    },
    patchBucket(name, patch, query) {
      const { bucket } = find(name);
      checkPreconditions(query, bucketVersion(bucket), 'write');
      return put(patchBucket(bucket, patch, now));
    },
    deleteBucket(name, query) {
      const { bucket, objects } = find(name);
      checkPreconditions(query, bucketVersion(bucket), 'write');
      if (objects.size > 0)
        throw new Refusal(409, 'conflict', 'The bucket you tried to delete is not empty.');
      shelf.removeBucket(name);
      kept.delete(name);
    },
    lockRetention(name, query) {
      const { bucket } = find(name);
      const metageneration = int64(query, 'ifMetagenerationMatch');
      if (metageneration === undefined) {
        throw new Refusal(400, 'required', 'Required parameter: ifMetagenerationMatch');
      }
      if (metageneration !== bucket.metageneration) throw conditionNotMet();
      return put(lockRetention(bucket, now));
    },
    insertObject(bucketName, upload, query) {
      const found = find(bucketName);
      const name = upload.metadata['name'];
      const live = typeof name === 'string' ? found.objects.get(name) : undefined;
      checkPreconditions(query, live, 'write');
      if (live !== undefined) refuseRetained(found.bucket, live);
      const object = describeObject(upload, {
        bucket: bucketName,
        generation: nextGeneration(),
        timeCreated: timestamp(now),
      });
      shelf.putObject(object, upload.content);
      found.objects.set(object.name, object);
      if (live === undefined) found.names = undefined;
      return show(found.bucket, object);
    },
    copyObject(from, to, query) {
      const source = findObject(from.bucket, from.name, sourceOnly(query));
      checkPreconditions(sourceOnly(query), source, 'write');
      const target = find(to.bucket);
      const live = target.objects.get(to.name);
      checkPreconditions(query, live, 'write');
      if (live !== undefined) refuseRetained(target.bucket, live);
      const object: StoredObject = {
        ...source,
        ...{ bucket: to.bucket, name: to.name, metageneration: '1' },
        ...{ generation: nextGeneration(), timeCreated: timestamp(now) },
      };
      shelf.putObject(object, shelf.content(source));
      target.objects.set(object.name, object);
      if (live === undefined) target.names = undefined;
      return { resource: show(target.bucket, object), size: object.size };
    },
    object(bucket, name, query) {
      const live = findObject(bucket, name, query);
      checkPreconditions(query, live, 'read');
      return show(find(bucket).bucket, live);
    },
    content(bucket, name, query) {
      const object = findObject(bucket, name, query);
      checkPreconditions(query, object, 'read');
      return { object, content: shelf.content(object) };
    },
    objects(bucketName, query) {
      const found = find(bucketName);
      found.names ??= [...found.objects.keys()].sort();
      const { items, ...rest } = page(found.names, query);
      const objects = items.flatMap((name) => found.objects.get(name) ?? []);
      return { items: objects.map((object) => show(found.bucket, object)), ...rest };
    },
    deleteObject(bucketName, name, query) {
      const found = find(bucketName);
      const live = findObject(bucketName, name, query);
      checkPreconditions(query, live, 'write');
      refuseRetained(found.bucket, live);
      shelf.removeObject(live);
      found.objects.delete(name);
      found.names = undefined;
    },
  };
}

/** What a rewrite asks of its source, in the words of a read. */
function sourceOnly(query: URLSearchParams): URLSearchParams {
  const source = new URLSearchParams();
  for (const [name, value] of query) {
    if (name === 'sourceGeneration') source.set('generation', value);
    const [, condition] = /^ifSource(.+)$/.exec(name) ?? [];
    if (condition !== undefined) source.set(`if${condition}`, value);
  }
  return source;
}

function bucketVersion(bucket: Bucket): { metageneration: string } {
  return { metageneration: bucket.metageneration };
}

/** One page of sorted names; the token holds the last name of the page before. */
function page(names: string[], query: URLSearchParams): Page<string> {
  const prefix = query.get('prefix') ?? '';
  const limit = Math.min(Number(int64(query, 'maxResults') ?? PAGE), PAGE);
  if (limit < 1) throw invalid('Invalid value for maxResults.');
  const after = Buffer.from(query.get('pageToken') ?? '', 'base64url').toString('utf8');
  const rest = names.filter((name) => name > after && name.startsWith(prefix));
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  const more = last !== undefined && rest.length > limit;
  return more ? { items, nextPageToken: Buffer.from(last).toString('base64url') } : { items };
}
