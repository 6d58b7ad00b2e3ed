import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Identity, type Role, ROLES } from '../../local/roles.ts';
import { TOPICS } from '../../local/topology.ts';
import { startDoor } from '../../local/door/door.ts';
import { type Behind, type Clients, clientsAt, fresh, openBehind } from './door-fixture.ts';
import { FIRESTORE, rawCall } from './raw-call.ts';

const IDENTITIES = Object.keys(ROLES) as Identity[];
const DATABASES = ['(default)', 'keyring', 'staff'] as const;

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
      allowed: (role) => role.databases?.[database] !== undefined,
      run: ({ door }, { cloud }) => {
        const name = `projects/${cloud.projectId}/databases/${database}`;
        const request = { database: name, documents: [`${name}/documents/probes/${fresh()}`] };
        return rawCall(door.cloudEndpoint, [FIRESTORE, 'BatchGetDocuments'], request);
      },
    },
    {
      title: `queries ${database}`,
      allowed: (role) => role.databases?.[database] !== undefined,
      run: ({ door }, { cloud }) => {
        const parent = `projects/${cloud.projectId}/databases/${database}/documents`;
        const request = { parent, structuredQuery: { from: [{ collectionId: 'probes' }] } };
        return rawCall(door.cloudEndpoint, [FIRESTORE, 'RunQuery'], request);
      },
    },
    {
      title: `creates in ${database}`,
      allowed: (role) => role.databases?.[database] === 'datastore.user',
      run: ({ firestore }) => firestore(database).doc(`probes/${fresh()}`).create({ a: 1 }),
    },
    {
      title: `deletes in ${database}`,
      allowed: (role) => role.databases?.[database] === 'datastore.user',
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
      run: ({ kms }, { cloud, wrapped }) => kms.decrypt({ name: cloud.kms[key], ciphertext: wrapped }),
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
      ((topic === 'orders' ||
        topic === 'erasures' ||
        topic === 'stock' ||
        topic === 'imports' ||
        topic === 'deliveries' ||
        topic === 'pulls') &&
        role.topics?.[topic] !== undefined),
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
  {
    title: 'makes a bucket',
    allowed: (role) => role.project?.includes('storage.admin') ?? false,
    run: ({ storage }) => storage.createBucket(fresh()),
  },
];

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

  it('lets nobody decrypt with the recovery key', () => {
    const rights = IDENTITIES.flatMap((identity) => (ROLES[identity] as Role).keys?.recoveryKek ?? []);
    expect(new Set(rights)).toEqual(new Set(['cloudkms.cryptoKeyEncrypter']));
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
      'seed',
    ]);
  });

  it('gives the staff’s desk neither the keyring nor KMS, a topic or a bucket', () => {
    expect(ROLES.support).toEqual({ databases: { staff: 'datastore.user' } });
    expect(ROLES.review).toEqual({ databases: { staff: 'datastore.user' } });
    expect(ROLES['staff-admin']).toEqual({ databases: { staff: 'datastore.user' } });
  });
});
