/**
 * What each function may reach: the one table. Locally the doors refuse by it; `infra/terraform/identities.ts` makes
 * bindings of the same rows, each entry being Google's predefined role of that name (`roles/` in front), bound as narrowly
 * as IAM can:
 *
 *   databases   google_project_iam_member with the condition resource.name == "projects/P/databases/D"
 *   keys        google_kms_crypto_key_iam_member
 *   topics      google_pubsub_topic_iam_member
 *   exports     google_project_iam_member with the same condition, of a role of our own
 *   buckets     google_storage_bucket_iam_member
 *   project     google_project_iam_member without a condition; only `seed` has any, and no deployed function is `seed`
 *
 * A right that is missing here is a promise: change a row only together with the promise that it touches.
 */

import type { BucketName } from './storage/buckets.ts';

export interface Role {
  databases?: Partial<Record<'(default)' | 'keyring' | 'staff', 'datastore.user' | 'datastore.viewer'>>;
  keys?: Partial<Record<'tenantKek' | 'recoveryKek' | 'attest', readonly KeyRole[]>>;
  topics?: Partial<
    Record<
      'orders' | 'erasures' | 'stock' | 'imports' | 'deliveries' | 'pulls' | 'stripe-events',
      'pubsub.publisher'
    >
  >;
  /** Databases of which this identity may have copies made into a bucket, which it can not read. */
  exports?: readonly ('(default)' | 'keyring' | 'staff')[];
  /** Databases that this identity makes, fills from a bucket, reads and deletes: any, or those named `drill-…`. */
  restores?: 'any' | 'drill';
  buckets?: Partial<Record<BucketName, readonly BucketRole[]>>;
  project?: readonly ('cloudkms.admin' | 'pubsub.admin' | 'storage.admin')[];
}

export type KeyRole =
  | 'cloudkms.cryptoKeyEncrypter'
  | 'cloudkms.cryptoKeyDecrypter'
  | 'cloudkms.signer'
  | 'cloudkms.publicKeyViewer'
  | 'cloudkms.viewer';

/**
 * Roles of our own, narrower than any that Google has: each of those that export may import too, and each of those that
 * list objects may read them. What they hold is in `local/door/permissions.ts`.
 */
export type ExportRole = 'strongroom.databaseExporter' | 'strongroom.databaseRestorer';

export type BucketRole =
  | 'storage.objectCreator'
  | 'storage.legacyObjectReader'
  | 'storage.objectViewer'
  | 'strongroom.objectLister'
  | 'strongroom.backupKeeper';

export const ROLES = {
  webhooks: {
    databases: { '(default)': 'datastore.user', keyring: 'datastore.user' },
    keys: { tenantKek: ['cloudkms.cryptoKeyDecrypter'] },
    topics: {
      orders: 'pubsub.publisher',
      stock: 'pubsub.publisher',
      deliveries: 'pubsub.publisher',
      pulls: 'pubsub.publisher',
    },
  },
  // Reads orders at shops, with the credentials that merchants gave for that, and takes them in as `webhooks` does.
  pull: {
    databases: { '(default)': 'datastore.user', keyring: 'datastore.user' },
    keys: { tenantKek: ['cloudkms.cryptoKeyDecrypter'] },
    topics: {
      orders: 'pubsub.publisher',
      stock: 'pubsub.publisher',
      deliveries: 'pubsub.publisher',
      pulls: 'pubsub.publisher',
    },
  },
  'route-order': {
    databases: { '(default)': 'datastore.user', keyring: 'datastore.user' },
    keys: { tenantKek: ['cloudkms.cryptoKeyDecrypter'] },
    topics: { stock: 'pubsub.publisher', deliveries: 'pubsub.publisher' },
  },
  // Stock and the trade around it: whoever it was that bought, it can not open.
  allocate: {
    databases: { '(default)': 'datastore.user' },
    topics: { deliveries: 'pubsub.publisher' },
  },
  catalogue: {
    databases: { '(default)': 'datastore.user' },
    topics: { stock: 'pubsub.publisher', imports: 'pubsub.publisher' },
  },
  orders: {
    databases: { '(default)': 'datastore.user', keyring: 'datastore.user' },
    keys: { tenantKek: ['cloudkms.cryptoKeyDecrypter'] },
    topics: {
      orders: 'pubsub.publisher',
      erasures: 'pubsub.publisher',
      stock: 'pubsub.publisher',
      deliveries: 'pubsub.publisher',
    },
  },
  // Makes the key of a company that signs up, and never unwraps the recovery copy of one.
  accounts: {
    databases: { '(default)': 'datastore.user', keyring: 'datastore.user' },
    keys: {
      tenantKek: ['cloudkms.cryptoKeyEncrypter', 'cloudkms.cryptoKeyDecrypter'],
      recoveryKek: ['cloudkms.cryptoKeyEncrypter'],
    },
    topics: { erasures: 'pubsub.publisher', pulls: 'pubsub.publisher' },
  },
  // Invites companies and writes down what two of them agree on. It reads keys and makes none: one to know an address by
  // its hash and to sign a link, and the company's own to seal whom it reaches at a partner.
  partners: {
    databases: { '(default)': 'datastore.user', keyring: 'datastore.viewer' },
    keys: { tenantKek: ['cloudkms.cryptoKeyDecrypter'] },
  },
  // Destroys record keys and says so under a signature; it has nothing to open them with. It adds to the ledger and
  // looks a single entry up (a repeat of an entry may be refused before the service says that it stands), no more. Of the
  // keyring's backups it sees names and times, which say when the last copy of a key is gone.
  erase: {
    databases: { '(default)': 'datastore.user', keyring: 'datastore.user' },
    keys: { attest: ['cloudkms.signer', 'cloudkms.publicKeyViewer', 'cloudkms.viewer'] },
    buckets: {
      ledger: ['storage.objectCreator', 'storage.legacyObjectReader'],
      keyringBackups: ['strongroom.objectLister'],
      offsiteKeyringBackups: ['strongroom.objectLister'],
    },
  },
  audit: {
    databases: { '(default)': 'datastore.viewer' },
    buckets: { logs: ['storage.legacyObjectReader'] },
  },
  // Deletes companies when their time has come: their keys, their documents, and a certificate. It can open nothing.
  close: {
    databases: { '(default)': 'datastore.user', keyring: 'datastore.user' },
    keys: { attest: ['cloudkms.signer', 'cloudkms.publicKeyViewer', 'cloudkms.viewer'] },
    topics: { erasures: 'pubsub.publisher' },
    buckets: {
      ledger: ['storage.objectCreator', 'storage.legacyObjectReader'],
      keyringBackups: ['strongroom.objectLister'],
      offsiteKeyringBackups: ['strongroom.objectLister'],
    },
  },
  // Opens all that a company has, for that company, and signs what it hands out. It changes nothing but the log.
  export: {
    databases: { '(default)': 'datastore.user', keyring: 'datastore.viewer' },
    keys: {
      tenantKek: ['cloudkms.cryptoKeyDecrypter'],
      attest: ['cloudkms.signer', 'cloudkms.publicKeyViewer', 'cloudkms.viewer'],
    },
    buckets: { logs: ['storage.legacyObjectReader'] },
  },
  trust: {
    keys: { attest: ['cloudkms.publicKeyViewer', 'cloudkms.viewer'] },
    buckets: { roots: ['storage.legacyObjectReader'] },
  },
  // Removes orphaned record keys without being able to open one.
  sweep: {
    databases: { '(default)': 'datastore.user', keyring: 'datastore.user' },
    topics: {
      orders: 'pubsub.publisher',
      erasures: 'pubsub.publisher',
      stock: 'pubsub.publisher',
      imports: 'pubsub.publisher',
      deliveries: 'pubsub.publisher',
    },
  },
  // Tells owners by letter that a member recovers an account: what it opens are their addresses. It ends nothing but
  // what lapsed, lets nobody in, and writes no key.
  recover: {
    databases: { '(default)': 'datastore.user', keyring: 'datastore.viewer' },
    keys: { tenantKek: ['cloudkms.cryptoKeyDecrypter'] },
  },
  // The staff's desk on the internet. It reaches our own people's accounts alone: nothing to approve or to open with, and
  // no document of a merchant, a session or a member that it could forge.
  support: {
    databases: { staff: 'datastore.user' },
  },
  // Inside, called by `support` alone. What it opens is encrypted to the one key that a merchant's grant names.
  disclose: {
    databases: { '(default)': 'datastore.user', keyring: 'datastore.user' },
    keys: { tenantKek: ['cloudkms.cryptoKeyDecrypter'] },
    topics: { orders: 'pubsub.publisher' },
    buckets: { logs: ['storage.legacyObjectReader'] },
  },
  // Files of products. It has nothing to open with.
  import: {
    databases: { '(default)': 'datastore.user' },
    topics: { imports: 'pubsub.publisher' },
  },
  // Opens what it sends: the address of one order for its supplier's shop, tracking for the shop that the order came
  // from, each with an entry in the merchant's log.
  deliver: {
    databases: { '(default)': 'datastore.user', keyring: 'datastore.user' },
    keys: { tenantKek: ['cloudkms.cryptoKeyDecrypter'] },
    topics: { deliveries: 'pubsub.publisher' },
  },
  review: {
    databases: { staff: 'datastore.user' },
  },
  // Seals every log: it gives entries their index, signs roots and adds them to the public bucket. It reads a single
  // object of it again where one stands already.
  checkpoint: {
    databases: { '(default)': 'datastore.user' },
    keys: { attest: ['cloudkms.signer', 'cloudkms.publicKeyViewer', 'cloudkms.viewer'] },
    buckets: { roots: ['storage.objectCreator', 'storage.legacyObjectReader'] },
  },
  // Moves old entries of logs into a bucket to which it adds, and of which it reads a single object again where one stands
  // already. It signs nothing and opens nothing of a consumer's. `audit`, which writes nothing, has it write down who was
  // refused.
  'archive-log': {
    databases: { '(default)': 'datastore.user' },
    buckets: { logs: ['storage.objectCreator', 'storage.legacyObjectReader'] },
  },
  // Stripe's endpoint on the internet. It passes ids on, and reaches nothing else.
  'stripe-webhooks': {
    topics: { 'stripe-events': 'pubsub.publisher' },
  },
  // These three hold keys of Stripe's, and none of ours.
  settle: {
    databases: { '(default)': 'datastore.user' },
  },
  bill: {
    databases: { '(default)': 'datastore.user' },
  },
  billing: {
    databases: { '(default)': 'datastore.user' },
  },
  // Have copies made, count what is in them, and look at what came of it by names, sizes and checksums. Neither can read
  // an object, and what they read of the keyring is wrapped by a key that they may not use. Only the second deletes, and
  // of `backups` only what the bucket's retention lets go.
  backup: {
    databases: { '(default)': 'datastore.user', keyring: 'datastore.viewer', staff: 'datastore.viewer' },
    exports: ['(default)', 'keyring', 'staff'],
    buckets: { keyringBackups: ['storage.objectCreator'] },
  },
  'backup-check': {
    databases: { '(default)': 'datastore.user', keyring: 'datastore.viewer', staff: 'datastore.viewer' },
    exports: ['(default)', 'keyring', 'staff'],
    buckets: {
      backups: ['storage.objectCreator', 'storage.legacyObjectReader', 'strongroom.backupKeeper'],
      keyringBackups: ['storage.objectCreator', 'strongroom.backupKeeper'],
      offsiteBackups: ['strongroom.objectLister'],
      offsiteKeyringBackups: ['strongroom.objectLister'],
      logs: ['strongroom.objectLister'],
      offsiteLogs: ['strongroom.objectLister'],
    },
  },
  // Restores into databases of its own, which it makes and deletes, and opens one order that is nobody's. It may read the
  // live `(default)`, where that order stands, and no live key.
  'restore-drill': {
    databases: { '(default)': 'datastore.user' },
    restores: 'drill',
    keys: { tenantKek: ['cloudkms.cryptoKeyDecrypter'] },
    buckets: {
      backups: ['storage.legacyObjectReader', 'strongroom.objectLister'],
      keyringBackups: ['storage.objectCreator', 'strongroom.backupKeeper'],
    },
  },
  // Makes that order, once for each project.
  'plant-drill': {
    databases: { '(default)': 'datastore.user', keyring: 'datastore.user' },
    keys: {
      tenantKek: ['cloudkms.cryptoKeyEncrypter', 'cloudkms.cryptoKeyDecrypter'],
      recoveryKek: ['cloudkms.cryptoKeyEncrypter'],
    },
    topics: { orders: 'pubsub.publisher' },
  },
  // Identities of the offsite project, which reach no database and no key. The first adds copies and takes none away; the
  // second takes away the keyring's and reads none.
  'offsite-copy': {
    buckets: {
      backups: ['storage.objectViewer'],
      keyringBackups: ['storage.objectViewer'],
      logs: ['storage.objectViewer'],
      offsiteBackups: ['storage.objectCreator', 'strongroom.objectLister'],
      offsiteKeyringBackups: ['storage.objectCreator', 'strongroom.objectLister'],
      offsiteLogs: ['storage.objectCreator', 'strongroom.objectLister'],
    },
  },
  'offsite-purge': {
    buckets: { offsiteKeyringBackups: ['strongroom.backupKeeper'] },
  },
  // The operator's own command, which alone makes, trains and suspends accounts of staff.
  'staff-admin': {
    databases: { staff: 'datastore.user' },
  },
  // The command of whoever restores. It fills any database of the project from a bucket and takes away what the ledger names.
  // When the project of `tenantKek` is lost it, and nobody else, unwraps company keys by the recovery key.
  restore: {
    restores: 'any',
    keys: {
      tenantKek: ['cloudkms.cryptoKeyEncrypter'],
      recoveryKek: ['cloudkms.cryptoKeyEncrypter', 'cloudkms.cryptoKeyDecrypter'],
    },
    buckets: {
      ledger: ['storage.objectCreator', 'storage.objectViewer'],
      roots: ['storage.objectViewer'],
      backups: ['storage.legacyObjectReader', 'strongroom.objectLister'],
      // Adds the mark of a keyring that it fills beside the live one.
      keyringBackups: ['storage.objectCreator', 'storage.legacyObjectReader', 'strongroom.objectLister'],
      offsiteBackups: ['storage.legacyObjectReader', 'strongroom.objectLister'],
      offsiteKeyringBackups: ['storage.legacyObjectReader', 'strongroom.objectLister'],
    },
  },
  // The officer's command for a new version of a KMS key or of a company's. Its other right in `(default)` is to write to the
  // company's log.
  rewrap: {
    databases: { '(default)': 'datastore.user', keyring: 'datastore.user' },
    keys: {
      tenantKek: ['cloudkms.cryptoKeyEncrypter', 'cloudkms.cryptoKeyDecrypter'],
      recoveryKek: ['cloudkms.cryptoKeyEncrypter'],
    },
    buckets: {
      backups: ['storage.legacyObjectReader'],
      keyringBackups: ['strongroom.objectLister'],
      offsiteKeyringBackups: ['strongroom.objectLister'],
    },
  },
  // Whoever restores runs it before any function may read. It takes away what the ledger names and can open nothing.
  'replay-ledger': {
    databases: { '(default)': 'datastore.user', keyring: 'datastore.user' },
    buckets: { ledger: ['storage.objectCreator', 'storage.objectViewer'] },
  },
  // The launcher's own identity, which plays Terraform and the first merchants' sign-up. The recovery key only ever
  // encrypts here too: what opens it lives in the offsite project, with the restore identity alone.
  seed: {
    databases: { '(default)': 'datastore.user', keyring: 'datastore.user', staff: 'datastore.user' },
    keys: {
      tenantKek: ['cloudkms.cryptoKeyEncrypter', 'cloudkms.cryptoKeyDecrypter'],
      recoveryKek: ['cloudkms.cryptoKeyEncrypter'],
      attest: ['cloudkms.signer', 'cloudkms.publicKeyViewer'],
    },
    project: ['cloudkms.admin', 'pubsub.admin', 'storage.admin'],
  },
} as const satisfies Record<string, Role>;

/** Whose door it is: the name of a function, or of a command that a person runs. */
export type Identity = keyof typeof ROLES;
