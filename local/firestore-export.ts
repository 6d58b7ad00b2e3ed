import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Each database by the name of its folder in an export. */
export const DATABASES = { default: '(default)', keyring: 'keyring', staff: 'staff' } as const;

export type DatabaseFolder = keyof typeof DATABASES;

/** The real export format, as the emulator writes it: one folder a database below `folder`, replaced as a whole. */
export async function exportDatabases(firestore: string, projectId: string, folder: string): Promise<void> {
  const fresh = `${folder}.writing`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  for (const name of folders()) {
    await exportDatabase(firestore, projectId, { database: name, folder: fresh, name });
  }
  const old = `${folder}.old`;
  await rm(old, { recursive: true, force: true });
  if (existsSync(folder)) await rename(folder, old);
  await rename(fresh, folder);
  await rm(old, { recursive: true, force: true });
}

/** One database, into the folder `name` below `folder`. */
export async function exportDatabase(
  firestore: string,
  projectId: string,
  to: { database: DatabaseFolder; folder: string; name: string },
): Promise<void> {
  await call(firestore, projectId, 'export', {
    database: databaseName(projectId, to.database),
    export_directory: to.folder,
    export_name: to.name,
  });
}

/**
 * Puts an export's documents over what is there and deletes nothing. `only` takes some of the databases.
 * The emulator answers 200 to an export of another database, and imports nothing.
 */
export async function importDatabases(
  firestore: string,
  projectId: string,
  folder: string,
  only: readonly DatabaseFolder[] = folders(),
): Promise<void> {
  for (const name of only) {
    await call(firestore, projectId, 'import', {
      database: databaseName(projectId, name),
      export_directory: join(folder, name, `${name}.overall_export_metadata`),
    });
  }
}

/** Whether a folder holds a whole export. */
export function isExport(folder: string): boolean {
  return folders().every((name) => existsSync(join(folder, name, `${name}.overall_export_metadata`)));
}

/** Empties all databases of a project. */
export async function clearDatabases(firestore: string, projectId: string): Promise<void> {
  for (const name of folders()) {
    await clearDatabase(firestore, databaseName(projectId, name));
  }
}

/** Empties one database, by its full name. */
export async function clearDatabase(firestore: string, name: string): Promise<void> {
  await send(firestore, 'DELETE', `/emulator/v1/${name}/documents`);
}

function folders(): DatabaseFolder[] {
  return Object.keys(DATABASES) as DatabaseFolder[];
}

function databaseName(projectId: string, name: DatabaseFolder): string {
  return `projects/${projectId}/databases/${DATABASES[name]}`;
}

async function call(
  firestore: string,
  projectId: string,
  verb: 'export' | 'import',
  body: Record<string, string>,
): Promise<void> {
  await send(firestore, 'POST', `/emulator/v1/projects/${projectId}:${verb}`, body);
}

async function send(firestore: string, method: string, path: string, body?: object): Promise<void> {
  const answer = await fetch(`http://${firestore}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`Firestore emulator: ${method} ${path} answered ${answer.status}: ${text}`);
}
