// @ts-check
/**
 * What a signed statement that the logs were restored from a backup excuses, and what it does not. It excuses one thing:
 * that entries are gone which were sealed later than the backup's newest root and earlier than the statement. For that it
 * has to be in the history of the newest root, to be over the same tree of all companies as the backup's newest root, to
 * show how many entries of this company are under that, and to name every root that was published in between. What was
 * sealed by then has to be there as ever, and a root in between that was shown to one alone is none of them.
 */
import { growingTree, inclusionHolds, leafHash, nodeHash, sha256 } from './merkle.mjs';

/**
 * @typedef {import('./verify.mjs').Problem} Problem
 * @typedef {import('./verify.mjs').Inclusion} Inclusion
 * @typedef {import('./verify.mjs').Root} Root
 * @typedef {import('./verify.mjs').Taken} Taken
 * @typedef {{ root: string, history: Inclusion | null, base: string | null, before: string[], leaves: string[] }} Line
 *   `base`: the backup's newest root; `before`: the tree of all statements before that, as its largest whole subtrees;
 *   `leaves`: of the statements from that on up to this one
 * @typedef {{ root: Root, from: number, leaves: string[], size: number }} Restoration
 *   `from`: the number of the backup's newest root, -1: it had none; `size`: entries of this company that came back
 */

/** The root of the tree over all companies when there is none: 65 536 empty buckets. */
const NO_COMPANIES = Array.from({ length: 16 }).reduce(
  (/** @type {Buffer} */ half) => nodeHash(half, half),
  sha256(),
);

/** How many entries of this company came back is not shown: nothing is excused. */
const ALL = Number.POSITIVE_INFINITY;

/**
 * What a bundle says of one restoration, if it holds.
 *
 * @param {Line} line
 * @param {{ root: Root, base: Root | undefined, newest: Root, own: Taken[] }} opened `own`: checkpoints of the bundle
 * @param {Problem[]} problems
 * @returns {Restoration | undefined}
 */
export function restorationOf(line, { root, base, newest, own }, problems) {
  const wrong = (/** @type {string} */ what) => {
    problems.push({ code: 'RESTORED', text: `Root ${root.n} is shown as a restoration, and ${what}.` });
    return undefined;
  };
  if (root.restored === undefined) return wrong('does not say that the logs were restored');
  const from = root.restored.from ?? -1;
  if (!isInHistory(root, line.history, newest)) return wrong('is not in the history of the newest root');
  const tree = growingTree(Math.max(from, 0), line.before.map(bytes));
  for (const leaf of line.leaves) tree.add(bytes(leaf));
  if (tree.size !== root.n || !tree.root().equals(bytes(root.history.root))) {
    return wrong('the roots before it are not those of its history');
  }
  const same =
    from < 0
      ? root.companies === 0 && bytes(root.root).equals(NO_COMPANIES)
      : base?.n === from &&
        leafOf(base) === line.leaves[0] &&
        base.root === root.root &&
        base.companies === root.companies;
  if (!same) return wrong(`is over other logs than the newest root of the backup ${root.restored.backup}`);
  const shown = own.find((each) => each.root.n === root.n && each.holds);
  return { root, from, leaves: line.leaves, size: shown?.checkpoint.size ?? ALL };
}

/**
 * @param {Root} root
 * @param {Inclusion | null} history
 * @param {Root} newest
 */
function isInHistory(root, history, newest) {
  if (root.n === newest.n) return root.payload.equals(newest.payload);
  if (history?.index !== root.n || history.size !== newest.history.size) return false;
  const proof = { ...history, path: history.path.map(bytes), leaf: leafHash(root.payload) };
  return inclusionHolds({ ...proof, root: bytes(newest.history.root) });
}

/**
 * In words.
 *
 * @param {Restoration} restoration
 * @returns {Problem}
 */
export function named({ root, from, size }) {
  const { backup, snapshotTime } = root.restored ?? { backup: '', snapshotTime: '' };
  const lost =
    root.n === from + 1
      ? 'No root had been published since.'
      : `Roots ${from + 1} to ${root.n - 1} had been published since: entries that only they cover are known by hashes alone.`;
  const yours = size === ALL ? '' : `, yours with ${size} entries`;
  return {
    code: 'RESTORED',
    text: `At ${root.at} the logs were restored from the backup ${backup} of ${snapshotTime}${yours}. ${lost}`,
  };
}

/**
 * The restoration that took away what is behind so many entries under a root, if one did.
 *
 * @param {Root} root
 * @param {number} size
 * @param {Restoration[]} restorations
 */
export function lostBy(root, size, restorations) {
  return restorations.find((each) => isBetween(root, each) && wasPublished(root, each) && size > each.size);
}

/**
 * Tells signed roots of the time that a restoration took back which are none of those that were published.
 *
 * @param {Root[]} signed
 * @param {Restoration[]} restorations
 * @param {Problem[]} problems
 */
export function checkPublished(signed, restorations, problems) {
  for (const root of signed) {
    const untold = restorations.find((each) => isBetween(root, each) && !wasPublished(root, each));
    if (untold === undefined) continue;
    problems.push({
      code: 'EQUIVOCATION',
      text: `Root ${root.n} (${root.from}) is not the one of this number that was published before root ${untold.root.n}: keep it, it is the proof.`,
    });
  }
}

/**
 * @param {Root} root
 * @param {Restoration} restoration
 */
const isBetween = ({ n }, restoration) => restoration.from < n && n < restoration.root.n;

/**
 * @param {Root} root
 * @param {Restoration} restoration
 */
const wasPublished = (root, { from, leaves }) => leaves[root.n - Math.max(from, 0)] === leafOf(root);

/** @param {Root} root */
const leafOf = ({ payload }) => leafHash(payload).toString('base64url');

/** @param {string} text */
const bytes = (text) => Buffer.from(String(text), 'base64url');
