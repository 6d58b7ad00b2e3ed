import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalClock, startClock } from './clock.ts';
import { type Door, startDoor } from './door/door.ts';
import { type Emulators, startEmulators, takeAddresses } from './emulators.ts';
import { clearDatabases, exportDatabases, importDatabases, isExport } from './firestore-export.ts';
import { type FirestoreAdminStandIn, startFirestoreAdmin } from './firestore-admin/server.ts';
import { type Gateway, startGateway } from './gateway.ts';
import type { SpareProcesses } from './host-apart.ts';
import { type Hosts, startHosts } from './hosts.ts';
import { keepAhead, readAhead } from './kept-time.ts';
import { type KeyNames, provisionKeys } from './kms/provision.ts';
import { type KmsStandIn, startKms } from './kms/server.ts';
import { type Identity, ROLES } from './roles.ts';
import { needs } from './needs.ts';
import { readRoutes } from './routes.ts';
import { bucketName } from './storage/buckets.ts';
import { type BackupBuckets, provisionBuckets } from './storage/provision.ts';
import { startStorage, type StorageServer } from './storage/server.ts';
import { startStripe, type StripeStandIn } from './stripe/server.ts';
import { endpointsOf, stripeEnvOf } from './stripe/wiring.ts';
import {
  createTopology,
  type Delivery,
  DELIVERY,
  FUNCTIONS,
  type FunctionName,
  removeTopology,
  SCHEDULES,
} from './topology.ts';

export interface CloudOptions {
  /** The gateway's port; 0, as every other port, takes a free one. */
  port?: number;
  /** Keeps documents, keys, objects and the project's id from one run to the next. Without it all is in memory. */
  dataDir?: string;
  /** Emulators that somebody else starts and stops. Without them both are started here. */
  emulators?: Emulators;
  delivery?: Partial<Delivery>;
  /** Takes each letter that is sent, as a file. Without it, one beside the data, or one that is removed at the end. */
  mailDir?: string;
  /** `EGRESS_STAND_INS` of the functions that call out: which hosts are played on this machine. */
  standIns?: string;
  /** Functions that get a process of their own; the others share one. */
  apart?: readonly FunctionName[];
  /** Where processes of functions come from and go to, for many clouds one after another. */
  spares?: SpareProcesses;
  /** Scheduled functions are called only when `clock` is told to. */
  clockByHand?: boolean;
  /** Names of schedules that time alone does not fire; `clock.tick` does. */
  asleep?: readonly string[];
  /** Takes each line that the functions write, without its end. */
  onLine?: (line: string) => void;
  /** Told what is started next, in a word or two. */
  onStep?: (step: string) => void;
}

/** The whole hub on this machine. Everything listens on 127.0.0.1. */
export interface Cloud {
  readonly projectId: string;
  /** Where the gateway answers. */
  readonly baseUrl: string;
  readonly emulators: Emulators;
  readonly kms: KmsStandIn;
  readonly storage: StorageServer;
  readonly stripe: StripeStandIn;
  readonly firestoreAdmin: FirestoreAdminStandIn;
  readonly keys: KeyNames;
  readonly ledgerBucket: string;
  readonly backupBuckets: BackupBuckets;
  /** Where each letter that is sent becomes a file. */
  readonly mailDir: string;
  /** One for each function, and one for `seed`, the launcher's own identity. */
  readonly doors: Readonly<Record<Identity, Door>>;
  readonly clock: LocalClock;
  readonly hosts: Hosts;
  readonly gateway: Gateway;
  /** The environment that a function with this identity is given. */
  envOf(identity: Identity): Record<string, string>;
  /** SIGKILL to the process of a function; `restart` brings it back at the same address. */
  kill(name: FunctionName): Promise<void>;
  restart(name: FunctionName): Promise<void>;
  /** Stops and starts both emulators under load: what was acknowledged before is there afterwards. */
  restartEmulators(): Promise<void>;
  /** Writes all databases below `folder` in the real export format. */
  exportTo(folder: string): Promise<void>;
  stop(): Promise<void>;
}

const LOCATION = 'global';
/**
 * `https://9000.localhost/hook` is what listens at port 9000: a merchant's own endpoint on the same machine, and
 * `9001.shops.example` a shop that is played here.
 */
const STAND_INS = '*.localhost=*,*.shops.example=*';

/** Starts everything and settles when every route answers. What was started is stopped again when a part fails. */
export async function startCloud(options: CloudOptions = {}): Promise<Cloud> {
  const closers: (() => unknown)[] = [];
  const stop = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const close of closers.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  };
  try {
    return await assemble(options, closers, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function assemble(
  options: CloudOptions,
  closers: (() => unknown)[],
  stop: () => Promise<void>,
): Promise<Cloud> {
  const { dataDir, onLine = () => undefined, onStep = () => undefined } = options;
  const delivery = { ...DELIVERY, ...options.delivery };
  // The official clients look for a metadata server that is not there; two seconds each.
  process.env['METADATA_SERVER_DETECTION'] ??= 'none';

  // First, since a port in use is what goes wrong most; it holds its requests until everything is there.
  const gateway = await startGateway({
    port: options.port ?? 0,
    route: readRoutes(),
    portOf: (name) => hosts.port(name),
  });
  closers.push(() => gateway.close());

  // The network inside: one function calls another where it listens now, and nobody else knows the address.
  const inside = await startGateway({
    port: 0,
    route: (path) => (path === '/refusals' ? 'archive-log' : 'disclose'),
    portOf: (name) => hosts.port(name),
  });
  closers.push(() => inside.close());
  inside.release();

  // Held as well. The functions it calls come last, and all that keeps time reads it from the start.
  const aheadMs = dataDir === undefined ? 0 : await readAhead(dataDir);
  const clock = startClock({
    schedules: SCHEDULES,
    urlOf: (name) => hosts.url(name),
    async onMove(offset) {
      if (dataDir !== undefined) await keepAhead(dataDir, offset);
      await hosts.move(offset);
    },
    aheadMs,
    byHand: options.clockByHand ?? false,
    asleep: options.asleep ?? [],
  });
  closers.push(() => {
    clock.stop();
  });

  const projectId = await projectIdOf(dataDir);
  onStep('emulators');
  // Given emulators leave the variables where they are, and this process has clients of its own.
  if (options.emulators !== undefined) takeAddresses(process.env);
  const emulators = options.emulators ?? (await startEmulators());
  if (options.emulators === undefined) closers.push(() => emulators.stop());
  const saved = dataDir === undefined ? undefined : join(dataDir, 'firestore');
  if (saved !== undefined && isExport(saved)) {
    await importDatabases(emulators.firestore.address, projectId, saved);
  }
  // Before this the emulator knows nothing.
  let since = Date.now();
  const past = (time: number): number => Math.max(clock.machineTime(time), since);

  onStep('keys and buckets');
  const { now } = clock;
  const kept = dataDir === undefined ? {} : { dataDir };
  const kms = await startKms({ ...kept, now });
  closers.push(() => kms.close());
  const storage = await startStorage({ ...kept, now });
  closers.push(() => storage.close());
  const stripe = await startStripe({ ...kept, now });
  closers.push(() => stripe.close());
  stripe.deliverTo(endpointsOf(gateway.url));
  const ledgerBucket = bucketName(projectId, 'ledger');
  const rootsBucket = bucketName(projectId, 'roots');
  const logBucket = bucketName(projectId, 'logs');
  const backupBuckets = {
    backups: bucketName(projectId, 'backups'),
    keyringBackups: bucketName(projectId, 'keyringBackups'),
    offsiteBackups: bucketName(projectId, 'offsiteBackups'),
    offsiteKeyringBackups: bucketName(projectId, 'offsiteKeyringBackups'),
    offsiteLogs: bucketName(projectId, 'offsiteLogs'),
  };
  const firestoreAdmin = await startFirestoreAdmin({
    ...{ projectId, past, now, storageUrl: storage.url },
    firestore: () => emulators.firestore.address,
  });
  closers.push(() => firestoreAdmin.close());
  const [keys] = await Promise.all([
    provisionKeys({ port: kms.port, projectId, location: LOCATION, now }),
    provisionBuckets({
      ...{ projectId, ledgerBucket, rootsBucket, logBucket, backupBuckets },
      storageEndpoint: storage.url,
    }),
  ]);

  const backends = {
    firestore: emulators.firestore.address,
    firestoreAdmin: `127.0.0.1:${firestoreAdmin.port}`,
    pubsub: emulators.pubsub.address,
    kms: `127.0.0.1:${kms.port}`,
    storage: storage.url,
  };
  const identities = Object.keys(ROLES) as Identity[];
  const opened = await Promise.all(
    identities.map((identity) =>
      startDoor({
        identity,
        cloud: { projectId, kms: keys, ledgerBucket, rootsBucket, logBucket, backupBuckets },
        backends,
        past,
      }),
    ),
  );
  closers.push(() => Promise.all(opened.map((door) => door.close())));
  const doors = Object.fromEntries(opened.map((door) => [door.identity, door])) as Record<Identity, Door>;
  const mailDir = options.mailDir ?? (await mailDirOf(dataDir, closers));
  const envOf = (identity: Identity): Record<string, string> => ({
    GOOGLE_CLOUD_PROJECT: projectId,
    STRONGROOM_ENV: 'local',
    BASE_URL: gateway.url,
    KMS_TENANT_KEK: keys.tenantKek,
    KMS_RECOVERY_KEK: keys.recoveryKek,
    KMS_ATTEST: keys.attest,
    LEDGER_BUCKET: ledgerBucket,
    ROOTS_BUCKET: rootsBucket,
    LOG_BUCKET: logBucket,
    BACKUP_BUCKET: backupBuckets.backups,
    KEYRING_BACKUP_BUCKET: backupBuckets.keyringBackups,
    OFFSITE_BACKUP_BUCKET: backupBuckets.offsiteBackups,
    OFFSITE_KEYRING_BACKUP_BUCKET: backupBuckets.offsiteKeyringBackups,
    OFFSITE_LOG_BUCKET: backupBuckets.offsiteLogs,
    CLOUD_ENDPOINT: doors[identity].cloudEndpoint,
    STORAGE_ENDPOINT: doors[identity].storageEndpoint,
    ...(needs('disclose', identity) && { DISCLOSE_URL: inside.url }),
    ...(needs('archiveLog', identity) && { ARCHIVE_LOG_URL: inside.url }),
    ...(needs('mail', identity) && { MAIL_DIR: mailDir }),
    ...stripeEnvOf(identity, stripe.url),
    ...(needs('shopifyApp', identity) && shopifyAppOf(projectId)),
    ...(needs('egress', identity) && { EGRESS_STAND_INS: options.standIns ?? STAND_INS }),
  });

  onStep('functions');
  const apart = options.apart ?? [];
  const together = FUNCTIONS.filter((name) => !apart.includes(name));
  const hosts = await startHosts({
    groups: [...apart.map((name) => [name]), ...(together.length === 0 ? [] : [together])],
    envOf,
    onLine,
    aheadMs,
    ...(options.spares !== undefined && { spares: options.spares }),
  });
  closers.push(() => hosts.stop());
  onStep('topics and subscriptions');
  const topology = { projectId, pubsub: emulators.pubsub.address, delivery };
  const urls = Object.fromEntries(FUNCTIONS.map((name) => [name, hosts.url(name)])) as Record<
    FunctionName,
    string
  >;
  await createTopology({ ...topology, urls });

  const quieten = async (): Promise<void> => {
    await Promise.all([gateway.hold(), clock.hold()]);
    await hosts.idle();
  };
  const exportTo = (folder: string): Promise<void> =>
    exportDatabases(emulators.firestore.address, projectId, folder);
  if (!emulators.own || options.emulators !== undefined) {
    closers.push(async () => {
      await removeTopology(topology);
      await clearDatabases(emulators.firestore.address, projectId);
    });
  }
  if (saved !== undefined) {
    closers.push(async () => {
      await quieten();
      await exportTo(saved);
    });
  }
  gateway.release();
  clock.release();

  return {
    ...{
      projectId,
      baseUrl: gateway.url,
      emulators,
      kms,
      storage,
      stripe,
      keys,
      ledgerBucket,
      mailDir,
      doors,
    },
    ...{ firestoreAdmin, backupBuckets },
    ...{ clock, hosts, gateway, envOf, exportTo, stop },
    kill: (name) => hosts.kill(name),
    restart: (name) => hosts.restart(name),
    async restartEmulators() {
      const folder = await mkdtemp(join(tmpdir(), 'strongroom-'));
      try {
        await Promise.all([gateway.hold(), clock.hold()]);
        // Pushes come past the gateway: once their sender is gone, those under way are finished.
        await emulators.pubsub.stop();
        await hosts.idle();
        await exportTo(join(folder, 'export'));
        await emulators.firestore.stop();
        await Promise.all([emulators.firestore.start(), emulators.pubsub.start()]);
        await importDatabases(emulators.firestore.address, projectId, join(folder, 'export'));
        since = Date.now();
        for (const door of opened) door.setBackends(backends);
        await createTopology({ ...topology, urls });
      } finally {
        gateway.release();
        clock.release();
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

/** The one app of this hub at Shopify: kept as long as the project's id is. */
export function shopifyAppOf(
  projectId: string,
): Record<'SHOPIFY_CLIENT_ID' | 'SHOPIFY_CLIENT_SECRETS', string> {
  const secret = createHash('sha256').update(`shopify-app/${projectId}`).digest('hex');
  return { SHOPIFY_CLIENT_ID: `app-${projectId}`, SHOPIFY_CLIENT_SECRETS: secret };
}

async function mailDirOf(dataDir: string | undefined, closers: (() => unknown)[]): Promise<string> {
  if (dataDir !== undefined) return join(dataDir, 'mail');
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-mail-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Names of keys hold the project's id, so data that is kept keeps it too. */
async function projectIdOf(dataDir: string | undefined): Promise<string> {
  const fresh = `strongroom-${randomBytes(5).toString('hex')}`;
  if (dataDir === undefined) return fresh;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'project');
  if (existsSync(file)) return (await readFile(file, 'utf8')).trim();
  await writeFile(file, `${fresh}\n`);
  return fresh;
}
