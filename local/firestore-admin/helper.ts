import { randomBytes } from 'node:crypto';
import { clearDatabases, type DatabaseFolder, DATABASES, importDatabases } from '../firestore-export.ts';

const PAGE = 500;

/** A project of the emulator that nobody else knows, with one database in it. */
export interface Helper {
  readonly projectId: string;
  readonly documents: number;
  close(): Promise<void>;
}

/** As REST shows it: typed values, passed on as they are. */
interface RawDocument {
  name: string;
  fields?: object;
}

/**
 * One database as it was at `readTime` (the emulator's own), only what is in collections of these names; none named: all.
 * The emulator exports whole databases as they are now; what the service does beyond that is done here in between.
 */
export async function copyPast(
  firestore: string,
  from: { projectId: string; databaseId: string; readTime: number },
  collectionIds: readonly string[],
): Promise<Helper> {
  const projectId = helperId();
  const source = documentsOf(from.projectId, from.databaseId);
  const target = documentsOf(projectId, from.databaseId);
  const pages = pagesOf(firestore, source, new Date(from.readTime).toISOString());
  const documents = await copy(firestore, { pages, source, target, collectionIds });
  return { projectId, documents, close: () => clearDatabases(firestore, projectId) };
}

/**
 * Puts the documents of an export into any database, over what is there under their names; answers how many. The
 * emulator itself imports only under the id that was exported, so it does that in a helper.
 */
export async function importInto(
  firestore: string,
  from: { folder: string; database: DatabaseFolder },
  to: { projectId: string; databaseId: string },
  collectionIds: readonly string[],
): Promise<number> {
  const projectId = helperId();
  try {
    await importDatabases(firestore, projectId, from.folder, [from.database]);
    const source = documentsOf(projectId, DATABASES[from.database]);
    const target = documentsOf(to.projectId, to.databaseId);
    return await copy(firestore, { pages: pagesOf(firestore, source), source, target, collectionIds });
  } finally {
    await clearDatabases(firestore, projectId);
  }
}

interface Copying {
  pages: AsyncIterable<RawDocument[]>;
  source: string;
  target: string;
  collectionIds: readonly string[];
}

async function copy(firestore: string, { pages, source, target, collectionIds }: Copying): Promise<number> {
  let copied = 0;
  for await (const page of pages) {
    const kept = page.filter(({ name }) => isIn(name, collectionIds));
    const writes = kept.map(({ name, fields = {} }) => ({
      update: { name: `${target}${name.slice(source.length)}`, fields },
    }));
    if (writes.length > 0) await post(firestore, `${target}:commit`, { writes });
    copied += writes.length;
  }
  return copied;
}

function helperId(): string {
  return `helper-${randomBytes(6).toString('hex')}`;
}

function documentsOf(projectId: string, databaseId: string): string {
  return `projects/${projectId}/databases/${databaseId}/documents`;
}

function isIn(name: string, collectionIds: readonly string[]): boolean {
  return collectionIds.length === 0 || collectionIds.includes(name.split('/').at(-2) ?? '');
}

/** Every document of a database, whatever it lies below, in the order of names. */
async function* pagesOf(firestore: string, root: string, readTime?: string): AsyncGenerator<RawDocument[]> {
  let last: string | undefined;
  for (;;) {
    const startAt =
      last === undefined ? {} : { startAt: { values: [{ referenceValue: last }], before: false } };
    const answer = (await post(firestore, `${root}:runQuery`, {
      structuredQuery: {
        from: [{ allDescendants: true }],
        orderBy: [{ field: { fieldPath: '__name__' } }],
        limit: PAGE,
        ...startAt,
      },
      ...(readTime !== undefined && { readTime }),
    })) as { document?: RawDocument }[];
    const page = answer.flatMap(({ document }) => document ?? []);
    yield page;
    last = page.at(-1)?.name;
    if (last === undefined || page.length < PAGE) return;
  }
}

async function post(firestore: string, path: string, body: object): Promise<unknown> {
  const answer = await fetch(`http://${firestore}/v1/${path}`, {
    method: 'POST',
    // The emulator applies the rules to whoever does not claim to be the owner.
    headers: { 'content-type': 'application/json', authorization: 'Bearer owner' },
    body: JSON.stringify(body),
  });
  if (!answer.ok)
    throw new Error(`Firestore emulator: ${path.split(':').at(-1) ?? ''} answered ${answer.status}`);
  return answer.json();
}
