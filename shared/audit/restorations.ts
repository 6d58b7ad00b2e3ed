import type { Firestore } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { subtreesOf } from '../crypto/merkle.ts';
import { hashOf, planInclusion, split, TILE_WIDTH, type TileAt, tilesFor } from '../crypto/merkle-tiles.ts';
import type { Inclusion } from './checkpoints.ts';
import { historyTile, readTiles, StoredRestorations, StoredRoot } from './tree-documents.ts';

/** A root that says that the logs were restored, and all that shows what it took back. Hashes are base64url. */
export interface ShownRestoration {
  root: string;
  /** Where it is in the history of the newest root; null: it is the newest. */
  history: Inclusion | null;
  /** The newest root that the backup knew, signed; null: it knew none. */
  base: string | null;
  /** The tree of all statements before that one, as its whole subtrees, the largest first. */
  before: string[];
  /** The leaves of the statements from that one on, up to this one. */
  leaves: string[];
}

/** Those that hold under the root `newest`, the oldest first; `n`: the numbers of their roots. */
export async function restorations(
  db: Firestore,
  newest: number,
): Promise<{ n: number; show: () => Promise<ShownRestoration> }[]> {
  const stored = (await db.doc(paths.rootTree('restorations')).get()).data() ?? {};
  return StoredRestorations.parse(stored)
    .list.filter(({ n }) => n <= newest)
    .map(({ n, from }) => ({ n, show: () => shown(db, n, from, newest) }));
}

async function shown(
  db: Firestore,
  n: number,
  from: number | null,
  newest: number,
): Promise<ShownRestoration> {
  const first = from ?? 0;
  const root = await jwsOf(db, n);
  const base = from === null ? null : await jwsOf(db, from);
  return {
    ...{ root, history: n === newest ? null : await inHistory(db, n, newest), base },
    ...{ before: await subtreesBefore(db, first), leaves: await leavesOf(db, first, n) },
  };
}

async function jwsOf(db: Firestore, n: number): Promise<string> {
  return StoredRoot.parse((await db.doc(paths.root(n)).get()).data()).jws ?? '';
}

async function inHistory(db: Firestore, index: number, size: number): Promise<Inclusion> {
  const plan = planInclusion(index, size);
  const path = plan.from(await readTiles(db, db, historyTile, plan.tiles));
  return { index, size, path: path.map((hash) => hash.toString('base64url')) };
}

async function subtreesBefore(db: Firestore, end: number): Promise<string[]> {
  const runs = subtreesOf({ start: 0, end }).map(({ height, index }) => ({
    start: index * 2 ** height,
    end: (index + 1) * 2 ** height,
  }));
  const tiles = await readTiles(db, db, historyTile, tilesFor(runs));
  return runs.map((run) => hashOf(run, tiles).toString('base64url'));
}

async function leavesOf(db: Firestore, start: number, end: number): Promise<string[]> {
  const first = Math.floor(start / TILE_WIDTH);
  const count = Math.ceil(end / TILE_WIDTH) - first;
  const at = Array.from({ length: count }, (_, place): TileAt => ({ level: 0, index: first + place }));
  const leaves = (await readTiles(db, db, historyTile, at)).flatMap(({ hashes }) => split(hashes));
  return leaves
    .slice(start - first * TILE_WIDTH, end - first * TILE_WIDTH)
    .map((hash) => hash.toString('base64url'));
}
