import { readFileSync } from 'node:fs';
import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
  status,
} from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { openStorage } from '../../shared/cloud/storage.ts';
import type { Clock } from '../../shared/domain/time.ts';
import { Refusal } from '../kms/refusal.ts';
import { type CreateDatabaseRequest, openDatabases } from './databases.ts';
import { Operations } from './operations.ts';
import {
  type AdminDeps,
  exportDocuments,
  type ExportRequest,
  importDocuments,
  type ImportRequest,
} from './service.ts';

/** google.firestore.admin.v1.FirestoreAdmin on one machine, as far as exports and imports go. */
export interface FirestoreAdminStandIn {
  port: number;
  /**
   * Every operation that begins or waits from now on ends with this status, until `null`: at its beginning, or when all
   * but the last object of an export are written.
   */
  failOperations(answer: status | null, when?: 'beginning' | 'halfway'): void;
  /** Operations that begin from now on stay under way until they are released. */
  holdOperations(): void;
  releaseOperations(): void;
  /** A database of any name, as if somebody had made it. */
  createDatabase(databaseId: string): void;
  /** What somebody has switched on at a database of the project, against all advice. */
  remember(databaseId: string, how: 'recovery' | 'schedule'): void;
  close(): Promise<void>;
}

/**
 * In front of the emulator at `firestore` (`host:port`) and of the Cloud Storage stand-in. `past` answers the emulator's
 * own time of a snapshot time.
 */
export async function startFirestoreAdmin(options: {
  projectId: string;
  firestore: () => string;
  storageUrl: string;
  past: (time: number) => number;
  now: Clock;
}): Promise<FirestoreAdminStandIn> {
  const { projectId, firestore, storageUrl, past, now } = options;
  let failing: { answer: status; when: 'beginning' | 'halfway' } | undefined;
  const failAt = (when: 'beginning' | 'halfway'): void => {
    if (failing?.when !== when) return;
    throw new Refusal(failing.answer, 'The local FirestoreAdmin was told to fail.');
  };
  let gate: PromiseWithResolvers<void> | undefined;
  const operations = new Operations(now);
  const databases = openDatabases({ projectId, firestore, operations });
  const deps: AdminDeps = {
    ...{ projectId, firestore, past, operations, now },
    exists: (name) => databases.has(name),
    storage: openStorage({ projectId, storageEndpoint: storageUrl }),
    async beforeWork() {
      await gate?.promise;
      failAt('beginning');
    },
    cutOff() {
      failAt('halfway');
    },
  };

  const services = loadServices();
  const server = new Server();
  server.addService(services.admin, {
    ExportDocuments: unary((request: ExportRequest) => exportDocuments(request, deps)),
    ImportDocuments: unary((request: ImportRequest) => importDocuments(request, deps)),
    ListDatabases: unary(() => ({ databases: databases.list() })),
    CreateDatabase: unary((request: CreateDatabaseRequest) => databases.create(request)),
    DeleteDatabase: unary(({ name }: { name: string }) => databases.delete(name)),
    GetDatabase: unary(({ name }: { name: string }) => databases.get(name)),
    ListBackupSchedules: unary(({ parent }: { parent: string }) => ({
      backupSchedules: databases.get(parent).schedules,
    })),
  });
  server.addService(services.operations, {
    GetOperation: unary(({ name }: { name: string }) => operations.get(name)),
    CancelOperation: unary(({ name }: { name: string }) => {
      operations.cancel(name);
      return {};
    }),
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });

  return {
    port,
    failOperations(answer, when = 'beginning') {
      failing = answer === null ? undefined : { answer, when };
    },
    holdOperations() {
      gate ??= Promise.withResolvers();
    },
    releaseOperations() {
      gate?.resolve();
      gate = undefined;
    },
    createDatabase: (databaseId) => {
      databases.make(databaseId);
    },
    remember: (databaseId, how) => {
      databases.remember(databaseId, how);
    },
    close() {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}

type Service = ServiceClientConstructor['service'];

/** As the official client's own package defines them, so that both sides speak of the same fields. */
function loadServices(): { admin: Service; operations: Service } {
  const file = '../../node_modules/@google-cloud/firestore-api/build/protos/protos.json';
  const json = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as Parameters<
    typeof fromJSON
  >[0];
  const definition = fromJSON(json, { longs: Number, enums: String, defaults: true });
  return {
    admin: definition['google.firestore.admin.v1.FirestoreAdmin'] as Service,
    operations: definition['google.longrunning.Operations'] as Service,
  };
}

function unary<T>(handler: (request: T) => object | Promise<object>): handleUnaryCall<T, object> {
  return (call, callback) => {
    void (async () => handler(call.request))().then(
      (answer) => {
        callback(null, answer);
      },
      (error: unknown) => {
        if (!(error instanceof Refusal)) console.error('The local FirestoreAdmin failed:', error);
        callback(
          error instanceof Refusal
            ? { code: error.code, details: error.message }
            : { code: status.INTERNAL, details: 'Internal error.' },
        );
      },
    );
  };
}
