import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consistencyRuns, hashLeaf, inclusionRuns, rootOf, type Run } from '../../shared/crypto/merkle.ts';
import {
  appendLeaves,
  edgeOf,
  planConsistency,
  planInclusion,
  planRoot,
  type Tile,
  tileName,
} from '../../shared/crypto/merkle-tiles.ts';
import { consistencyHolds, growingTree, inclusionHolds } from '../../verify/merkle.mjs';

interface Vectors {
  leaves: string[];
  hashes: string[];
  roots: string[];
  inclusion: { index: number; size: number; path: string[] }[];
  consistency: { first: number; size: number; path: string[] }[];
}
const vectors = JSON.parse(
  readFileSync(join(import.meta.dirname, '../vectors/merkle-rfc9162.json'), 'utf8'),
) as Vectors;

const leaves = vectors.leaves.map((hex) => hashLeaf(Buffer.from(hex, 'hex')));
const hashes = (path: string[]): Buffer[] =>
  path.map((name) => Buffer.from(vectors.hashes.find((hash) => hash.startsWith(name)) ?? '', 'hex'));
const rootAt = (size: number): Buffer => Buffer.from(vectors.roots[size] ?? '', 'hex');
const made = (runs: Run[], all: Buffer[]): Buffer[] =>
  runs.map(({ start, end }) => rootOf(all.slice(start, end)));

describe('a Merkle tree, beside another implementation’s published values', () => {
  it.each(vectors.roots.map((root, size) => [size, root] as const))(
    'of %i leaves has its root',
    (size, root) => {
      expect(rootOf(leaves.slice(0, size)).toString('hex')).toBe(root);
      const tree = growingTree();
      leaves.slice(0, size).forEach((leaf) => {
        tree.add(leaf);
      });
      expect(tree.root().toString('hex')).toBe(root);
    },
  );

  it.each(vectors.inclusion)('proves leaf $index of $size', ({ index, size, path }) => {
    expect(made(inclusionRuns(index, size), leaves)).toEqual(hashes(path));
    const leaf = leaves[index] ?? expect.fail();
    expect(inclusionHolds({ index, size, leaf, path: hashes(path), root: rootAt(size) })).toBe(true);
  });

  it.each(vectors.consistency)('proves that $size leaves begin with $first', ({ first, size, path }) => {
    expect(made(consistencyRuns(first, size), leaves)).toEqual(hashes(path));
    const roots = { firstRoot: rootAt(first), secondRoot: rootAt(size) };
    expect(consistencyHolds({ first, second: size, ...roots, path: hashes(path) })).toBe(true);
  });
});

const numbered = Array.from({ length: 70_000 }, (_, at) => hashLeaf(Buffer.from(String(at))));

/** A tree that is kept as tiles, grown in steps of these sizes. */
function grown(...steps: number[]): { size: number; root: Buffer; tiles: Tile[] } {
  const kept = new Map<string, Tile>();
  let at = { size: 0, root: rootOf([]) };
  for (const step of steps) {
    const edge = edgeOf(at.size).map((tile) => kept.get(tileName(tile)) ?? expect.fail());
    const next = appendLeaves(at.size, edge, numbered.slice(at.size, at.size + step));
    for (const tile of next.tiles) kept.set(tileName(tile), tile);
    at = next;
  }
  return { ...at, tiles: [...kept.values()] };
}

const some = grown(1, 255, 1, 600, 0, 3, 65_000);
const read = (plan: { tiles: { level: number; index: number }[]; from(tiles: Tile[]): Buffer[] }): Buffer[] =>
  plan.from(some.tiles.filter((tile) => plan.tiles.some((each) => tileName(each) === tileName(tile))));

describe('a tree that is kept as tiles', () => {
  it('has the root of all its leaves, however it grew', () => {
    expect(some.size).toBe(65_860);
    expect(some.root).toEqual(rootOf(numbered.slice(0, some.size)));
    for (const steps of [[300], [256], [255, 1], [1, 2, 3, 250, 44]]) {
      const tree = grown(...steps);
      expect(tree.root).toEqual(rootOf(numbered.slice(0, tree.size)));
    }
  });

  it('has three levels after 65 536 leaves, and few tiles that the next leaves change', () => {
    expect(new Set(some.tiles.map(({ level }) => level))).toEqual(new Set([0, 1, 2]));
    expect(edgeOf(1_000_000)).toEqual([
      { level: 0, index: 3906 },
      { level: 1, index: 15 },
      { level: 2, index: 0 },
    ]);
  });

  it('is not grown from an edge that is not its own', () => {
    expect(() => appendLeaves(3, [], numbered.slice(0, 1))).toThrow(RangeError);
  });

  it('proves every leaf under every root, out of a handful of tiles', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: some.size }), fc.nat(), (size, any) => {
        const index = any % size;
        const [root = expect.fail()] = read(planRoot(size));
        const plan = planInclusion(index, size);
        const path = read(plan);
        const leaf = numbered[index] ?? expect.fail();
        expect(inclusionHolds({ index, size, leaf, path, root })).toBe(true);
        expect(plan.tiles.length).toBeLessThanOrEqual(6);
        const other = numbered[index + 1] ?? expect.fail();
        expect(inclusionHolds({ index, size, leaf: other, path, root })).toBe(false);
        expect(inclusionHolds({ index: index + 1, size, leaf, path, root })).toBe(false);
        expect(inclusionHolds({ index, size, leaf, path: [...path, leaf], root })).toBe(false);
        if (path.length > 0) {
          expect(inclusionHolds({ index, size, leaf, path: path.slice(1), root })).toBe(false);
        }
      }),
    );
  });

  it('proves that it grew and nothing else, between any two sizes', () => {
    fc.assert(
      fc.property(fc.nat(some.size), fc.nat(some.size), (one, other) => {
        const [first, second] = [Math.min(one, other), Math.max(one, other)];
        const [firstRoot = expect.fail()] = read(planRoot(first));
        const [secondRoot = expect.fail()] = read(planRoot(second));
        const path = read(planConsistency(first, second));
        const proof = { first, second, firstRoot, secondRoot, path };
        expect(consistencyHolds(proof)).toBe(true);
        const odd = hashLeaf(Buffer.from('odd'));
        expect(consistencyHolds({ ...proof, firstRoot: odd })).toBe(false);
        expect(consistencyHolds({ ...proof, path: [...path, odd] })).toBe(false);
        if (first > 0) expect(consistencyHolds({ ...proof, secondRoot: odd })).toBe(false);
        if (path.length > 0) expect(consistencyHolds({ ...proof, path: path.slice(1) })).toBe(false);
      }),
    );
  });
});
