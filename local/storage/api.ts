import { invalid, Refusal } from './refusal.ts';
import type { Page, Store } from './store.ts';
import { contentHeaders } from './stored-object.ts';
import { readJson, readUpload } from './upload.ts';

/** A request after its body was taken. */
export interface Call {
  store: Store;
  query: URLSearchParams;
  body: Buffer;
  contentType: string | undefined;
}

/** What goes back: a resource, an object's content, or 204. */
export type Answer =
  | { kind: 'json'; value: object }
  | { kind: 'content'; content: Buffer; headers: Record<string, string> }
  | { kind: 'nothing' };

type Handler = (call: Call, ...names: string[]) => Answer;

const BUCKETS = '/storage/v1/b';
const BUCKET = '/storage/v1/b/*';
const OBJECTS = '/storage/v1/b/*/o';
const OBJECT = '/storage/v1/b/*/o/*';

/** The calls that are answered: method, path, handler. A `*` is the name of a bucket, then of an object in it. */
const ROUTES: [method: string, path: string, handler: Handler][] = [
  ['GET', BUCKETS, listBuckets],
  ['POST', BUCKETS, insertBucket],
  ['GET', BUCKET, getBucket],
  ['PATCH', BUCKET, patchBucket],
  ['DELETE', BUCKET, deleteBucket],
  ['POST', `${BUCKET}/lockRetentionPolicy`, lockRetentionPolicy],
  ['GET', OBJECTS, listObjects],
  ['POST', `/upload${OBJECTS}`, insertObject],
  ['GET', OBJECT, getObject],
  ['GET', `/download${OBJECT}`, getObject],
  ['DELETE', OBJECT, deleteObject],
  ['POST', `${OBJECT}/rewriteTo/b/*/o/*`, rewriteObject],
];

/** Finds the call by its method and raw path and makes it; a `Refusal` when there is none or it is refused. */
export function answer(method: string, path: string, call: Call): Answer {
  const segments = path.split('/');
  const matching = ROUTES.filter(([, pattern]) => matches(pattern.split('/'), segments));
  const [, pattern, handler] = matching.find(([each]) => each === method) ?? [];
  if (pattern === undefined || handler === undefined) {
    throw matching.length === 0
      ? new Refusal(404, 'notFound', 'Not Found')
      : new Refusal(405, 'methodNotAllowed', 'Method Not Allowed');
  }
  return handler(call, ...namesIn(pattern.split('/'), segments));
}

function matches(pattern: string[], segments: string[]): boolean {
  return (
    pattern.length === segments.length && pattern.every((part, i) => part === '*' || part === segments[i])
  );
}

function namesIn(pattern: string[], segments: string[]): string[] {
  const encoded = segments.filter((_, i) => pattern[i] === '*');
  try {
    return encoded.map(decodeURIComponent);
  } catch {
    throw invalid('The path is not percent-encoded UTF-8.');
  }
}

function listBuckets({ store, query }: Call): Answer {
  return showPage('storage#buckets', store.buckets(project(query), query));
}

function insertBucket({ store, query, body }: Call): Answer {
  return { kind: 'json', value: store.insertBucket(readJson(body), project(query)) };
}

function getBucket({ store, query }: Call, bucket = ''): Answer {
  return { kind: 'json', value: store.bucket(bucket, query) };
}

function patchBucket({ store, query, body }: Call, bucket = ''): Answer {
  return { kind: 'json', value: store.patchBucket(bucket, readJson(body), query) };
}

function lockRetentionPolicy({ store, query }: Call, bucket = ''): Answer {
  return { kind: 'json', value: store.lockRetention(bucket, query) };
}

/** The service leaves `items` out where there are none. */
function showPage(kind: string, { items, ...rest }: Page<object>): Answer {
  return { kind: 'json', value: { kind, ...(items.length > 0 && { items }), ...rest } };
}

function deleteBucket({ store, query }: Call, bucket = ''): Answer {
  store.deleteBucket(bucket, query);
  return { kind: 'nothing' };
}

/** Parameters that would change a list in ways this stand-in does not know: refused, never silently ignored. */
const UNKNOWN_LISTS = ['delimiter', 'endOffset', 'matchGlob', 'softDeleted', 'startOffset', 'versions'];

function listObjects({ store, query }: Call, bucket = ''): Answer {
  const unknown = UNKNOWN_LISTS.filter((name) => query.has(name));
  if (unknown.length > 0) throw invalid(`This stand-in does not list by: ${unknown.join(', ')}`);
  return showPage('storage#objects', store.objects(bucket, query));
}

function insertObject({ store, query, contentType, body }: Call, bucket = ''): Answer {
  return { kind: 'json', value: store.insertObject(bucket, readUpload(query, contentType, body), query) };
}

function getObject({ store, query }: Call, bucket = '', name = ''): Answer {
  if (query.get('alt') !== 'media') return { kind: 'json', value: store.object(bucket, name, query) };
  const { object, content } = store.content(bucket, name, query);
  return { kind: 'content', content, headers: contentHeaders(object) };
}

function deleteObject({ store, query }: Call, bucket = '', name = ''): Answer {
  store.deleteObject(bucket, name, query);
  return { kind: 'nothing' };
}

/** Within one location the service ends a rewrite in one call; what it would take several for is not played here. */
function rewriteObject({ store, query, body }: Call, bucket = '', name = '', to = '', as = ''): Answer {
  if (body.length > 0 && Object.keys(readJson(body)).length > 0) {
    throw invalid('This stand-in copies an object with the metadata that it has.');
  }
  const { resource, size } = store.copyObject({ bucket, name }, { bucket: to, name: as }, query);
  const progress = { totalBytesRewritten: size, objectSize: size, done: true };
  return { kind: 'json', value: { kind: 'storage#rewriteResponse', ...progress, resource } };
}

function project(query: URLSearchParams): string {
  const name = query.get('project');
  if (name === null || name === '') throw new Refusal(400, 'required', 'Required parameter: project');
  return name;
}
