import {
  consistencyRuns,
  HASH_BYTES,
  inclusionRuns,
  joinSubtrees,
  rootOf,
  type Run,
  subtreesOf,
} from './merkle.ts';

/** How many hashes a tile holds: eight heights of the tree. */
export const TILE_WIDTH = 256;
const TILE_HEIGHT = 8;

/**
 * Where a tile lies. Level 0 has the leaves; level 1 the roots of 256 leaves each, level 2 of 65 536, and so on. The
 * last tile of a level may be filled in part, every other is whole and never changes again.
 */
export interface TileAt {
  level: number;
  index: number;
}
export interface Tile extends TileAt {
  /** The hashes one after another, 32 bytes each. */
  hashes: Buffer;
}

/** `1.27` and so on. */
export function tileName({ level, index }: TileAt): string {
  return `${level}.${index}`;
}

/** The tiles that appending to a tree of `size` leaves begins with: those filled in part, one a level at most. */
export function edgeOf(size: number): TileAt[] {
  const tiles: TileAt[] = [];
  for (let level = 0, count = size; count > 0; level += 1, count = Math.floor(count / TILE_WIDTH)) {
    if (count % TILE_WIDTH > 0) tiles.push({ level, index: Math.floor(count / TILE_WIDTH) });
  }
  return tiles;
}

/** Adds leaf hashes to a tree, given its edge. Answers the tiles that are new or changed, and the root. */
export function appendLeaves(
  size: number,
  edge: readonly Tile[],
  leaves: readonly Uint8Array[],
): { size: number; root: Buffer; tiles: Tile[] } {
  const tiles: Tile[] = [];
  const last: Tile[] = [];
  let added: readonly Uint8Array[] = leaves;
  let count = size;
  for (let level = 0; count > 0 || added.length > 0; level += 1) {
    const filled = edge.find((tile) => tile.level === level)?.hashes ?? Buffer.alloc(0);
    if (filled.length !== (count % TILE_WIDTH) * HASH_BYTES)
      throw new RangeError('not the edge of this tree');
    const first = Math.floor(count / TILE_WIDTH);
    const hashes = Buffer.concat([filled, ...added]);
    const made = tilesFrom(level, first, hashes);
    if (added.length > 0) tiles.push(...made);
    const whole = made.filter((tile) => tile.hashes.length === TILE_WIDTH * HASH_BYTES);
    last.push(...made.filter((tile) => !whole.includes(tile)));
    added = whole.map((tile) => rootOf(split(tile.hashes)));
    count = first;
  }
  const grown = size + leaves.length;
  return { size: grown, root: hashOf({ start: 0, end: grown }, last), tiles };
}

/** The tiles that the hashes of these runs are read from. */
export function tilesFor(runs: readonly Run[]): TileAt[] {
  const byName = new Map<string, TileAt>();
  for (const subtree of runs.flatMap(subtreesOf)) {
    const { level, index } = placeOf(subtree);
    byName.set(tileName({ level, index }), { level, index });
  }
  return [...byName.values()];
}

/** The hash of a run, out of tiles. `RangeError` when one is missing. */
export function hashOf(run: Run, tiles: readonly Tile[]): Buffer {
  return joinSubtrees(
    subtreesOf(run).map((subtree) => {
      const { level, index, from, to } = placeOf(subtree);
      const tile = tiles.find((each) => each.level === level && each.index === index);
      if (tile === undefined || tile.hashes.length < to * HASH_BYTES) {
        throw new RangeError(`there is no hash ${to - 1} in tile ${tileName({ level, index })}`);
      }
      return rootOf(split(tile.hashes.subarray(from * HASH_BYTES, to * HASH_BYTES)));
    }),
  );
}

/** What a proof is made of, before the tiles are read. */
export interface ProofPlan {
  tiles: TileAt[];
  /** The hashes of the proof, as RFC 9162 orders them. */
  from(tiles: readonly Tile[]): Buffer[];
}

export function planInclusion(index: number, size: number): ProofPlan {
  return planOf(inclusionRuns(index, size));
}

export function planConsistency(first: number, size: number): ProofPlan {
  return planOf(consistencyRuns(first, size));
}

/** The root that the tree had when it was as large as this. */
export function planRoot(size: number): ProofPlan {
  return planOf([{ start: 0, end: size }]);
}

function planOf(runs: Run[]): ProofPlan {
  return { tiles: tilesFor(runs), from: (tiles) => runs.map((run) => hashOf(run, tiles)) };
}

function placeOf({
  height,
  index,
}: {
  height: number;
  index: number;
}): TileAt & { from: number; to: number } {
  const level = Math.floor(height / TILE_HEIGHT);
  const count = 2 ** (height % TILE_HEIGHT);
  const tile = Math.floor((index * count) / TILE_WIDTH);
  const from = (index * count) % TILE_WIDTH;
  return { level, index: tile, from, to: from + count };
}

function tilesFrom(level: number, first: number, hashes: Buffer): Tile[] {
  const tiles: Tile[] = [];
  const bytes = TILE_WIDTH * HASH_BYTES;
  for (let at = 0; at < hashes.length; at += bytes) {
    tiles.push({ level, index: first + at / bytes, hashes: hashes.subarray(at, at + bytes) });
  }
  return tiles;
}

/** Hashes that lie one after another. */
export function split(hashes: Buffer): Buffer[] {
  const each: Buffer[] = [];
  for (let at = 0; at < hashes.length; at += HASH_BYTES) each.push(hashes.subarray(at, at + HASH_BYTES));
  return each;
}
