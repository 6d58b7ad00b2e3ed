import { createHash } from 'node:crypto';

/** Merkle trees as RFC 9162, section 2.1, has them (and RFC 6962 before it), with SHA-256. Hashes are 32 bytes. */
export const HASH_BYTES = 32;

/** A run of leaves: from `start`, up to but not including `end`. */
export interface Run {
  start: number;
  end: number;
}

/** The hash of a tree without leaves. */
export const EMPTY_ROOT: Buffer = createHash('sha256').digest();

export function hashLeaf(data: Uint8Array): Buffer {
  return createHash('sha256').update(Buffer.of(0)).update(data).digest();
}

export function hashNode(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(Buffer.of(1)).update(left).update(right).digest();
}

/** The root of a tree of these leaf hashes. */
export function rootOf(leaves: readonly Uint8Array[]): Buffer {
  const [first] = leaves;
  if (first === undefined) return EMPTY_ROOT;
  if (leaves.length === 1) return Buffer.from(first);
  const split = splitOf(leaves.length);
  return hashNode(rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)));
}

/** PATH of section 2.1.3.1: the runs whose hashes lead from one leaf to the root, the nearest first. */
export function inclusionRuns(index: number, size: number): Run[] {
  const runs: Run[] = [];
  let whole: Run = { start: 0, end: size };
  while (whole.end - whole.start > 1) {
    const [left, right] = halvesOf(whole);
    const inLeft = index < left.end;
    runs.unshift(inLeft ? right : left);
    whole = inLeft ? left : right;
  }
  return runs;
}

/** PROOF of section 2.1.4.1: the runs whose hashes show that a tree of `size` leaves begins with its first `first`. */
export function consistencyRuns(first: number, size: number): Run[] {
  if (first === 0 || first === size) return [];
  const runs: Run[] = [];
  let whole: Run = { start: 0, end: size };
  // Whether what is left is the earlier tree as a whole, whose root the verifier has.
  let known = true;
  while (whole.end !== first) {
    const [left, right] = halvesOf(whole);
    const inLeft = first <= left.end;
    runs.unshift(inLeft ? right : left);
    whole = inLeft ? left : right;
    if (!inLeft) known = false;
  }
  return known ? runs : [whole, ...runs];
}

/** Complete subtrees, `2 ** height` leaves each, that a run of a tree is made of, from left to right. */
export function subtreesOf({ start, end }: Run): { height: number; index: number }[] {
  const subtrees: { height: number; index: number }[] = [];
  for (let at = start; at < end;) {
    const height = Math.floor(Math.log2(end - at));
    subtrees.push({ height, index: at / 2 ** height });
    at += 2 ** height;
  }
  return subtrees;
}

/** The hash of a run out of those of its complete subtrees. */
export function joinSubtrees(hashes: readonly Buffer[]): Buffer {
  return hashes.length === 0 ? EMPTY_ROOT : hashes.reduceRight((right, left) => hashNode(left, right));
}

function halvesOf({ start, end }: Run): [Run, Run] {
  const middle = start + splitOf(end - start);
  return [
    { start, end: middle },
    { start: middle, end },
  ];
}

/** The largest power of two below `size`, which is 2 or more. */
function splitOf(size: number): number {
  return 2 ** (Math.ceil(Math.log2(size)) - 1);
}
