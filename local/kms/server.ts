import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Server, ServerCredentials, type ServiceClientConstructor, type status } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import type { Clock } from '../../shared/domain/time.ts';
import { keyFilePath } from './key-file.ts';
import { keyManagementService, type Surroundings } from './service.ts';
import { KeyStore } from './store.ts';

/** Cloud KMS on one machine: google.cloud.kms.v1.KeyManagementService over plaintext gRPC. */
export interface KmsStandIn {
  port: number;
  /** How often each method was called since the start, by names such as `Encrypt`; refused calls included. */
  calls: ReadonlyMap<string, number>;
  /** Every call is answered with this status from now on, until `null` sets the service working again. */
  fail(answer: status | null): void;
  close(): Promise<void>;
}

/** How late a rotation or a destruction can be while nobody calls. */
const CATCH_UP_EVERY_MS = 60_000;

/**
 * Starts the stand-in, on a free port of 127.0.0.1 unless told otherwise. With a data folder the keys lie in
 * `kms/keys.json` inside it and are there after a restart; without one they end with the process.
 */
export async function startKms(options: {
  host?: string;
  port?: number;
  dataDir?: string;
  now?: Clock;
}): Promise<KmsStandIn> {
  const file = options.dataDir === undefined ? undefined : keyFilePath(options.dataDir);
  const store = new KeyStore({ file, now: options.now ?? Date.now });
  const around: Surroundings = { store, calls: new Map(), failing: null };
  const server = new Server();
  server.addService(loadService(), keyManagementService(around));
  const port = await listen(server, `${options.host ?? '127.0.0.1'}:${options.port ?? 0}`);
  store.catchUp();
  const timer = setInterval(() => {
    try {
      store.catchUp();
    } catch (error) {
      console.error('The local KMS could not write its keys, and tries again:', error);
    }
  }, CATCH_UP_EVERY_MS).unref();
  return {
    port,
    calls: around.calls,
    fail(answer) {
      around.failing = answer;
    },
    async close() {
      clearInterval(timer);
      await shutdown(server);
    },
  };
}

/** The service as the official client's own package defines it, so that both sides speak of the same fields. */
function loadService(): ServiceClientConstructor['service'] {
  const path = fileURLToPath(import.meta.resolve('@google-cloud/kms/build/protos/protos.json'));
  const definition = fromJSON(JSON.parse(readFileSync(path, 'utf8')) as Parameters<typeof fromJSON>[0], {
    longs: Number,
    enums: String,
    defaults: true,
  });
  return definition['google.cloud.kms.v1.KeyManagementService'] as ServiceClientConstructor['service'];
}

function listen(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

function shutdown(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.tryShutdown((error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
  });
}
