import { randomBytes } from 'node:crypto';
import { clearDatabases, type DatabaseFolder, DATABASES, importDatabases } from '../firestore-export.ts';

const PAGE = 500;

/** A project of the emulator that nobody else knows, with one database out of an export in it. */
export interface Helper {
  readonly projectId: string;
  /** Removes what is in no collection of these names; answers how many documents are left. None named: all stay. */
  keepOnly(collectionIds: readonly string[]): Promise<number>;
  /** Puts every document into a database, over what is there under its name; answers how many. */
  copyTo(projectId: string, databaseId: string): Promise<number>;
  close(): Promise<void>;
}

/** As REST shows it: typed values, passed on as they are. */
interface RawDocument {
  name: string;
  fields?: object;
}

/**
 * The emulator imports into any project, but only under the database's own id, and exports whole databases alone: what
 * the service does beyond that is done here in between.
 */
export async function openHelper(
  firestore: string,
  folder: string,
  database: DatabaseFolder,
): Promise<Helper> {
  const projectId = `helper-${randomBytes(6).toString('hex')}`;
  await importDatabases(firestore, projectId, folder, [database]);
  const root = documentsOf(projectId, DATABASES[database]);

  return {
    projectId,
    async keepOnly(collectionIds) {
      let kept = 0;
      for await (const page of pagesOf(firestore, root)) {
        const others = page.filter(({ name }) => !isIn(name, collectionIds));
        kept += page.length - others.length;
        await commit(
          firestore,
          root,
          others.map(({ name }) => ({ delete: name })),
        );
      }
      return kept;
    },
    async copyTo(target, databaseId) {
      const into = documentsOf(target, databaseId);
      let copied = 0;
      for await (const page of pagesOf(firestore, root)) {
        const writes = page.map(({ name, fields = {} }) => ({
          update: { name: `${into}${name.slice(root.length)}`, fields },
        }));
        await commit(firestore, into, writes);
        copied += page.length;
      }
      return copied;
    },
    close: () => clearDatabases(firestore, projectId),
  };
}

function documentsOf(projectId: string, databaseId: string): string {
  return `projects/${projectId}/databases/${databaseId}/documents`;
}

function isIn(name: string, collectionIds: readonly string[]): boolean {
  return collectionIds.length === 0 || collectionIds.includes(name.split('/').at(-2) ?? '');
}

/** Every document of a database, whatever it lies below, in the order of names. */
async function* pagesOf(firestore: string, root: string): AsyncGenerator<RawDocument[]> {
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
    })) as { document?: RawDocument }[];
    const page = answer.flatMap(({ document }) => document ?? []);
    yield page;
    last = page.at(-1)?.name;
    if (last === undefined || page.length < PAGE) return;
  }
}

async function commit(firestore: string, root: string, writes: object[]): Promise<void> {
  if (writes.length > 0) await post(firestore, `${root}:commit`, { writes });
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
