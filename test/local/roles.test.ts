import type { Storage } from '@google-cloud/storage';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BucketRole, type Identity, type Role, ROLES } from '../../local/roles.ts';
import { TOPICS } from '../../local/topology.ts';
import type { BackupBuckets } from '../../local/storage/provision.ts';
import { startDoor } from '../../local/door/door.ts';
import { type Behind, type Clients, clientsAt, fresh, openBehind, TO_COPY } from './door-fixture.ts';
import { FIRESTORE, FIRESTORE_ADMIN, rawCall } from './raw-call.ts';

const IDENTITIES = Object.keys(ROLES) as Identity[];
const DATABASES = ['(default)', 'keyring', 'staff'] as const;
const BUCKETS = [
  ...(['backups', 'keyringBackups', 'offsiteBackups', 'offsiteKeyringBackups', 'logs'] as const),
  'offsiteLogs',
] as const;
const named = (bucket: (typeof BUCKETS)[number], { logBucket, backupBuckets }: Behind['cloud']): string =>
  bucket === 'logs' ? logBucket : backupBuckets[bucket];

function copyOffsite(
  storage: Storage,
  buckets: BackupBuckets,
  preconditionOpts?: { ifGenerationMatch: number },
): Promise<unknown> {
  const copy = storage.bucket(buckets.offsiteBackups).file(fresh());
  return storage
    .bucket(buckets.backups)
    .file(TO_COPY)
    .copy(copy, preconditionOpts === undefined ? {} : { preconditionOpts });
}

/** One thing to try with an official client, and which rows of the table say that it works. */
interface Probe {
  title: string;
  allowed: (role: Role) => boolean;
  run: (clients: Clients, behind: Behind) => Promise<unknown>;
}

const probes: Probe[] = [
  ...DATABASES.flatMap((database): Probe[] => [
    {
      title: `reads a document of ${database}`,
      allowed: (role) => role.databases?.[database] !== undefined || role.restores === 'any',
      run: ({ door }, { cloud }) => {
        const name = `projects/${cloud.projectId}/databases/${database}`;
        const request = { database: name, documents: [`${name}/documents/probes/${fresh()}`] };
        return rawCall(door.cloudEndpoint, [FIRESTORE, 'BatchGetDocuments'], request);
      },
    },
    {
      title: `queries ${database}`,
      allowed: (role) => role.databases?.[database] !== undefined || role.restores === 'any',
      run: ({ door }, { cloud }) => {
        const parent = `projects/${cloud.projectId}/databases/${database}/documents`;
        const request = { parent, structuredQuery: { from: [{ collectionId: 'probes' }] } };
        return rawCall(door.cloudEndpoint, [FIRESTORE, 'RunQuery'], request);
      },
    },
    {
      title: `creates in ${database}`,
      allowed: (role) => role.databases?.[database] === 'datastore.user' || role.restores === 'any',
      run: ({ firestore }) => firestore(database).doc(`probes/${fresh()}`).create({ a: 1 }),
    },
    {
      title: `deletes in ${database}`,
      allowed: (role) => role.databases?.[database] === 'datastore.user' || role.restores === 'any',
      run: ({ firestore }) => firestore(database).doc(`probes/${fresh()}`).delete(),
    },
  ]),
  ...(['tenantKek', 'recoveryKek'] as const).flatMap((key): Probe[] => [
    {
      title: `encrypts with ${key}`,
      allowed: (role) => role.keys?.[key]?.includes('cloudkms.cryptoKeyEncrypter') ?? false,
      run: ({ kms }, { cloud, plaintext }) => kms.encrypt({ name: cloud.kms[key], plaintext }),
    },
    {
      title: `decrypts with ${key}`,
      allowed: (role) => role.keys?.[key]?.includes('cloudkms.cryptoKeyDecrypter') ?? false,
      run: ({ kms }, { cloud, wrappedBy }) =>
        kms.decrypt({ name: cloud.kms[key], ciphertext: wrappedBy[key] }),
    },
  ]),
  {
    title: 'signs with attest',
    allowed: (role) => role.keys?.attest?.includes('cloudkms.signer') ?? false,
    run: ({ kms }, { cloud, plaintext }) =>
      kms.asymmetricSign({ name: `${cloud.kms.attest}/cryptoKeyVersions/1`, digest: { sha256: plaintext } }),
  },
  {
    title: 'reads the public half of attest',
    allowed: (role) => role.keys?.attest?.includes('cloudkms.publicKeyViewer') ?? false,
    run: ({ kms }, { cloud }) => kms.getPublicKey({ name: `${cloud.kms.attest}/cryptoKeyVersions/1` }),
  },
  {
    title: 'lists the versions of attest',
    allowed: (role) =>
      (role.keys?.attest?.includes('cloudkms.viewer') ?? false) ||
      (role.project?.includes('cloudkms.admin') ?? false),
    run: ({ kms }, { cloud }) => kms.listCryptoKeyVersions({ parent: cloud.kms.attest }),
  },
  {
    title: 'makes a version of tenantKek',
    allowed: (role) => role.project?.includes('cloudkms.admin') ?? false,
    run: ({ kms }, { cloud }) => kms.createCryptoKeyVersion({ parent: cloud.kms.tenantKek }),
  },
  ...TOPICS.map((topic): Probe => ({
    title: `publishes to ${topic}`,
    allowed: (role) =>
      (role.project?.includes('pubsub.admin') ?? false) ||
      (!topic.endsWith('-dead') && role.topics?.[topic as keyof NonNullable<Role['topics']>] !== undefined),
    run: ({ pubsub }) => pubsub.topic(topic).publishMessage({ json: {} }),
  })),
  {
    title: 'makes a topic',
    allowed: (role) => role.project?.includes('pubsub.admin') ?? false,
    run: ({ pubsub }) => pubsub.createTopic(fresh()),
  },
  {
    title: 'adds to the ledger',
    allowed: (role) =>
      (role.buckets?.ledger?.includes('storage.objectCreator') ?? false) ||
      (role.project?.includes('storage.admin') ?? false),
    run: ({ storage }, { cloud }) =>
      storage.bucket(cloud.ledgerBucket).file(fresh()).save('{}', { resumable: false }),
  },
  {
    title: 'looks up one entry of the ledger',
    allowed: (role) =>
      (role.buckets?.ledger?.includes('storage.legacyObjectReader') ?? false) ||
      (role.buckets?.ledger?.includes('storage.objectViewer') ?? false) ||
      (role.project?.includes('storage.admin') ?? false),
    run: ({ storage }, { cloud }) => storage.bucket(cloud.ledgerBucket).file(fresh()).exists(),
  },
  {
    title: 'lists the ledger',
    allowed: (role) =>
      (role.buckets?.ledger?.includes('storage.objectViewer') ?? false) ||
      (role.project?.includes('storage.admin') ?? false),
    run: ({ storage }, { cloud }) => storage.bucket(cloud.ledgerBucket).getFiles(),
  },
  ...DATABASES.flatMap((database): Probe[] => [
    {
      title: `exports ${database}`,
      allowed: (role) => role.exports?.includes(database) ?? false,
      run: ({ door }, { cloud }) => {
        const name = `projects/${cloud.projectId}/databases/${database}`;
        const outputUriPrefix = `gs://${cloud.backupBuckets.backups}/${fresh()}`;
        return rawCall(door.cloudEndpoint, [FIRESTORE_ADMIN, 'ExportDocuments'], { name, outputUriPrefix });
      },
    },
    {
      title: `imports into ${database}`,
      allowed: (role) => role.restores === 'any',
      run: ({ door }, { cloud }) => {
        const name = `projects/${cloud.projectId}/databases/${database}`;
        const inputUriPrefix = `gs://${cloud.backupBuckets.backups}/${fresh()}`;
        const request = { name, inputUriPrefix };
        return rawCall(door.cloudEndpoint, [FIRESTORE_ADMIN, 'ImportDocuments'], request).catch(unlessGone);
      },
    },
  ]),
  ...BUCKETS.flatMap((bucket): Probe[] => {
    const any = (role: Role, ...names: BucketRole[]): boolean =>
      names.some((name) => role.buckets?.[bucket]?.includes(name)) ||
      (role.project?.includes('storage.admin') ?? false);
    const readers = ['storage.objectViewer', 'storage.legacyObjectReader'] as const;
    const listers = ['storage.objectViewer', 'strongroom.objectLister', 'strongroom.backupKeeper'] as const;
    return [
      {
        title: `lists ${bucket}`,
        allowed: (role) => any(role, ...listers),
        run: ({ storage }, { cloud }) => storage.bucket(named(bucket, cloud)).getFiles(),
      },
      {
        title: `deletes from ${bucket}`,
        allowed: (role) => any(role, 'strongroom.backupKeeper'),
        run: ({ storage }, { cloud }) =>
          storage.bucket(named(bucket, cloud)).file(fresh()).delete({ ignoreNotFound: true }),
      },
      {
        title: `reads from ${bucket}`,
        allowed: (role) => any(role, ...readers),
        run: ({ storage }, { cloud }) => storage.bucket(named(bucket, cloud)).file(fresh()).exists(),
      },
      {
        title: `adds to ${bucket}`,
        allowed: (role) => any(role, 'storage.objectCreator'),
        run: ({ storage }, { cloud }) =>
          storage
            .bucket(named(bucket, cloud))
            .file(fresh())
            .save('', { resumable: false, preconditionOpts: { ifGenerationMatch: 0 } }),
      },
    ];
  }),
  {
    title: 'copies a backup offsite',
    allowed: (role) =>
      (role.buckets?.backups?.includes('storage.objectViewer') === true &&
        role.buckets.offsiteBackups?.includes('storage.objectCreator') === true) ||
      (role.project?.includes('storage.admin') ?? false),
    run: ({ storage }, { cloud }) => copyOffsite(storage, cloud.backupBuckets, { ifGenerationMatch: 0 }),
  },
  {
    title: 'replaces a copy offsite',
    allowed: (role) => role.project?.includes('storage.admin') ?? false,
    run: ({ storage }, { cloud }) => copyOffsite(storage, cloud.backupBuckets),
  },
  {
    title: 'makes a bucket',
    allowed: (role) => role.project?.includes('storage.admin') ?? false,
    run: ({ storage }) => storage.createBucket(fresh()),
  },
];

/** Nothing lies there to import: whoever hears that was let through. */
function unlessGone(error: unknown): void {
  if ((error as { code?: unknown }).code !== status.NOT_FOUND) throw error;
}

let behind: Behind;
beforeAll(async () => {
  behind = await openBehind();
});
afterAll(() => behind.stop());

describe.each(IDENTITIES)('the door of %s', (identity) => {
  const role: Role = ROLES[identity];
  let clients: Clients;
  beforeAll(async () => {
    const { cloud, backends } = behind;
    clients = clientsAt(await startDoor({ identity, cloud, backends }), cloud);
  });
  afterAll(() => clients.close());

  it.each(probes.filter((probe) => probe.allowed(role)))('lets it through: $title', async ({ run }) => {
    await expect(run(clients, behind).then(() => 'through')).resolves.toBe('through');
  });

  it.each(probes.filter((probe) => !probe.allowed(role)))('refuses: $title', async ({ run }) => {
    const refused = expect.toSatisfy((code) => code === status.PERMISSION_DENIED || code === 403) as number;
    await expect(run(clients, behind)).rejects.toMatchObject({ code: refused });
  });
});

describe('the table', () => {
  it('gives no deployed function a right on the whole project', () => {
    const wide = IDENTITIES.filter((identity) => (ROLES[identity] as Role).project !== undefined);
    expect(wide).toEqual(['seed']);
  });

  it('lets whoever restores decrypt with the recovery key, and nobody else', () => {
    const opening = IDENTITIES.filter((identity) =>
      (ROLES[identity] as Role).keys?.recoveryKek?.includes('cloudkms.cryptoKeyDecrypter'),
    );
    expect(opening).toEqual(['restore']);
  });

  it('gives keyring and a key to open it with only to those who seal or open', () => {
    const opening = IDENTITIES.filter((identity) => {
      const role: Role = ROLES[identity];
      return role.databases?.keyring && role.keys?.tenantKek?.includes('cloudkms.cryptoKeyDecrypter');
    });
    expect(opening).toEqual([
      'webhooks',
      'pull',
      'route-order',
      'orders',
      'accounts',
      'partners',
      'export',
      'recover',
      'disclose',
      'deliver',
      'plant-drill',
      'rewrap',
      'seed',
    ]);
  });

  it('gives the staff’s desk neither the keyring nor KMS, a topic or a bucket', () => {
    expect(ROLES.support).toEqual({ databases: { staff: 'datastore.user' } });
    expect(ROLES.review).toEqual({ databases: { staff: 'datastore.user' } });
    expect(ROLES['staff-admin']).toEqual({ databases: { staff: 'datastore.user' } });
  });
});
