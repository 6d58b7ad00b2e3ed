import type { Ask } from './permissions.ts';

/** One request to Cloud Storage's JSON API: the method as Google names it, and what it asks for. */
export interface StorageRequest {
  /** Such as `objects.insert`. */
  method: string;
  ask: Ask;
}

/** A bucket's name is taken as it stands in the path, so nothing that could be read in two ways is one. */
const BUCKET = '(?<bucket>[a-z0-9][a-z0-9._-]{1,61}[a-z0-9])';
const OBJECT = '(?<object>[^/]+)';

/**
 * What can be asked, the method's name and its permission. What is not here is refused: copying and composing too,
 * which name their source in the path and their target in the body.
 * https://cloud.google.com/storage/docs/access-control/iam-json
 */
const ROUTES = (
  [
    ['GET', '/storage/v1/b', 'buckets.list', 'storage.buckets.list'],
    ['POST', '/storage/v1/b', 'buckets.insert', 'storage.buckets.create'],
    ['GET', `/storage/v1/b/${BUCKET}`, 'buckets.get', 'storage.buckets.get'],
    ['PATCH', `/storage/v1/b/${BUCKET}`, 'buckets.patch', 'storage.buckets.update'],
    ['DELETE', `/storage/v1/b/${BUCKET}`, 'buckets.delete', 'storage.buckets.delete'],
    [
      'POST',
      `/storage/v1/b/${BUCKET}/lockRetentionPolicy`,
      'buckets.lockRetentionPolicy',
      'storage.buckets.update',
    ],
    ['GET', `/storage/v1/b/${BUCKET}/o`, 'objects.list', 'storage.objects.list'],
    ['POST', `/upload/storage/v1/b/${BUCKET}/o`, 'objects.insert', 'storage.objects.create'],
    ['GET', `/storage/v1/b/${BUCKET}/o/${OBJECT}`, 'objects.get', 'storage.objects.get'],
    ['GET', `/download/storage/v1/b/${BUCKET}/o/${OBJECT}`, 'objects.get', 'storage.objects.get'],
    ['DELETE', `/storage/v1/b/${BUCKET}/o/${OBJECT}`, 'objects.delete', 'storage.objects.delete'],
  ] as const
).map(([verb, path, method, permission]) => ({ verb, path: new RegExp(`^${path}$`), method, permission }));

/** Reads verb and path; `undefined`: nothing that any role includes. */
export function storageRequest(verb: string, url: string): StorageRequest | undefined {
  const path = url.split('?', 1)[0] ?? '';
  const route = ROUTES.find((each) => each.verb === verb && each.path.test(path));
  if (!route) return undefined;
  const { bucket, object } = route.path.exec(path)?.groups ?? {};
  const below = object === undefined ? '' : `/objects/${object}`;
  const resource = bucket === undefined ? 'projects/_' : `projects/_/buckets/${bucket}${below}`;
  return { method: route.method, ask: { permission: route.permission, resource } };
}
