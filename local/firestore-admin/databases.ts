import { notFound } from '../kms/refusal.ts';
import { DATABASES } from '../firestore-export.ts';

/** `google.firestore.admin.v1.Database`, as far as it is asked for, and its backup schedules. */
export interface Database {
  name: string;
  type: 'FIRESTORE_NATIVE';
  pointInTimeRecoveryEnablement: 'POINT_IN_TIME_RECOVERY_DISABLED' | 'POINT_IN_TIME_RECOVERY_ENABLED';
  schedules: { name: string }[];
}

export interface Databases {
  /** By full name; NOT_FOUND when there is none. */
  get(name: string): Database;
  make(databaseId: string): void;
  remember(databaseId: string, how: 'recovery' | 'schedule'): void;
}

/** The databases of the project: the emulator makes one of any name and asks nobody, the service does not. */
export function openDatabases(projectId: string): Databases {
  const nameOf = (id: string): string => `projects/${projectId}/databases/${id}`;
  const all = new Map<string, Database>();
  const make = (id: string): void => {
    all.set(nameOf(id), {
      ...{ name: nameOf(id), type: 'FIRESTORE_NATIVE', schedules: [] },
      pointInTimeRecoveryEnablement: 'POINT_IN_TIME_RECOVERY_DISABLED',
    });
  };
  for (const id of Object.values(DATABASES)) make(id);
  const get = (name: string): Database => {
    const found = all.get(name);
    if (found === undefined) throw notFound('The database');
    return found;
  };
  return {
    get,
    make,
    remember(databaseId, how) {
      const database = get(nameOf(databaseId));
      if (how === 'recovery') database.pointInTimeRecoveryEnablement = 'POINT_IN_TIME_RECOVERY_ENABLED';
      else database.schedules.push({ name: `${database.name}/backupSchedules/1` });
    },
  };
}
