// @ts-check
/**
 * Checking Merkle trees of RFC 9162, section 2.1, written apart from the code that makes them. Hashes are Buffers of 32
 * bytes; sizes and indexes are integers.
 */
import { createHash } from 'node:crypto';

/** @param {...Uint8Array} parts */
export function sha256(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** @param {Uint8Array} data */
export const leafHash = (data) => sha256(Buffer.of(0), data);

/**
 * @param {Uint8Array} left
 * @param {Uint8Array} right
 */
export const nodeHash = (left, right) => sha256(Buffer.of(1), left, right);

/**
 * Grows a tree leaf by leaf; `root` can be asked at any size. It begins empty, or with so many leaves, given as the hashes of
 * the whole subtrees that they make, the largest first; with a wrong number of these it stays empty.
 *
 * @param {number} [begun]
 * @param {Buffer[]} [subtrees]
 * @returns {{ size: number, add(leaf: Buffer): void, root(): Buffer }}
 */
export function growingTree(begun = 0, subtrees = []) {
  /** Roots of complete subtrees, the largest first. @type {{ hash: Buffer, leaves: number }[]} */
  const stack = [];
  const sizes = isCount(begun) ? powersOfTwo(begun) : [];
  const whole = sizes.length === subtrees.length;
  if (whole) subtrees.forEach((hash, at) => stack.push({ hash, leaves: sizes[at] ?? 0 }));
  const tree = {
    size: whole ? begun : 0,
    /** @param {Buffer} leaf */
    add(leaf) {
      let whole = { hash: leaf, leaves: 1 };
      for (let top = stack.at(-1); top?.leaves === whole.leaves; top = stack.at(-1)) {
        whole = { hash: nodeHash(top.hash, whole.hash), leaves: whole.leaves * 2 };
        stack.pop();
      }
      stack.push(whole);
      tree.size += 1;
    },
    root: () =>
      stack.length === 0
        ? sha256()
        : stack.map(({ hash }) => hash).reduceRight((right, left) => nodeHash(left, right)),
  };
  return tree;
}

/**
 * Section 2.1.3.2: whether `leaf` is at `index` of the tree of `size` leaves with this root.
 *
 * @param {{ index: number, size: number, leaf: Buffer, path: Buffer[], root: Buffer }} proof
 */
export function inclusionHolds({ index, size, leaf, path, root }) {
  if (!isCount(index) || !isCount(size) || index >= size || ![leaf, ...path].every(isHash)) return false;
  let fn = index;
  let sn = size - 1;
  let r = leaf;
  for (const p of path) {
    if (sn === 0) return false;
    if (isOdd(fn) || fn === sn) {
      r = nodeHash(p, r);
      while (!isOdd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      r = nodeHash(r, p);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && r.equals(root);
}

/**
 * Section 2.1.4.2: whether the tree of `second` leaves begins with the tree of `first` leaves.
 *
 * @param {{ first: number, second: number, firstRoot: Buffer, secondRoot: Buffer, path: Buffer[] }} proof
 */
export function consistencyHolds({ first, second, firstRoot, secondRoot, path }) {
  if (!isCount(first) || !isCount(second) || first > second) return false;
  if (![firstRoot, secondRoot, ...path].every(isHash)) return false;
  // Every tree begins with the empty one, and with itself.
  if (first === 0) return path.length === 0 && firstRoot.equals(sha256());
  if (first === second) return path.length === 0 && firstRoot.equals(secondRoot);
  const steps = isPowerOfTwo(first) ? [firstRoot, ...path] : [...path];
  let fn = first - 1;
  let sn = second - 1;
  while (isOdd(fn)) [fn, sn] = [half(fn), half(sn)];
  const start = steps.shift();
  if (start === undefined) return false;
  let fr = start;
  let sr = start;
  for (const c of steps) {
    if (sn === 0) return false;
    if (isOdd(fn) || fn === sn) {
      fr = nodeHash(c, fr);
      sr = nodeHash(c, sr);
      while (!isOdd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      sr = nodeHash(sr, c);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && fr.equals(firstRoot) && sr.equals(secondRoot);
}

/** @param {number} n */
const isOdd = (n) => n % 2 === 1;
/** @param {number} n */
const half = (n) => Math.floor(n / 2);
/** @param {number} n */
const isCount = (n) => Number.isSafeInteger(n) && n >= 0;
/** @param {Buffer} hash */
const isHash = (hash) => hash.length === 32;

/**
 * What a number is the sum of, the largest first.
 *
 * @param {number} n
 */
function powersOfTwo(n) {
  const powers = [];
  for (let left = n, power = 1; left > 0; left = half(left), power *= 2) {
    if (isOdd(left)) powers.unshift(power);
  }
  return powers;
}

/** @param {number} n */
function isPowerOfTwo(n) {
  let left = n;
  while (left % 2 === 0) left /= 2;
  return left === 1;
}
