import type { Method } from './descriptors.ts';
import type { Ask } from './permissions.ts';
import type { WireQuery } from './queries.ts';
import { type WireWrite, targetOf } from './writes.ts';

/** The fields that name something, of all requests together, as the official descriptors decode them. */
export interface WireRequest {
  name?: string;
  parent?: string;
  database?: string;
  databaseId?: string;
  documents?: string[];
  writes?: WireWrite[];
  structuredQuery?: WireQuery;
  structuredAggregationQuery?: { structuredQuery?: WireQuery };
  addTarget?: { query?: { parent?: string }; documents?: { documents: string[] } };
  transaction?: Uint8Array;
  readTime?: { seconds?: number; nanos?: number } | null;
  topic?: string | { name?: string };
  subscription?: string | { name?: string };
  project?: string;
  messages?: unknown[];
  cryptoKey?: { name?: string };
  cryptoKeyVersion?: { name?: string };
}

/** `later`: not the first message of a stream, where the service takes what is left out from the first. */
type Reader = (request: WireRequest, later: boolean) => Ask[];

function ask(permission: string, resource: string | { name?: string } | undefined): Ask {
  return { permission, resource: (typeof resource === 'object' ? resource.name : resource) ?? '' };
}

const on =
  (field: keyof WireRequest, ...permissions: string[]): Reader =>
  (request) =>
    permissions.map((permission) => ask(permission, request[field] as string | { name?: string }));

const writes: Reader = (request) => [
  ask('datastore.databases.get', request.database),
  ...(request.writes ?? []).flatMap(asksOfWrite),
];

/** An empty name is covered by no grant, so a write that names nothing, or hides its name, is refused. */
function asksOfWrite(write: WireWrite): Ask[] {
  const { kind, name } = targetOf(write);
  if (kind === 'create' || kind === 'delete') return [ask(`datastore.entities.${kind}`, name)];
  const update = ask('datastore.entities.update', name);
  return kind === 'set' ? [update, ask('datastore.entities.create', name)] : [update];
}

/** The permission that each method takes, as Google documents it. A method that is not here is refused. */
const METHODS: Record<Method['service'], Record<string, Reader>> = {
  // https://cloud.google.com/firestore/docs/security/iam#required_permissions. Only what the server client sends:
  // single-document methods and `Write` streams serve browsers and REST.
  firestore: {
    ListDocuments: on('parent', 'datastore.entities.get', 'datastore.entities.list'),
    BatchGetDocuments: (request) => [
      ask('datastore.entities.get', request.database),
      ...(request.documents ?? []).map((name) => ask('datastore.entities.get', name)),
    ],
    RunQuery: on('parent', 'datastore.entities.get', 'datastore.entities.list'),
    RunAggregationQuery: on('parent', 'datastore.entities.get', 'datastore.entities.list'),
    ListCollectionIds: on('parent', 'datastore.entities.list'),
    Listen: ({ database, addTarget }, later) => [
      ...(later && !database ? [] : [ask('datastore.entities.list', database)]),
      ...(addTarget?.query ? [ask('datastore.entities.list', addTarget.query.parent)] : []),
      ...(addTarget?.documents?.documents ?? []).map((name) => ask('datastore.entities.get', name)),
    ],
    BeginTransaction: on('database', 'datastore.databases.get'),
    Rollback: on('database', 'datastore.databases.get'),
    Commit: writes,
    BatchWrite: writes,
  },
  // https://cloud.google.com/datastore/docs/access/iam. Into and out of buckets goes the service's own agent.
  firestoreAdmin: {
    ExportDocuments: on('name', 'datastore.databases.export'),
    ImportDocuments: on('name', 'datastore.databases.import'),
    ListDatabases: on('parent', 'datastore.databases.list'),
    CreateDatabase: ({ parent, databaseId }) => [
      ask('datastore.databases.create', `${parent ?? ''}/databases/${databaseId ?? ''}`),
    ],
    DeleteDatabase: on('name', 'datastore.databases.delete'),
    GetDatabase: on('name', 'datastore.databases.getMetadata'),
    ListBackupSchedules: on('parent', 'datastore.backupSchedules.list'),
    GetOperation: on('name', 'datastore.operations.get'),
    CancelOperation: on('name', 'datastore.operations.cancel'),
  },
  // https://cloud.google.com/pubsub/docs/access-control#required_permissions
  pubsub: {
    Publish: on('topic', 'pubsub.topics.publish'),
    CreateTopic: on('name', 'pubsub.topics.create'),
    GetTopic: on('topic', 'pubsub.topics.get'),
    ListTopics: on('project', 'pubsub.topics.list'),
    UpdateTopic: on('topic', 'pubsub.topics.update'),
    DeleteTopic: on('topic', 'pubsub.topics.delete'),
    CreateSubscription: (request) => [
      ask('pubsub.subscriptions.create', request.name),
      ask('pubsub.topics.attachSubscription', request.topic),
    ],
    GetSubscription: on('subscription', 'pubsub.subscriptions.get'),
    ListSubscriptions: on('project', 'pubsub.subscriptions.list'),
    UpdateSubscription: on('subscription', 'pubsub.subscriptions.update'),
    ModifyPushConfig: on('subscription', 'pubsub.subscriptions.update'),
    DeleteSubscription: on('subscription', 'pubsub.subscriptions.delete'),
    Pull: on('subscription', 'pubsub.subscriptions.consume'),
    Acknowledge: on('subscription', 'pubsub.subscriptions.consume'),
    ModifyAckDeadline: on('subscription', 'pubsub.subscriptions.consume'),
    StreamingPull: ({ subscription }, later) =>
      later && !subscription ? [] : [ask('pubsub.subscriptions.consume', subscription)],
  },
  // https://cloud.google.com/kms/docs/reference/permissions-and-roles
  kms: {
    Encrypt: on('name', 'cloudkms.cryptoKeyVersions.useToEncrypt'),
    Decrypt: on('name', 'cloudkms.cryptoKeyVersions.useToDecrypt'),
    AsymmetricSign: on('name', 'cloudkms.cryptoKeyVersions.useToSign'),
    GetPublicKey: on('name', 'cloudkms.cryptoKeyVersions.viewPublicKey'),
    GetKeyRing: on('name', 'cloudkms.keyRings.get'),
    ListKeyRings: on('parent', 'cloudkms.keyRings.list'),
    CreateKeyRing: on('parent', 'cloudkms.keyRings.create'),
    GetCryptoKey: on('name', 'cloudkms.cryptoKeys.get'),
    ListCryptoKeys: on('parent', 'cloudkms.cryptoKeys.list'),
    CreateCryptoKey: on('parent', 'cloudkms.cryptoKeys.create'),
    UpdateCryptoKey: on('cryptoKey', 'cloudkms.cryptoKeys.update'),
    UpdateCryptoKeyPrimaryVersion: on('name', 'cloudkms.cryptoKeys.update'),
    GetCryptoKeyVersion: on('name', 'cloudkms.cryptoKeyVersions.get'),
    ListCryptoKeyVersions: on('parent', 'cloudkms.cryptoKeyVersions.list'),
    CreateCryptoKeyVersion: on('parent', 'cloudkms.cryptoKeyVersions.create'),
    UpdateCryptoKeyVersion: on('cryptoKeyVersion', 'cloudkms.cryptoKeyVersions.update'),
    DestroyCryptoKeyVersion: on('name', 'cloudkms.cryptoKeyVersions.destroy'),
    RestoreCryptoKeyVersion: on('name', 'cloudkms.cryptoKeyVersions.restore'),
  },
};

/** What a request asks for, read from its body; `undefined`: a method that no role can be given. */
export function asksOf(method: Method, request: WireRequest, later: boolean): Ask[] | undefined {
  return METHODS[method.service][method.name]?.(request, later);
}
