import type { Firestore, Transaction } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { HASH_BYTES } from '../crypto/merkle.ts';
import { planConsistency, planInclusion, split, type ProofPlan } from '../crypto/merkle-tiles.ts';
import { AppError } from '../domain/errors.ts';
import { type Archive, findMoved } from './archive.ts';
import { hashedCompany, partsFor, proofOf, split64 } from './companies-tree.ts';
import { StoredEntry, type AuditEntry } from './entry.ts';
import {
  companyTile,
  historyTile,
  readHashes,
  readTiles,
  StoredProof,
  StoredRoot,
  StoredState,
} from './tree-documents.ts';

/** A company's log under a signed root: all that shows it, in base64url. */
export interface Checkpoint {
  n: number;
  at: string;
  /** How many entries the log had, and the root of its tree. */
  size: number;
  head: string;
  /** The bucket of the tree over all companies that this one is in, and the 16 hashes from there to the root. */
  bucket: { company: string; head: string }[];
  path: string[];
  /** The signed root. */
  root: string;
}

/** Where a leaf is in a tree of so many, and the hashes that show it. */
export interface Inclusion {
  index: number;
  size: number;
  path: string[];
}

/** An entry, and what leads from it to a signed root. `NOT_FOUND`; `NOT_SEALED` for one that is minutes old. */
export async function proveEntry(
  db: Firestore,
  companyId: string,
  found: { entry: AuditEntry; index: number | undefined },
): Promise<{ entry: AuditEntry; inclusion: Inclusion; checkpoint: Checkpoint }> {
  const { entry, index } = found;
  const [checkpoint] = await listCheckpoints(db, companyId, { limit: 1, after: undefined });
  if (index === undefined || checkpoint === undefined || checkpoint.size <= index)
    throw new AppError('NOT_SEALED');
  const path = await hashesOf(planInclusion(index, checkpoint.size), companyTile(companyId), db);
  return { entry, inclusion: { index, size: checkpoint.size, path }, checkpoint };
}

/** One entry of a company, wherever it lies, or `undefined`. */
export async function findEntry(
  archive: Archive,
  companyId: string,
  id: string,
): Promise<{ entry: AuditEntry; index: number | undefined } | undefined> {
  // The database first: what is moved meanwhile is found in the archive then.
  const found = await archive.db.doc(paths.auditEntry(companyId, id)).get();
  return found.exists ? StoredEntry.parse(found.data()) : findMoved(archive, companyId, id);
}

/** The roots under which a company's log had grown, the newest first, before the root `after`. */
export async function listCheckpoints(
  db: Firestore,
  companyId: string,
  { limit, after }: { limit: number; after: number | undefined },
): Promise<Checkpoint[]> {
  const newest = db.collection(paths.auditHeads(companyId)).orderBy('root', 'desc');
  const found = await (after === undefined ? newest : newest.startAfter(after)).limit(limit).get();
  const proofs = found.docs.map((doc) => StoredProof.parse(doc.data()));
  if (proofs.length === 0) return [];
  const roots = await db.getAll(...proofs.map(({ root }) => db.doc(paths.root(root))));
  const published = proofs.flatMap((proof, at) => {
    const jws = publishedOf(StoredRoot.parse(roots[at]?.data()));
    return jws === null ? [] : [shown(proof, jws)];
  });
  if (published.length === proofs.length) return published;
  // The newest one is being signed: another one stands in its place, so that a page is as long as it would be.
  const more = await listCheckpoints(db, companyId, { limit: 1, after: proofs.at(-1)?.root });
  return [...published, ...more];
}

/**
 * The company under the newest root, whether it changed since or not; and, from the root `since` on, what shows that
 * its log has only grown and that both roots are of one history. `NOT_FOUND` for a root that is none yet.
 */
export async function latestCheckpoint(
  db: Firestore,
  companyId: string,
  since?: number,
): Promise<{ checkpoint: Checkpoint; log: Growth | null; history: Inclusion | null }> {
  return db.runTransaction(
    async (tx) => {
      const state = StoredState.optional().parse((await tx.get(db.doc(paths.rootTree('state')))).data());
      if (since !== undefined && (state === undefined || since > state.root)) throw new AppError('NOT_FOUND');
      const [proof] = await recordsUpTo(tx, db, companyId, undefined);
      if (state === undefined || proof === undefined) throw new AppError('NOT_SEALED');
      const stored = StoredRoot.parse((await tx.get(db.doc(paths.root(state.root)))).data());
      // For the moment in which a root is being signed.
      const jws = publishedOf(stored);
      if (jws === null) throw new AppError('UNAVAILABLE', 'a new root is being signed');
      const names = partsFor([hashedCompany(companyId)]);
      const hashes = await readHashes(tx, db, names.map(paths.rootTree));
      const parts = new Map(names.flatMap((name, at) => (hashes[at] ? [[name, hashes[at]] as const] : [])));
      const newest = { ...proof, ...proofOf(parts, companyId), root: state.root, at: state.at };
      const checkpoint = shown(newest, jws);
      if (since === undefined) return { checkpoint, log: null, history: null };
      const [earlier] = await recordsUpTo(tx, db, companyId, since);
      return {
        checkpoint,
        log: await growth(tx, db, companyId, earlier?.size ?? 0, proof.size),
        history: since === state.root ? null : await inHistory(tx, db, since, state.root),
      };
    },
    { readOnly: true },
  );
}

/** The newest root as everybody may see it. `NOT_FOUND` before the first. */
export async function newestRoot(db: Firestore): Promise<{ n: number; root: string }> {
  const state = StoredState.optional().parse((await db.doc(paths.rootTree('state')).get()).data());
  if (state === undefined) throw new AppError('NOT_FOUND');
  const jws = publishedOf(StoredRoot.parse((await db.doc(paths.root(state.root)).get()).data()));
  if (jws === null) throw new AppError('UNAVAILABLE', 'a new root is being signed');
  return { n: state.root, root: jws };
}

/** Nobody gets a root that does not lie in the bucket: a restore would not know of it, and sign another of its number. */
function publishedOf({ jws, published }: StoredRoot): string | null {
  return published ? jws : null;
}

/** From so many entries to so many, and the hashes that show it. */
export interface Growth {
  first: number;
  size: number;
  path: string[];
}

async function growth(
  tx: Transaction,
  db: Firestore,
  companyId: string,
  first: number,
  size: number,
): Promise<Growth> {
  return { first, size, path: await hashesOf(planConsistency(first, size), companyTile(companyId), db, tx) };
}

async function inHistory(tx: Transaction, db: Firestore, index: number, size: number): Promise<Inclusion> {
  return { index, size, path: await hashesOf(planInclusion(index, size), historyTile, db, tx) };
}

async function recordsUpTo(
  tx: Transaction,
  db: Firestore,
  companyId: string,
  root: number | undefined,
): Promise<StoredProof[]> {
  const newest = db.collection(paths.auditHeads(companyId)).orderBy('root', 'desc').limit(1);
  const { docs } = await tx.get(root === undefined ? newest : newest.startAt(root));
  return docs.map((doc) => StoredProof.parse(doc.data()));
}

async function hashesOf(
  plan: ProofPlan,
  pathOf: (name: string) => string,
  db: Firestore,
  reader: Transaction | Firestore = db,
): Promise<string[]> {
  return texts(plan.from(await readTiles(reader, db, pathOf, plan.tiles)));
}

function shown({ root: n, at, size, head, bucket, path }: StoredProof, jws: string): Checkpoint {
  const pairs = split64(bucket).map((pair) => ({
    company: pair.toString('base64url', 0, HASH_BYTES),
    head: pair.toString('base64url', HASH_BYTES),
  }));
  return { n, at, size, head, bucket: pairs, path: texts(split(path)), root: jws };
}

function texts(hashes: Buffer[]): string[] {
  return hashes.map((hash) => hash.toString('base64url'));
}
