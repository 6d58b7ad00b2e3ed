import { FieldPath, type Firestore } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { WriteOnce } from '../cloud/write-once.ts';
import { hashLeaf } from '../crypto/merkle.ts';
import { appendLeaves, edgeOf, type Tile, tileName } from '../crypto/merkle-tiles.ts';
import { randomId } from '../domain/ids.ts';
import type { Clock } from '../domain/time.ts';
import { addEntry } from './append.ts';
import { hashedCompany, partsFor, proofOf, withPairs } from './companies-tree.ts';
import { compareRoots, type ComparedRoots, type PublishedRoot } from './compare-roots.ts';
import {
  historyTile,
  NO_HEAD,
  readHashes,
  readTiles,
  type RootStatement,
  StoredProof,
  StoredRestorations,
  type StoredRoot,
  StoredState,
} from './tree-documents.ts';

export interface ContinueDeps {
  db: Firestore;
  /** The bucket of roots, to read. */
  roots: Pick<WriteOnce, 'get'>;
  now: Clock;
  /** The issuer that roots name. */
  issuer: string;
}

/** Companies, and roots with what had changed, that one commit takes. */
const PAGE = 100;

/**
 * After a restore: takes what was published since the backup back into the history of roots, and fixes the root of the next
 * number, which says of itself that the logs are those of the backup again. `checkpoint` signs and publishes it as any other,
 * and goes on from there. Every company whose log the backup has gets its head under it, and an entry.
 *
 * Answers its number; undefined, and nothing is written, where no root was published, or where what was published does not
 * follow from what was restored.
 */
export async function continueRoots(
  backup: { id: string; snapshotTime: string },
  deps: ContinueDeps,
): Promise<{ compared: ComparedRoots; continuedAs: number | undefined }> {
  const { db } = deps;
  const compared = await compareRoots(deps);
  const before = [compared.published ?? [], compared.since].flat();
  const last = before.at(-1);
  const history = last && compared.same ? await extendHistory(before, db) : undefined;
  if (last === undefined || history === undefined) return { compared, continuedAs: undefined };

  const stateRef = db.doc(paths.rootTree('state'));
  const state = StoredState.optional().parse((await stateRef.get()).data());
  const n = last.said.n + 1;
  const at = new Date(Math.max(deps.now(), Date.parse(last.said.at) + 1)).toISOString();
  const companies = state?.companies ?? 0;
  const statement: RootStatement = {
    ...{ iss: deps.issuer, iat: Math.floor(Date.parse(at) / 1000), n, at, companies },
    ...{ root: await treeRoot(db), history: { size: history.size, root: history.root } },
    restored: { backup: backup.id, snapshotTime: backup.snapshotTime, from: state?.root ?? null },
  };
  await keepRoots(before, db);
  await headsUnder({ n, at }, deps);

  const restorationsRef = db.doc(paths.rootTree('restorations'));
  const { list } = StoredRestorations.parse((await restorationsRef.get()).data() ?? {});
  await db.runTransaction((tx) => {
    for (const tile of history.tiles) tx.set(db.doc(historyTile(tileName(tile))), { hashes: tile.hashes });
    tx.set(restorationsRef, { list: [...list, { n, from: state?.root ?? null }] });
    tx.set(stateRef, { root: n, at, companies } satisfies StoredState);
    tx.create(db.doc(paths.root(n)), {
      ...{ root: n, at, statement: JSON.stringify(statement), changed: Buffer.alloc(0) },
      ...{ jws: null, published: false },
    } satisfies StoredRoot);
    return Promise.resolve();
  });
  return { compared, continuedAs: n };
}

interface History {
  size: number;
  root: string;
  tiles: Iterable<Tile>;
}

/**
 * The tree of all statements with these behind it, beginning where the restored one ends. Undefined when one of them does
 * not name the tree of all that were before it: it is of another history.
 */
async function extendHistory(added: readonly PublishedRoot[], db: Firestore): Promise<History | undefined> {
  const tiles = new Map<string, Tile>();
  let size = added[0]?.said.n ?? 0;
  for (const tile of await readTiles(db, db, historyTile, edgeOf(size))) tiles.set(tileName(tile), tile);
  let root = appendLeaves(size, [...tiles.values()], []).root;
  for (const { said, statement } of added) {
    const fits = said.n === size && said.history.size === size;
    if (!fits || said.history.root !== root.toString('base64url')) return undefined;
    const edge = edgeOf(size).flatMap((at) => tiles.get(tileName(at)) ?? []);
    const grown = appendLeaves(size, edge, [hashLeaf(Buffer.from(statement))]);
    for (const tile of grown.tiles) tiles.set(tileName(tile), tile);
    ({ size, root } = grown);
  }
  return { size, root: root.toString('base64url'), tiles: tiles.values() };
}

async function keepRoots(published: readonly PublishedRoot[], db: Firestore): Promise<void> {
  for (let from = 0; from < published.length; from += PAGE) {
    const batch = db.batch();
    for (const { said, statement, jws, changed } of published.slice(from, from + PAGE)) {
      const stored: StoredRoot = { root: said.n, at: said.at, statement, changed, jws, published: true };
      batch.set(db.doc(paths.root(said.n)), stored);
    }
    await batch.commit();
  }
}

async function treeRoot(db: Firestore): Promise<string> {
  const [top] = await readHashes(db, db, [paths.rootTree('top')]);
  return withPairs(top === undefined ? new Map() : new Map([['top', top]]), []).root.toString('base64url');
}

/** Each company's head as the backup has it, shown under the root that says so. */
async function headsUnder(root: { n: number; at: string }, { db, now }: ContinueDeps): Promise<void> {
  const first = db.collection('companies').select().orderBy(FieldPath.documentId()).limit(PAGE);
  const requestId = randomId('request');
  let query = first;
  for (;;) {
    const { docs } = await query.get();
    const heads = await Promise.all(
      docs.map(async ({ id }) => ({ companyId: id, proof: await proofUnder(root, id, db) })),
    );
    const batch = db.batch();
    for (const { companyId, proof } of heads) {
      batch.create(db.doc(paths.auditHead(companyId, root.n)), proof);
      const about = { actor: { type: 'system', id: null }, requestId, facts: {} } as const;
      const record = { type: 'company', id: companyId } as const;
      const entry = { companyId, ...about, action: 'company.log_restored', record, result: 'done' } as const;
      addEntry(batch, entry, { db, now });
    }
    await batch.commit();
    const last = docs.at(-1);
    if (last === undefined || docs.length < PAGE) return;
    query = first.startAfter(last.id);
  }
}

async function proofUnder(
  { n, at }: { n: number; at: string },
  companyId: string,
  db: Firestore,
): Promise<StoredProof> {
  const newest = db.collection(paths.auditHeads(companyId)).orderBy('root', 'desc').limit(1);
  const [found] = (await newest.get()).docs;
  // Of a company without one the proof shows that nothing of it is there.
  const { size, head } =
    found === undefined ? { size: NO_HEAD.size, head: NO_HEAD.root } : StoredProof.parse(found.data());
  const names = partsFor([hashedCompany(companyId)]);
  const hashes = await readHashes(db, db, names.map(paths.rootTree));
  const parts = new Map(
    names.flatMap((name, place) => (hashes[place] ? [[name, hashes[place]] as const] : [])),
  );
  return { root: n, at, size, head, ...proofOf(parts, companyId) };
}
