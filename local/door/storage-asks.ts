import type { Ask } from './permissions.ts';

/** One request to Cloud Storage's JSON API: the method as Google names it, and what it asks for, all of which has to be allowed. */
export interface StorageRequest {
  /** Such as `objects.insert`. */
  method: string;
  asks: Ask[];
}

/** A bucket's name is taken as it stands in the path, so nothing that could be read in two ways is one. */
const BUCKET = '(?<bucket>[a-z0-9][a-z0-9._-]{1,61}[a-z0-9])';
const OBJECT = '(?<object>[^/]+)';
const TARGET = '(?<target>[a-z0-9][a-z0-9._-]{1,61}[a-z0-9])/o/(?<as>[^/]+)';

/**
 * What can be asked, the method's name and its permission. What is not here is refused: composing too, which names its
 * sources in the body. A copy asks for its source and, by the second permission, for its target.
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
    [
      'POST',
      `/storage/v1/b/${BUCKET}/o/${OBJECT}/rewriteTo/b/${TARGET}`,
      'objects.rewrite',
      'storage.objects.get',
      'storage.objects.create',
    ],
  ] as const
).map(([verb, path, method, permission, onTarget]) => ({
  ...{ verb, path: new RegExp(`^${path}$`), method, permission, onTarget },
}));

/** Reads verb and path; `undefined`: nothing that any role includes. */
export function storageRequest(verb: string, url: string): StorageRequest | undefined {
  const path = url.split('?', 1)[0] ?? '';
  const route = ROUTES.find((each) => each.verb === verb && each.path.test(path));
  if (!route) return undefined;
  const { bucket, object, target, as } = route.path.exec(path)?.groups ?? {};
  const source = { permission: route.permission, resource: resourceOf(bucket, object) };
  const copy = resourceOf(target, as);
  const copied = route.onTarget && { permission: route.onTarget, resource: copy };
  // Whatever stands in its place would be deleted.
  const replaced = route.onTarget &&
    !onlyAdds(url) && { permission: 'storage.objects.delete', resource: copy };
  return {
    method: route.method,
    asks: [source, ...(copied ? [copied] : []), ...(replaced ? [replaced] : [])],
  };
}

function onlyAdds(url: string): boolean {
  return new URLSearchParams(url.split('?')[1] ?? '').get('ifGenerationMatch') === '0';
}

function resourceOf(bucket: string | undefined, object: string | undefined): string {
  const below = object === undefined ? '' : `/objects/${object}`;
  return bucket === undefined ? 'projects/_' : `projects/_/buckets/${bucket}${below}`;
}
