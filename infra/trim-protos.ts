import { readFileSync } from 'node:fs';
import type { Plugin } from 'esbuild';

/** The services that functions call, of all that the Google clients bring descriptions of. */
const SERVICES = new Set([
  'google.firestore.v1.Firestore',
  'google.cloud.kms.v1.KeyManagementService',
  'google.pubsub.v1.Publisher',
]);

interface Method {
  requestType: string;
  responseType: string;
  options?: Record<string, unknown>;
}

/** A part of a `protos.json`, in the form of protobufjs: a namespace, a message, a service, an enum, an extension. */
interface Part {
  nested?: Record<string, Part>;
  fields?: Record<string, { type: string }>;
  methods?: Record<string, Method>;
  values?: Record<string, number>;
  extend?: string;
}

/** Where those clients keep their descriptions, and the same once more as code, a megabyte each. */
const DESCRIPTIONS = /\/(?:firestore-api|kms|pubsub-api)\/build\/protos\/protos\.json$/;
const CODE = /\/(?:firestore-api|kms|pubsub|pubsub-api)\/build\/protos\/protos\.js$/;

/**
 * A Google client describes its whole API to gRPC, message by message, before its first call: administration and
 * all, a third of a cold start. The bundle keeps the services that functions call and the messages that these reach.
 *
 * The code is what the clients export as `protos`, of which we use types alone. Firestore itself takes one class of
 * it as it is loaded, and calls it for pipelines only: that call then loads the code.
 */
export const trimProtos: Plugin = {
  name: 'trim-protos',
  setup(build) {
    build.onLoad({ filter: DESCRIPTIONS }, ({ path }) => ({
      contents: JSON.stringify(trimmed(JSON.parse(readFileSync(path, 'utf8')) as Part)),
      loader: 'json',
    }));
    build.onLoad({ filter: CODE }, ({ path, suffix }) =>
      suffix === WHOLE ? undefined : { contents: path.includes('/firestore-api/') ? FIRESTORE_CODE : '' },
    );
  },
};

const WHOLE = '?whole';
const FIRESTORE_CODE = `
  const Value = { fromObject: (value) => require('./protos.js${WHOLE}').google.firestore.v1.Value.fromObject(value) };
  exports.google = { firestore: { v1: { Value } } };
`;

function trimmed(root: Part): Part {
  const parts = new Map<string, Part>();
  collect(root, '', parts);
  const kept = new Set<string>();
  const waiting = [...parts.keys()].filter((name) => SERVICES.has(name));
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (kept.has(name)) continue;
    kept.add(name);
    const part = parts.get(name) ?? {};
    for (const type of typesOf(part)) {
      const found = resolved(type, name, parts);
      if (found !== undefined) waiting.push(found);
    }
  }
  return prune(root, '', kept) ?? {};
}

function collect(part: Part, name: string, parts: Map<string, Part>): void {
  parts.set(name, part);
  for (const [key, child] of Object.entries(part.nested ?? {})) {
    collect(child, name === '' ? key : `${name}.${key}`, parts);
  }
}

function typesOf({ fields = {}, methods = {} }: Part): string[] {
  return [
    ...Object.values(fields).map(({ type }) => type),
    ...Object.values(methods).flatMap(({ requestType, responseType, options = {} }) => [
      requestType,
      responseType,
      // Operations that take long name what they end with, which clients look up as they are made.
      ...['response_type', 'metadata_type'].map((end) =>
        String(options[`(google.longrunning.operation_info).${end}`]),
      ),
    ]),
  ];
}

/** As protobuf looks names up: from the innermost scope outwards. Undefined for `string`, `int32` and the like. */
function resolved(type: string, from: string, parts: Map<string, Part>): string | undefined {
  const scopes = from.split('.');
  for (let depth = scopes.length; depth >= 0; depth -= 1) {
    const name = [...scopes.slice(0, depth), type].join('.');
    if (parts.has(name)) return name;
  }
  return undefined;
}

/** The part with what is kept in it; undefined when nothing is. */
function prune(part: Part, name: string, kept: Set<string>): Part | undefined {
  const nested: Record<string, Part> = {};
  for (const [key, child] of Object.entries(part.nested ?? {})) {
    const left = prune(child, name === '' ? key : `${name}.${key}`, kept);
    if (left !== undefined) nested[key] = left;
  }
  const { nested: _all, ...own } = part;
  if (kept.has(name)) return Object.keys(nested).length === 0 ? own : { ...own, nested };
  return Object.keys(nested).length === 0 ? undefined : { nested };
}
