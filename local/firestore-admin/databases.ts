import { status } from '@grpc/grpc-js';
import { clearDatabase, DATABASES } from '../firestore-export.ts';
import { notFound, Refusal } from '../kms/refusal.ts';
import type { Operation, Operations } from './operations.ts';

const TYPES = 'type.googleapis.com/google.firestore.admin.v1';

/** `google.firestore.admin.v1.Database`, as far as it is asked for, and its backup schedules. */
export interface Database {
  name: string;
  locationId: string;
  type: 'FIRESTORE_NATIVE';
  pointInTimeRecoveryEnablement: 'POINT_IN_TIME_RECOVERY_DISABLED' | 'POINT_IN_TIME_RECOVERY_ENABLED';
  schedules: { name: string }[];
}

export interface CreateDatabaseRequest {
  parent: string;
  databaseId: string;
  database?: { locationId?: string } | null;
}

export interface Databases {
  /** By full name; NOT_FOUND when there is none. */
  get(name: string): Database;
  has(name: string): boolean;
  list(): Database[];
  create(request: CreateDatabaseRequest): Operation;
  delete(name: string): Operation;
  make(databaseId: string): void;
  remember(databaseId: string, how: 'recovery' | 'schedule'): void;
}

const LOCATION = 'nam5';
/** https://cloud.google.com/firestore/docs/manage-databases#database_id */
const DATABASE_ID = /^[a-z][a-z0-9-]{2,61}[a-z0-9]$/;

/** The databases of the project: the emulator makes one of any name and asks nobody, the service does not. */
export function openDatabases(options: {
  projectId: string;
  firestore: () => string;
  operations: Operations;
}): Databases {
  const { projectId, firestore, operations } = options;
  const nameOf = (id: string): string => `projects/${projectId}/databases/${id}`;
  const all = new Map<string, Database>();
  const make = (id: string, locationId = LOCATION): Database => {
    const database: Database = {
      ...{ name: nameOf(id), locationId, type: 'FIRESTORE_NATIVE', schedules: [] },
      pointInTimeRecoveryEnablement: 'POINT_IN_TIME_RECOVERY_DISABLED',
    };
    all.set(database.name, database);
    return database;
  };
  for (const id of Object.values(DATABASES)) make(id);
  const get = (name: string): Database => {
    const found = all.get(name);
    if (found === undefined) throw notFound('The database');
    return found;
  };
  const done = (
    database: Database,
  ): Promise<{ documents: number; bytes: number; response: { '@type': string } }> =>
    Promise.resolve({ documents: 0, bytes: 0, response: { '@type': `${TYPES}.Database`, ...database } });

  return {
    get,
    has: (name) => all.has(name),
    list: () => [...all.values()],
    create({ parent, databaseId, database }) {
      if (parent !== `projects/${projectId}`) throw notFound('The project');
      if (databaseId !== '(default)' && !DATABASE_ID.test(databaseId)) {
        throw new Refusal(status.INVALID_ARGUMENT, 'The database id is not one.');
      }
      if (all.has(nameOf(databaseId))) throw new Refusal(status.ALREADY_EXISTS, 'The database exists.');
      return operations.start(nameOf(databaseId), 'CreateDatabaseMetadata', {}, () =>
        done(make(databaseId, database?.locationId)),
      );
    },
    delete(name) {
      const database = get(name);
      return operations.start(name, 'DeleteDatabaseMetadata', {}, async () => {
        await clearDatabase(firestore(), name);
        all.delete(name);
        return done(database);
      });
    },
    make: (databaseId) => void make(databaseId),
    remember(databaseId, how) {
      const database = get(nameOf(databaseId));
      if (how === 'recovery') database.pointInTimeRecoveryEnablement = 'POINT_IN_TIME_RECOVERY_ENABLED';
      else database.schedules.push({ name: `${database.name}/backupSchedules/1` });
    },
  };
}
