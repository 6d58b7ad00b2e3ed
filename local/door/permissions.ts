import type { Config } from '../../shared/cloud/config.ts';
import { OWN_ROLES } from '../own-roles.ts';
import { type Identity, type KeyRole, type BucketRole, type ExportRole, type Role, ROLES } from '../roles.ts';

/** One thing that a request asks for: an IAM permission on a resource's full name. */
export interface Ask {
  permission: string;
  resource: string;
}

/** The parts of the configuration that say what the table's short names stand for. */
export type Cloud = Pick<Config, 'projectId' | 'kms' | 'ledgerBucket'> &
  Partial<Pick<Config, 'rootsBucket' | 'logBucket' | 'backupBuckets'>>;

type RoleName =
  | KeyRole
  | BucketRole
  | 'datastore.user'
  | 'datastore.viewer'
  | ExportRole
  | 'pubsub.publisher'
  | 'cloudkms.admin'
  | 'pubsub.admin'
  | 'storage.admin';

const DATASTORE_VIEWER = ['datastore.databases.get', 'datastore.entities.get', 'datastore.entities.list'];
const CLOUDKMS_VIEWER = [
  'cloudkms.keyRings.get',
  'cloudkms.keyRings.list',
  'cloudkms.cryptoKeys.get',
  'cloudkms.cryptoKeys.list',
  'cloudkms.cryptoKeyVersions.get',
  'cloudkms.cryptoKeyVersions.list',
];

/**
 * What Google's predefined roles contain, as far as the doors know methods for it.
 * https://cloud.google.com/iam/docs/understanding-roles
 */
const PERMISSIONS: Record<RoleName, readonly string[]> = {
  'datastore.viewer': DATASTORE_VIEWER,
  'datastore.user': [
    ...DATASTORE_VIEWER,
    'datastore.entities.create',
    'datastore.entities.update',
    'datastore.entities.delete',
  ],
  ...OWN_ROLES,
  'cloudkms.cryptoKeyEncrypter': ['cloudkms.cryptoKeyVersions.useToEncrypt'],
  'cloudkms.cryptoKeyDecrypter': ['cloudkms.cryptoKeyVersions.useToDecrypt'],
  'cloudkms.signer': ['cloudkms.cryptoKeyVersions.useToSign'],
  'cloudkms.publicKeyViewer': ['cloudkms.cryptoKeyVersions.viewPublicKey'],
  'cloudkms.viewer': CLOUDKMS_VIEWER,
  // All of a key's life, but none of its use.
  'cloudkms.admin': [
    ...CLOUDKMS_VIEWER,
    'cloudkms.keyRings.create',
    'cloudkms.cryptoKeys.create',
    'cloudkms.cryptoKeys.update',
    'cloudkms.cryptoKeyVersions.create',
    'cloudkms.cryptoKeyVersions.update',
    'cloudkms.cryptoKeyVersions.destroy',
    'cloudkms.cryptoKeyVersions.restore',
  ],
  'pubsub.publisher': ['pubsub.topics.publish'],
  'pubsub.admin': [
    'pubsub.topics.create',
    'pubsub.topics.get',
    'pubsub.topics.list',
    'pubsub.topics.update',
    'pubsub.topics.delete',
    'pubsub.topics.publish',
    'pubsub.topics.attachSubscription',
    'pubsub.subscriptions.create',
    'pubsub.subscriptions.get',
    'pubsub.subscriptions.list',
    'pubsub.subscriptions.update',
    'pubsub.subscriptions.delete',
    'pubsub.subscriptions.consume',
  ],
  'storage.objectCreator': ['storage.objects.create'],
  'storage.legacyObjectReader': ['storage.objects.get'],
  'storage.objectViewer': ['storage.objects.get', 'storage.objects.list'],
  'storage.admin': [
    'storage.buckets.create',
    'storage.buckets.get',
    'storage.buckets.list',
    'storage.buckets.update',
    'storage.buckets.delete',
    'storage.objects.create',
    'storage.objects.get',
    'storage.objects.list',
    'storage.objects.delete',
  ],
};

/** What one identity may do, built once from its row of the table. */
export class Grants {
  readonly #byPermission = new Map<string, string[]>();

  constructor(identity: Identity, cloud: Cloud) {
    const role: Role = ROLES[identity];
    const project = `projects/${cloud.projectId}`;
    for (const [database, name] of Object.entries(role.databases ?? {})) {
      this.#grant(name, `${project}/databases/${database}`);
    }
    for (const [key, names] of Object.entries(role.keys ?? {})) {
      for (const name of names) this.#grant(name, cloud.kms[key as keyof Cloud['kms']]);
    }
    for (const [topic, name] of Object.entries(role.topics ?? {})) {
      this.#grant(name, `${project}/topics/${topic}`);
    }
    for (const database of role.exports ?? []) {
      this.#grant('strongroom.databaseExporter', `${project}/databases/${database}`);
    }
    if (role.restores !== undefined) {
      const all = `${project}/databases/${role.restores === 'any' ? '' : 'drill-'}*`;
      this.#grant('strongroom.databaseRestorer', all);
      this.#grant('datastore.user', all);
      this.#byPermission.set('datastore.databases.list', [project]);
    }
    const { ledgerBucket: ledger, rootsBucket: roots, logBucket: logs } = cloud;
    const buckets = { ledger, roots, logs, ...cloud.backupBuckets };
    for (const [bucket, names] of Object.entries(role.buckets ?? {})) {
      const full = buckets[bucket as keyof typeof buckets];
      if (full === undefined) continue;
      for (const name of names) this.#grant(name, `projects/_/buckets/${full}`);
    }
    for (const name of role.project ?? []) {
      for (const resource of [project, offsite(cloud), 'projects/_']) this.#grant(name, resource);
    }
  }

  #grant(role: RoleName, resource: string): void {
    for (const permission of PERMISSIONS[role]) {
      const resources = this.#byPermission.get(permission) ?? [];
      this.#byPermission.set(permission, [...resources, resource]);
    }
  }

  /** A grant covers the resource that it names and everything below it; `*` stands for the rest of a name. */
  covers(ask: Ask): boolean {
    return (this.#byPermission.get(ask.permission) ?? []).some(
      (granted) =>
        ask.resource === granted ||
        ask.resource.startsWith(granted.endsWith('*') ? granted.slice(0, -1) : `${granted}/`),
    );
  }
}

function offsite(cloud: Cloud): string {
  return cloud.kms.recoveryKek.split('/').slice(0, 2).join('/');
}
