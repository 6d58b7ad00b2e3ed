import { FieldValue, type Firestore, type Transaction } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { hashLeaf } from '../crypto/merkle.ts';
import { appendLeaves, edgeOf, tileName } from '../crypto/merkle-tiles.ts';
import { SLOTS } from '../domain/due.ts';
import type { Clock } from '../domain/time.ts';
import { pairOf, partsFor, proofOf, withPairs } from './companies-tree.ts';
import {
  historyTile,
  readHashes,
  readTiles,
  type RootStatement,
  StoredHead,
  type StoredProof,
  StoredRoot,
  StoredState,
} from './tree-documents.ts';

export interface SealDeps {
  db: Firestore;
  now: Clock;
  /** The issuer that roots name. */
  issuer: string;
}

/** What fits into one transaction with the parts of the tree that it touches. More make another root. */
const MOST_COMPANIES = 400;

/**
 * Puts the heads that have changed into the tree over all companies and fixes the statement of the next root, in one
 * transaction. Nothing is signed here. Does nothing while an earlier root is not published, or when another run was
 * first. True when there may be more heads.
 */
export async function sealRoot({ db, now, issuer }: SealDeps): Promise<boolean> {
  const due = await db.collectionGroup('auditTree').where('due', 'in', SLOTS).limit(MOST_COMPANIES).get();
  const stateRef = db.doc(paths.rootTree('state'));
  return db.runTransaction(async (tx) => {
    const state = StoredState.optional().parse((await tx.get(stateRef)).data());
    const previous = state && StoredRoot.parse((await tx.get(db.doc(paths.root(state.root)))).data());
    if (previous?.published === false) return false;
    const heads = (due.empty ? [] : await tx.getAll(...due.docs.map((doc) => doc.ref))).flatMap((doc) => {
      const head = StoredHead.safeParse(doc.data());
      return head.success && head.data.due !== undefined ? [{ ref: doc.ref, ...head.data }] : [];
    });
    const pairs = heads.map((head) => pairOf(head.companyId, head));
    const names = partsFor(pairs);
    const found = await readHashes(tx, db, names.map(paths.rootTree));
    const before = new Map(names.flatMap((name, at) => (found[at] ? [[name, found[at]] as const] : [])));
    const tree = withPairs(before, pairs);

    const history = await appendHistory(tx, db, previous);
    const root = state === undefined ? 0 : state.root + 1;
    // A clock that went back does not take the roots along.
    const at = new Date(Math.max(now(), state === undefined ? 0 : Date.parse(state.at) + 1)).toISOString();
    const companies = (state?.companies ?? 0) + tree.added;
    const statement: RootStatement = {
      ...{ iss: issuer, iat: Math.floor(Date.parse(at) / 1000), n: root, at, companies },
      ...{ root: tree.root.toString('base64url'), history },
    };
    for (const [name, hashes] of tree.parts) tx.set(db.doc(paths.rootTree(name)), { hashes });
    tx.set(stateRef, { root, at, companies } satisfies StoredState);
    tx.create(db.doc(paths.root(root)), {
      ...{ root, at, statement: JSON.stringify(statement), changed: Buffer.concat(pairs) },
      ...{ jws: null, published: false },
    } satisfies StoredRoot);
    const parts = new Map([...before, ...tree.parts]);
    for (const head of heads) {
      tx.update(head.ref, { due: FieldValue.delete() });
      tx.create(db.doc(paths.auditHead(head.companyId, root)), {
        ...{ root, at, size: head.size, head: head.root },
        ...proofOf(parts, head.companyId),
      } satisfies StoredProof);
    }
    return due.size === MOST_COMPANIES;
  });
}

/** Adds the statement before to the tree of all earlier ones. */
async function appendHistory(
  tx: Transaction,
  db: Firestore,
  previous: StoredRoot | undefined,
): Promise<RootStatement['history']> {
  const size = previous?.root ?? 0;
  const edge = await readTiles(tx, db, historyTile, edgeOf(size));
  const leaves = previous === undefined ? [] : [hashLeaf(Buffer.from(previous.statement))];
  const grown = appendLeaves(size, edge, leaves);
  for (const tile of grown.tiles) tx.set(db.doc(historyTile(tileName(tile))), { hashes: tile.hashes });
  return { size: grown.size, root: grown.root.toString('base64url') };
}
