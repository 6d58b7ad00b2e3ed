// @ts-check
/** The heads of a log: the roots of its tree as checkpoints and proofs have them, beside the log as it is now. */
import { bytes, leafOf, nameOf } from './canonical.mjs';
import { consistencyHolds, growingTree, inclusionHolds } from './merkle.mjs';
import { lostBy } from './restored.mjs';

/**
 * @typedef {import('./verify.mjs').Problem} Problem
 * @typedef {import('./verify.mjs').Sealed} Sealed
 * @typedef {import('./verify.mjs').Taken} Taken
 * @typedef {import('./verify.mjs').Lost} Lost
 * @typedef {import('./restored.mjs').Restoration} Restoration
 */

/**
 * The sizes at which the tree's root is asked for.
 *
 * @param {Taken[]} taken
 * @param {any[]} proofs
 * @returns {Set<number>}
 */
export function sizesIn(taken, proofs) {
  return new Set([
    ...taken.map(({ checkpoint }) => checkpoint.size),
    ...proofs.flatMap(({ log }) => (log === undefined ? [] : [log.first])),
  ]);
}

/**
 * The root of the log's tree at each of these sizes that it has come to.
 *
 * @param {Sealed[]} entries
 * @param {Set<number>} sizes
 * @returns {Map<number, string>}
 */
export function headsOf(entries, sizes) {
  const tree = growingTree();
  const heads = new Map();
  const note = () => {
    if (sizes.has(tree.size)) heads.set(tree.size, tree.root().toString('base64url'));
  };
  note();
  for (const { leaf } of entries) {
    tree.add(bytes(leaf));
    note();
  }
  return heads;
}

/**
 * That a log never had fewer entries under a later root, unless a restore took them back in between.
 *
 * @param {Taken[]} taken
 * @param {Restoration[]} restorations
 * @param {Problem[]} problems
 */
export function checkSizes(taken, restorations, problems) {
  const sorted = [...taken].sort((a, b) => a.root.n - b.root.n);
  sorted.forEach(({ root, checkpoint }, place) => {
    const before = sorted[place - 1];
    if (before === undefined || before.checkpoint.size <= checkpoint.size) return;
    if (restorations.some(({ root: { n } }) => before.root.n < n && n <= root.n)) return;
    problems.push({
      code: 'HEAD',
      text: `Under root ${root.n} (${root.from}) the log has ${checkpoint.size} entries, fewer than the ${before.checkpoint.size} under root ${before.root.n} (${before.from}).`,
    });
  });
}

/**
 * That the log as it is now had this head when it was of this size.
 *
 * @param {Taken} taken
 * @param {Map<number, string>} heads
 * @param {number} left how many entries the log has now
 * @param {Problem[]} problems
 * @param {Lost} lost
 */
export function checkHead({ checkpoint, root, from }, heads, left, problems, { restorations, notices }) {
  const { n, at, size, head } = checkpoint;
  if (heads.get(size) === head) return;
  const restoration = lostBy(root, size, restorations);
  if (restoration !== undefined) {
    const text = `Checkpoint ${n} (${at}, in ${from}) was over ${size} entries, of which ${restoration.size} came back.`;
    notices.push({ code: 'LOST', text });
    return;
  }
  const what =
    size > left
      ? `was over ${size} entries, of which ${left} are left`
      : `does not have the head of the first ${size} entries as they are now`;
  problems.push({ code: 'HEAD', text: `The signed head of checkpoint ${n} (${at}, in ${from}) ${what}.` });
}

/**
 * One proof as the API answers it: of an entry, or of growth since an earlier root.
 *
 * @param {any} proof
 * @param {Map<number, string>} heads
 * @param {Problem[]} problems
 */
export function checkProof({ entry, inclusion, log, checkpoint }, heads, problems) {
  const head = bytes(checkpoint.head);
  if (inclusion !== undefined) {
    const { leaf: _leaf, ...own } = entry;
    const { index, size, path } = inclusion;
    const proof = { index, size, path: path.map(bytes), leaf: bytes(leafOf(own)), root: head };
    if (size !== checkpoint.size || !inclusionHolds(proof)) {
      problems.push({
        code: 'PROOF',
        text: `${nameOf(own, index)} is not under the head of checkpoint ${checkpoint.n}.`,
      });
    }
  }
  if (log !== undefined) {
    const { first, size, path } = log;
    const proof = {
      first,
      second: size,
      // Of a size that the log has not come to there is none.
      firstRoot: bytes(heads.get(first) ?? ''),
      secondRoot: head,
      path: path.map(bytes),
    };
    if (size !== checkpoint.size || !consistencyHolds(proof)) {
      problems.push({
        code: 'PROOF',
        text: `Checkpoint ${checkpoint.n} does not only add to the first ${first} entries.`,
      });
    }
  }
}
