import type { Firestore } from '@google-cloud/firestore';
import type { Attest } from '../cloud/attest.ts';
import { paths, rootName } from '../cloud/firestore.ts';
import type { Log } from '../cloud/log.ts';
import type { WriteOnce } from '../cloud/write-once.ts';
import { HASH_BYTES } from '../crypto/merkle.ts';
import { AppError } from '../domain/errors.ts';
import { split64 } from './companies-tree.ts';
import { RESTORED_TYP, ROOT_TYP, StoredRoot, StoredState } from './tree-documents.ts';

export interface PublishDeps {
  db: Firestore;
  attest: Pick<Attest, 'sign'>;
  /** The bucket of roots: write-once, and for everyone to read. */
  roots: Pick<WriteOnce, 'put'>;
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
  const statement = JSON.parse(stored.statement) as object;
  const typ = 'restored' in statement ? RESTORED_TYP : ROOT_TYP;
  const signed = stored.jws ?? (await attest.sign(typ, statement));
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
