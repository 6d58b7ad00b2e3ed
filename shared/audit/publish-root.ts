import type { Firestore } from '@google-cloud/firestore';
import type { Attest } from '../cloud/attest.ts';
import { paths, rootName } from '../cloud/firestore.ts';
import type { Log } from '../cloud/log.ts';
import type { WriteOnce } from '../cloud/write-once.ts';
import { HASH_BYTES } from '../crypto/merkle.ts';
import { AppError } from '../domain/errors.ts';
import { split64 } from './companies-tree.ts';
import { RESTORED_TYP, ROOT_TYP, RootStatement, StoredRoot, StoredState } from './tree-documents.ts';

export interface PublishDeps {
  db: Firestore;
  attest: Pick<Attest, 'sign'>;
  /** The bucket of roots: write-once, and for everyone to read. */
  roots: Pick<WriteOnce, 'get' | 'put'>;
  log: Log;
}

/**
 * Signs and publishes the newest root unless that is done. Can be repeated: what is signed was fixed before, the first
 * signature that is stored stays, and the object in the bucket is made of what is stored. False when there is no root.
 */
export async function publishRoot({ db, attest, roots, log }: PublishDeps): Promise<boolean> {
  const state = StoredState.optional().parse((await db.doc(paths.rootTree('state')).get()).data());
  if (state === undefined) return false;
  const ref = db.doc(paths.root(state.root));
  const stored = StoredRoot.parse((await ref.get()).data());
  if (stored.published) return true;
  const signed = stored.jws ?? (await sign(state.root, stored, { db, attest, roots, log }));
  const jws = await db.runTransaction(async (tx) => {
    const { jws: first } = StoredRoot.parse((await tx.get(ref)).data());
    if (first === null) tx.update(ref, { jws: signed });
    return first ?? signed;
  });
  try {
    await roots.put(rootObject(state.root), publicRoot({ ...stored, jws }), 'application/json');
  } catch (error) {
    // The database is behind what has been published, as after a restore: nothing more is signed by itself.
    if (error instanceof AppError && error.code === 'CONFLICT') log.checkpointForked(state.root);
    throw error;
  }
  await ref.update({ published: true });
  log.checkpointPublished(state.root, stored.changed.length / (2 * HASH_BYTES));
  return true;
}

/**
 * A signature is for good, and whoever can write to the database can read it there: so what is signed is a root of this very
 * number, and none of it is published yet.
 */
async function sign(n: number, stored: StoredRoot, { db, attest, roots, log }: PublishDeps): Promise<string> {
  const said = statementOf(stored);
  const isNext = said?.n === n && said.history.size === n && said.at === stored.at;
  const stands = isNext && (await roots.get(rootObject(n))) !== undefined;
  // By another run meanwhile: it has stored its signature before.
  const first = stands ? StoredRoot.parse((await db.doc(paths.root(n)).get()).data()).jws : null;
  if (first !== null) return first;
  if (!isNext || stands) {
    log.checkpointForked(n);
    throw new AppError('CONFLICT', 'what is to be signed is not the next root');
  }
  return attest.sign(said.restored === undefined ? ROOT_TYP : RESTORED_TYP, said);
}

/** Undefined for what would not be signed byte for byte as it is stored. */
function statementOf({ statement }: StoredRoot): RootStatement | undefined {
  try {
    const said = RootStatement.parse(JSON.parse(statement));
    return JSON.stringify(said) === statement ? said : undefined;
  } catch {
    return undefined;
  }
}

/** Where a root lies in the public bucket. */
export function rootObject(root: number): string {
  return `roots/${rootName(root)}.json`;
}

/** The signed statement, and the pairs of what changed: with all of them anyone can build every tree again. */
function publicRoot(stored: StoredRoot): Buffer {
  const changed = split64(stored.changed).map((pair) => ({
    company: pair.subarray(0, HASH_BYTES).toString('base64url'),
    head: pair.subarray(HASH_BYTES).toString('base64url'),
  }));
  return Buffer.from(`${JSON.stringify({ root: stored.jws, changed })}\n`);
}
