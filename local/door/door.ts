import type { Identity } from '../roles.ts';
import { Backend } from './backend.ts';
import type { Desk } from './call.ts';
import { openCloudPort } from './cloud-port.ts';
import { Counts } from './counts.ts';
import { type Fault, FaultTrap } from './faults.ts';
import { Latency } from './latency.ts';
import { type Cloud, Grants } from './permissions.ts';
import type { SeenQuery } from './queries.ts';
import type { DocumentRead } from './reads.ts';
import { openStoragePort } from './storage-port.ts';
import { Watchers } from './watchers.ts';
import type { Commit, DocumentWrite } from './writes.ts';

/** Where the parts behind a door answer: four times `host:port`, and the base URL of Cloud Storage's stand-in. */
export interface Backends {
  firestore: string;
  firestoreAdmin: string;
  pubsub: string;
  kms: string;
  storage: string;
}

/** One function's way to the cloud on this machine. Whoever knows its addresses is that function. */
export interface Door {
  readonly identity: Identity;
  /** `host:port` of Firestore, Pub/Sub and KMS together: `CLOUD_ENDPOINT`. */
  readonly cloudEndpoint: string;
  /** Base URL of Cloud Storage: `STORAGE_ENDPOINT`. */
  readonly storageEndpoint: string;
  readonly counts: Pick<Counts, 'snapshot' | 'reset'>;
  /** At most one fault at a time; setting one starts its counting at the next call. */
  setFault(fault: Fault | null): void;
  /** Delays every call by this many milliseconds. */
  setLatency(ms: number): void;
  /**
   * Calls `listener` with the writes of each commit that took effect (none of a transaction that only read), and answers
   * how to stop.
   */
  observe(listener: (writes: readonly DocumentWrite[], commit: Commit) => void): () => void;
  /** Calls `listener` with the documents that each read delivered, and answers how to stop. */
  observeReads(listener: (reads: readonly DocumentRead[]) => void): () => void;
  /** Calls `listener` with each query that was answered, and answers how to stop. */
  observeQueries(listener: (query: SeenQuery) => void): () => void;
  /** The emulators were started again, on these addresses. */
  setBackends(backends: Backends): void;
  close(): Promise<void>;
}

/** Opens the two ports of one identity, on 127.0.0.1 and any free port. */
export async function startDoor(options: {
  identity: Identity;
  cloud: Cloud;
  backends: Backends;
  /** The emulator's own time of a time that the functions see; without it they are the same. */
  past?: (time: number) => number;
}): Promise<Door> {
  const { identity, cloud, past = (time: number) => time } = options;
  const grants = new Grants(identity, cloud);
  const counts = new Counts();
  const faults = new FaultTrap();
  const latency = new Latency();
  const watchers = new Watchers();
  let storage = new URL(options.backends.storage);
  const backends: Desk['backends'] = {
    firestore: new Backend(options.backends.firestore),
    firestoreAdmin: new Backend(options.backends.firestoreAdmin),
    pubsub: new Backend(options.backends.pubsub),
    kms: new Backend(options.backends.kms),
  };
  const cloudPort = await openCloudPort({ grants, backends, counts, faults, watchers, past }, latency);
  const storagePort = await openStoragePort({ grants, counts, faults, backend: () => storage }, latency);

  return {
    identity,
    cloudEndpoint: `127.0.0.1:${cloudPort.port}`,
    storageEndpoint: `http://127.0.0.1:${storagePort.port}`,
    counts,
    setFault(fault) {
      faults.set(fault);
    },
    setLatency(ms) {
      latency.set(ms);
    },
    observe: (listener) => watchers.commits.add(listener),
    observeReads: (listener) => watchers.reads.add(listener),
    observeQueries: (listener) => watchers.queries.add(listener),
    setBackends(addresses) {
      storage = new URL(addresses.storage);
      for (const service of ['firestore', 'firestoreAdmin', 'pubsub', 'kms'] as const) {
        backends[service].move(addresses[service]);
      }
    },
    async close() {
      await Promise.all([cloudPort.close(), storagePort.close()]);
      for (const backend of Object.values(backends)) backend.close();
    },
  };
}
