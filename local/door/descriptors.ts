import { readFileSync } from 'node:fs';
import { fromJSON, type MethodDefinition, type ServiceDefinition } from '@grpc/proto-loader';

export type CloudService = 'firestore' | 'firestoreAdmin' | 'pubsub' | 'kms';

/** One method of one of the services, with the official descriptor of its messages. */
export interface Method {
  service: CloudService;
  /** Such as `Commit`. */
  name: string;
  definition: MethodDefinition<object, object>;
}

interface JsonNamespace {
  nested?: Record<string, JsonNamespace>;
  fields?: Record<string, unknown>;
}

const SOURCES: { service: CloudService; file: string; names: string[]; unread: Record<string, string[]> }[] =
  [
    {
      service: 'firestore',
      file: '@google-cloud/firestore/build/protos/v1.json',
      names: ['google.firestore.v1.Firestore'],
      // The door reads the names of documents, never what is in them, but for entries of logs (`log-entries.ts`).
      unread: { 'google.firestore.v1.Document': ['fields'] },
    },
    {
      service: 'firestoreAdmin',
      file: '@google-cloud/firestore-api/build/protos/protos.json',
      names: ['google.firestore.admin.v1.FirestoreAdmin', 'google.longrunning.Operations'],
      unread: {},
    },
    {
      service: 'pubsub',
      file: '@google-cloud/pubsub/build/protos/protos.json',
      names: ['google.pubsub.v1.Publisher', 'google.pubsub.v1.Subscriber'],
      unread: {},
    },
    {
      service: 'kms',
      file: '@google-cloud/kms/build/protos/protos.json',
      names: ['google.cloud.kms.v1.KeyManagementService'],
      unread: {},
    },
  ];

let methods: Map<string, Method> | undefined;

/** The method behind a gRPC path such as `/google.firestore.v1.Firestore/Commit`; `undefined`: none that we know. */
export function methodAt(path: string): Method | undefined {
  methods ??= load();
  return methods.get(path);
}

function load(): Map<string, Method> {
  const found = new Map<string, Method>();
  for (const { service, file, names, unread } of SOURCES) {
    const url = new URL(`../../node_modules/${file}`, import.meta.url);
    const json = JSON.parse(readFileSync(url, 'utf8')) as JsonNamespace;
    for (const [message, fields] of Object.entries(unread)) forget(json, message, fields);
    const root = fromJSON(json, { longs: Number, enums: String, arrays: true });
    for (const name of names) {
      for (const [method, definition] of Object.entries(root[name] as ServiceDefinition)) {
        found.set(definition.path, { service, name: method, definition });
      }
    }
  }
  return found;
}

function forget(root: JsonNamespace, message: string, fields: string[]): void {
  const type = message.split('.').reduce<JsonNamespace | undefined>((at, part) => at?.nested?.[part], root);
  for (const field of fields) Reflect.deleteProperty(type?.fields ?? {}, field);
}
