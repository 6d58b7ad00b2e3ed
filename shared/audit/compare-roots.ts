import type { Firestore } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { WriteOnce } from '../cloud/write-once.ts';
import { rootObject } from './publish-root.ts';
import { StoredRoot, StoredState } from './tree-documents.ts';

/** How a restored database stands to what was published of its logs. */
export interface ComparedRoots {
  /** The newest root that the database knows; undefined: it has none. */
  root: number | undefined;
  /** Whether that very root, byte for byte, is the published one. */
  same: boolean;
  /** How many were published since: what they cover and the database does not is lost. */
  later: number;
}

/** Compares the newest root of a database with the bucket of roots. */
export async function compareRoots(deps: {
  db: Firestore;
  roots: Pick<WriteOnce, 'get'>;
}): Promise<ComparedRoots> {
  const { db, roots } = deps;
  const state = StoredState.safeParse((await db.doc(paths.rootTree('state')).get()).data()).data;
  if (state === undefined) return { root: undefined, same: true, later: 0 };
  const { jws, published } = StoredRoot.parse((await db.doc(paths.root(state.root)).get()).data());
  const object = await roots.get(rootObject(state.root));
  // One that was fixed and never got out is published next.
  const same = object === undefined ? !published : jws !== null && object.includes(jws);
  let later = 0;
  while ((await roots.get(rootObject(state.root + later + 1))) !== undefined) later += 1;
  return { root: state.root, same, later };
}
