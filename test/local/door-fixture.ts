import { randomBytes } from 'node:crypto';
import { credentials } from '@grpc/grpc-js';
import { KeyManagementServiceClient } from '@google-cloud/kms';
import { PubSub } from '@google-cloud/pubsub';
import type { Firestore } from '@google-cloud/firestore';
import type { Storage } from '@google-cloud/storage';
import { inject, onTestFinished } from 'vitest';
import { type Backends, type Door, startDoor } from '../../local/door/door.ts';
import type { Cloud } from '../../local/door/permissions.ts';
import { startFirestoreAdmin } from '../../local/firestore-admin/server.ts';
import { provisionKeys } from '../../local/kms/provision.ts';
import { startKms } from '../../local/kms/server.ts';
import type { Identity } from '../../local/roles.ts';
import type { BackupBuckets } from '../../local/storage/provision.ts';
import { startStorage } from '../../local/storage/server.ts';
import { hostAndPort } from '../../shared/cloud/config.ts';
import { type DatabaseId, openFirestore } from '../../shared/cloud/firestore.ts';
import { openStorage } from '../../shared/cloud/storage.ts';
import { TOPICS } from '../../local/topology.ts';

/** The real parts behind every door of one test file. */
export interface Behind {
  cloud: Cloud & { logBucket: string; backupBuckets: BackupBuckets };
  backends: Backends;
  /** What `tenantKek` made of `plaintext`, for those who may only decrypt. */
  wrapped: Buffer;
  /** The same plaintext, wrapped by each. */
  wrappedBy: Record<'tenantKek' | 'recoveryKek', Buffer>;
  plaintext: Buffer;
  stop(): Promise<void>;
}

/** The official clients of one identity, at its door. */
export interface Clients {
  door: Door;
  firestore: (database: DatabaseId) => Firestore;
  pubsub: PubSub;
  kms: KeyManagementServiceClient;
  storage: Storage;
  close(): Promise<void>;
}

/** Starts the stand-ins beside the suite's emulators, with a project of its own: its keys, topics and the ledger's bucket. */
/** An object in the bucket of backups. */
export const TO_COPY = 'to-copy';

export async function openBehind(): Promise<Behind> {
  const emulators = inject('emulators');
  // The clients would follow these past every door.
  delete process.env['FIRESTORE_EMULATOR_HOST'];
  delete process.env['PUBSUB_EMULATOR_HOST'];
  const kms = await startKms({});
  const storage = await startStorage();
  const projectId = `door-${randomBytes(6).toString('hex')}`;
  const keys = await provisionKeys({ port: kms.port, projectId, now: Date.now });
  const backupBuckets = {
    ...{ backups: `${projectId}-backups`, keyringBackups: `${projectId}-keyring-backups` },
    ...{ offsiteBackups: `${projectId}-offsite`, offsiteKeyringBackups: `${projectId}-offsite-keyring` },
    offsiteLogs: `${projectId}-offsite-logs`,
  };
  const [ledgerBucket, logBucket] = [`${projectId}-ledger`, `${projectId}-logs`];
  const cloud = { projectId, kms: keys, ledgerBucket, logBucket, backupBuckets };
  const firestoreAdmin = await startFirestoreAdmin({
    ...{ projectId, storageUrl: storage.url, past: (time: number) => time, now: Date.now },
    firestore: () => emulators.firestore,
  });
  const backends = {
    firestore: emulators.firestore,
    firestoreAdmin: `127.0.0.1:${firestoreAdmin.port}`,
    pubsub: emulators.pubsub,
    kms: `127.0.0.1:${kms.port}`,
    storage: storage.url,
  };
  const seed = clientsAt(await startDoor({ identity: 'seed', cloud, backends }), cloud);
  for (const topic of TOPICS) await seed.pubsub.createTopic(topic);
  for (const bucket of [ledgerBucket, logBucket, ...Object.values(backupBuckets)]) {
    await seed.storage.createBucket(bucket);
  }
  await seed.storage.bucket(backupBuckets.backups).file(TO_COPY).save('copied', { resumable: false });
  const plaintext = randomBytes(32);
  const wrapped = async (name: string): Promise<Buffer> => {
    const [{ ciphertext }] = await seed.kms.encrypt({ name, plaintext });
    return Buffer.from(ciphertext as Uint8Array);
  };
  const wrappedBy = {
    tenantKek: await wrapped(keys.tenantKek),
    recoveryKek: await wrapped(keys.recoveryKek),
  };
  await seed.close();
  return {
    cloud,
    backends,
    plaintext,
    wrapped: wrappedBy.tenantKek,
    wrappedBy,
    async stop() {
      await firestoreAdmin.close();
      await Promise.all([kms.close(), storage.close()]);
    },
  };
}

/** A door with clients at it; all end with the test. */
export async function openDoor(behind: Behind, identity: Identity): Promise<Clients> {
  const { cloud, backends } = behind;
  const clients = clientsAt(await startDoor({ identity, cloud, backends }), cloud);
  onTestFinished(() => clients.close());
  return clients;
}

export function clientsAt(door: Door, { projectId }: Cloud): Clients {
  const { host, port } = hostAndPort(door.cloudEndpoint);
  const databases = new Map<DatabaseId, Firestore>();
  const pubsub = new PubSub({ projectId, apiEndpoint: door.cloudEndpoint, emulatorMode: true });
  const kms = new KeyManagementServiceClient({
    apiEndpoint: host,
    port,
    sslCreds: credentials.createInsecure(),
  });
  return {
    door,
    firestore(database) {
      const open =
        databases.get(database) ?? openFirestore({ projectId, cloudEndpoint: door.cloudEndpoint }, database);
      databases.set(database, open);
      return open;
    },
    pubsub,
    kms,
    storage: openStorage({ projectId, storageEndpoint: door.storageEndpoint }),
    async close() {
      await Promise.all([...databases.values()].map((database) => database.terminate()));
      await Promise.all([pubsub.close(), kms.close()]);
      await door.close();
    },
  };
}

/** A name that no other test uses. */
export function fresh(): string {
  return `t${randomBytes(8).toString('hex')}`;
}
