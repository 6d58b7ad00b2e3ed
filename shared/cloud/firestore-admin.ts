import type { FirestoreAdminClient } from '@google-cloud/firestore-api/admin_v1';
import { credentials, status } from '@grpc/grpc-js';
import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import { type Config, hostAndPort } from './config.ts';
import { hasStatus } from './grpc-error.ts';

/** How a long-running operation stands. `code`: the name of the gRPC status that it ended with. */
export type OperationState =
  | { state: 'running' }
  | { state: 'done'; documents: number; bytes: number; endedAt: string }
  | { state: 'failed'; code: string };

/** What an operation is about: objects below `gs://bucket/folder` and the collections of these names; none named: all. */
export interface Transfer {
  databaseId: string;
  collectionIds: readonly string[];
  place: string;
}

/**
 * Whole databases, copied by the service itself: no document passes through here. `UNAVAILABLE` when it can not be reached
 * or has no room now, `FORBIDDEN` when we have lost the right, `INTERNAL` when it refuses.
 */
export interface FirestoreAdmin {
  /** Begins an export and answers its operation's full name. `snapshotTime`: a whole minute, at most an hour ago. */
  export(order: Transfer & { snapshotTime: string }): Promise<string>;
  /** Begins an import over what is in the database, which has to exist, and answers its operation's full name. */
  import(order: Transfer): Promise<string>;
  stateOf(operation: string): Promise<OperationState>;
  /** Where a database is, such as `nam5`; undefined: there is none of this id. */
  locationOf(databaseId: string): Promise<string | undefined>;
  /** Makes an empty database and settles when it is there. */
  createDatabase(databaseId: string, location: string): Promise<void>;
  /** With all that is in it; one that is gone is success. */
  deleteDatabase(databaseId: string): Promise<void>;
  /** The ids of all databases that there are. */
  databaseIds(): Promise<string[]>;
  /** Whether a database keeps a past of its own: point-in-time recovery, or backups on a schedule of the service. */
  remembers(databaseId: string): Promise<boolean>;
}

const CALL = { timeout: 20_000, maxRetries: 2 };
const Count = z.coerce.number().int().min(0);

export function openFirestoreAdmin(config: Pick<Config, 'projectId' | 'cloudEndpoint'>): FirestoreAdmin {
  let connected: Promise<FirestoreAdminClient> | undefined;
  const client = (): Promise<FirestoreAdminClient> => (connected ??= connect(config.cloudEndpoint));
  const nameOf = (databaseId: string): string => `projects/${config.projectId}/databases/${databaseId}`;

  return {
    async export({ databaseId, collectionIds, place, snapshotTime }) {
      const seconds = Math.floor(Date.parse(snapshotTime) / 1000);
      const request = {
        ...{ name: nameOf(databaseId), outputUriPrefix: place, collectionIds: [...collectionIds] },
        snapshotTime: { seconds },
      };
      const [operation] = await (await client()).exportDocuments(request, CALL).catch(refused);
      return operationOf(operation.name, nameOf(databaseId));
    },

    async import({ databaseId, collectionIds, place }) {
      const name = nameOf(databaseId);
      const request = { name, inputUriPrefix: place, collectionIds: [...collectionIds] };
      const [operation] = await (await client()).importDocuments(request, CALL).catch(refused);
      return operationOf(operation.name, name);
    },

    async locationOf(databaseId) {
      try {
        const [database] = await (await client()).getDatabase({ name: nameOf(databaseId) }, CALL);
        return database.locationId ?? '';
      } catch (error) {
        return hasStatus(error, status.NOT_FOUND) ? undefined : refused(error);
      }
    },

    async createDatabase(databaseId, location) {
      const database = { type: 'FIRESTORE_NATIVE', locationId: location } as const;
      const request = { parent: `projects/${config.projectId}`, databaseId, database };
      const [operation] = await (await client()).createDatabase(request, CALL).catch(refused);
      await operation.promise().catch(refused);
    },

    async deleteDatabase(databaseId) {
      try {
        const [operation] = await (await client()).deleteDatabase({ name: nameOf(databaseId) }, CALL);
        await operation.promise();
      } catch (error) {
        if (!hasStatus(error, status.NOT_FOUND)) refused(error);
      }
    },

    async databaseIds() {
      const parent = `projects/${config.projectId}`;
      const [{ databases }] = await (await client()).listDatabases({ parent }, CALL).catch(refused);
      return (databases ?? []).map(({ name }) => name?.split('/').at(-1) ?? '');
    },

    async stateOf(operation) {
      try {
        const answer = await (await client()).checkExportDocumentsProgress(operation);
        if (answer.done !== true) return { state: 'running' };
        // Throws the status that it ended with.
        await answer.promise();
        return progressOf(answer.metadata as Progress);
      } catch (error) {
        if (hasStatus(error, status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.PERMISSION_DENIED)) {
          return refused(error);
        }
        return { state: 'failed', code: statusName(error) };
      }
    },

    async remembers(databaseId) {
      const name = nameOf(databaseId);
      const admin = await client();
      const [[database], [answer]] = await Promise.all([
        admin.getDatabase({ name }, CALL),
        admin.listBackupSchedules({ parent: name }, CALL),
      ]).catch(refused);
      const off = String(database.pointInTimeRecoveryEnablement) === 'POINT_IN_TIME_RECOVERY_DISABLED';
      return !off || (answer.backupSchedules ?? []).length > 0;
    },
  };
}

/** int64 comes as a `Long`, which says its number as a text. */
type Int64 = { toString(): string } | null;

interface Progress {
  progressDocuments?: { completedWork?: Int64 } | null;
  progressBytes?: { completedWork?: Int64 } | null;
  endTime?: { seconds?: Int64 } | null;
}

function progressOf({ progressDocuments, progressBytes, endTime }: Progress): OperationState {
  return {
    state: 'done',
    documents: Count.parse((progressDocuments?.completedWork ?? 0).toString()),
    bytes: Count.parse((progressBytes?.completedWork ?? 0).toString()),
    endedAt: new Date(Number((endTime?.seconds ?? 0).toString()) * 1000).toISOString(),
  };
}

function operationOf(name: string | null | undefined, database: string): string {
  if (name?.startsWith(`${database}/operations/`) === true) return name;
  throw new AppError('INTERNAL', 'an operation of another database');
}

/** Loaded with the first call: no other function needs it. */
async function connect(cloudEndpoint: string | undefined): Promise<FirestoreAdminClient> {
  const { FirestoreAdminClient: Client } = await import('@google-cloud/firestore-api/admin_v1');
  if (cloudEndpoint === undefined) return new Client();
  const { host, port } = hostAndPort(cloudEndpoint);
  return new Client({ apiEndpoint: host, port, sslCreds: credentials.createInsecure() });
}

/** `RESOURCE_EXHAUSTED` and so on. */
function statusName(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? Number(error.code) : status.UNKNOWN;
  return status[code] ?? 'UNKNOWN';
}

function refused(error: unknown): never {
  const passing = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.RESOURCE_EXHAUSTED];
  const code = hasStatus(error, ...passing)
    ? 'UNAVAILABLE'
    : hasStatus(error, status.PERMISSION_DENIED)
      ? 'FORBIDDEN'
      : 'INTERNAL';
  throw new AppError(code, 'FirestoreAdmin did not do what it was asked', { cause: error });
}
