// @ts-check
/**
 * Checks a company's log, offline: with a bundle (`GET /v1/audit/bundle`), the public keys (`/.well-known/jwks.json`), and
 * whatever the merchant has kept: earlier bundles, signed roots, receipts. Nothing that the hub says of itself is believed.
 */
import { readBundle } from './bundle.mjs';
import { bytes, leafOf, nameOf } from './canonical.mjs';
import { checkEntries, checkOlder, checkReceipts, readReceipt } from './entries.mjs';
import { consistencyHolds, growingTree, inclusionHolds } from './merkle.mjs';
import { checkPublished, lostBy, named, restorationOf } from './restored.mjs';
import { checkCheckpoint, checkHistory, checkRoots, openRoot } from './roots.mjs';

/**
 * @typedef {{ code: string, text: string }} Problem
 * @typedef {{ n: number, at: string, size: number, head: string, bucket: { company: string, head: string }[],
 *   path: string[], root: string }} Checkpoint
 * @typedef {{ index: number, size: number, path: string[] }} Inclusion
 * @typedef {{ entry: any, leaf: string }} Sealed
 * @typedef {{ companyId: string, entries: Sealed[], extra: { entry: any, index: number }[], unsealed: any[],
 *   checkpoints: { checkpoint: Checkpoint, history: Inclusion | null }[],
 *   restorations: import('./restored.mjs').Line[], whole: boolean }} Bundle
 * @typedef {{ id: string, leaf: string }} Receipt
 * @typedef {{ n: number, at: string, root: string, companies: number, history: { size: number, root: string },
 *   restored?: { backup: string, snapshotTime: string, from: number | null },
 *   payload: Buffer, key: number, from: string }} Root
 * @typedef {{ checkpoint: Checkpoint, root: Root, from: string, holds: boolean }} Taken
 * @typedef {import('./restored.mjs').Restoration} Restoration
 * @typedef {{ restorations: Restoration[], notices: Problem[] }} Lost what was restored, and what was lost by it
 */

/**
 * Checks everything that was given, and says in words what does not hold. An empty list of problems: all of it holds.
 * `notices` are what the hub itself says, signed and in its history, of logs that were restored from a backup.
 *
 * @param {{
 *   bundle: string,
 *   jwks: { keys: any[] },
 *   earlier?: string[],
 *   roots?: string[],
 *   proofs?: any[],
 *   receipts?: string[],
 * }} given
 * @returns {Promise<{ problems: Problem[], notices: Problem[], companyId: string, entries: number, unsealed: number, checkpoints: number,
 *   receipts: number, until: string }>}
 */
export async function verifyLog({
  bundle: text,
  jwks,
  earlier = [],
  roots = [],
  proofs = [],
  receipts = [],
}) {
  /** @type {Problem[]} */
  const problems = [];
  /** @type {Problem[]} */
  const notices = [];
  const bundle = readBundle(text, problems);
  const others = earlier.map((each) => readBundle(each, problems));
  checkEntries(bundle, problems);
  const heads = headsOf(bundle.entries.map(({ leaf }) => bytes(leaf)));

  /** @type {Root[]} */
  const signed = [];
  /** @type {{ inclusion: Inclusion, root: Root }[]} */
  const histories = [];
  /** @type {Taken[]} */
  const taken = [];
  const take = async (
    /** @type {Checkpoint} */ checkpoint,
    /** @type {Inclusion | null} */ history,
    /** @type {string} */ from,
  ) => {
    const root = await openRoot(checkpoint.root, `checkpoint ${checkpoint.n}`, jwks, problems);
    if (root === undefined) return undefined;
    signed.push(root);
    const holds = checkCheckpoint(checkpoint, root, bundle.companyId, problems);
    taken.push({ checkpoint, root, from, holds });
    if (history !== null) histories.push({ inclusion: history, root });
    return root;
  };
  const newest = bundle.checkpoints.at(-1);
  /** @type {Root | undefined} */
  let newestRoot;
  for (const { checkpoint } of bundle.checkpoints) {
    newestRoot = await take(checkpoint, null, 'this bundle');
  }
  for (const { history } of bundle.checkpoints) {
    if (history !== null && newestRoot !== undefined)
      histories.push({ inclusion: history, root: newestRoot });
  }
  /** @type {Restoration[]} */
  const restorations = [];
  const own = [...taken];
  for (const line of newestRoot === undefined ? [] : bundle.restorations) {
    const root = await openRoot(line.root, 'a restoration', jwks, problems);
    const base =
      line.base === null ? undefined : await openRoot(line.base, 'the root of a backup', jwks, problems);
    if (root === undefined || newestRoot === undefined) continue;
    signed.push(root, ...(base === undefined ? [] : [base]));
    const restoration = restorationOf(line, { root, base, newest: newestRoot, own }, problems);
    if (restoration !== undefined) restorations.push(restoration);
  }
  notices.push(...restorations.map(named));
  for (const other of others) {
    if (other.companyId !== bundle.companyId) {
      const text = `An earlier bundle is of ${other.companyId}, not of ${bundle.companyId}.`;
      problems.push({ code: 'OTHER_COMPANY', text });
      continue;
    }
    for (const { checkpoint } of other.checkpoints) await take(checkpoint, null, 'an earlier bundle');
  }
  for (const [at, jws] of roots.entries()) {
    const root = await openRoot(jws, `root ${at + 1} of those given`, jwks, problems);
    if (root !== undefined) signed.push(root);
  }
  for (const proof of proofs) {
    await take(proof.checkpoint, proof.history ?? null, 'a proof');
    checkProof(proof, heads, problems);
  }
  for (const history of histories) checkHistory(history, signed, problems);
  const lost = { restorations, notices };
  for (const each of taken) checkHead(each, heads, problems, lost);
  checkRoots(signed, problems, restorations);
  checkPublished(signed, restorations, problems);
  /** What a restore took back, by id: its leaf. @type {Map<string, string>} */
  const gone = new Map();
  for (const other of others.filter(({ companyId }) => companyId === bundle.companyId)) {
    const under = taken.find(({ checkpoint }) => checkpoint === other.checkpoints.at(-1)?.checkpoint);
    for (const { entry, leaf } of checkOlder(other, under, bundle, problems, lost)) gone.set(entry?.id, leaf);
  }
  const read = receipts.flatMap((line) => readReceipt(line, problems));
  checkReceipts(read, bundle, problems, { restorations, gone });

  if (newest === undefined) problems.push({ code: 'NO_ROOT', text: 'The bundle has no signed root.' });
  else if (newest.checkpoint.size !== bundle.entries.length) {
    const [has, says] = [bundle.entries.length, newest.checkpoint.size];
    problems.push({
      code: 'TRUNCATED',
      text: `The newest root is over ${says} entries; the bundle has ${has}.`,
    });
  }
  return {
    problems,
    notices,
    companyId: bundle.companyId,
    entries: bundle.entries.length,
    unsealed: bundle.unsealed.length,
    checkpoints: signed.length,
    receipts: read.length,
    until: newest?.checkpoint.at ?? '',
  };
}

/**
 * The root of the tree at each size.
 *
 * @param {Buffer[]} leaves
 */
function headsOf(leaves) {
  const tree = growingTree();
  const roots = [tree.root().toString('base64url')];
  for (const leaf of leaves) {
    tree.add(leaf);
    roots.push(tree.root().toString('base64url'));
  }
  return roots;
}

/**
 * That the log as it is now had this head when it was of this size.
 *
 * @param {Taken} taken
 * @param {string[]} heads
 * @param {Problem[]} problems
 * @param {Lost} lost
 */
function checkHead({ checkpoint, root, from }, heads, problems, { restorations, notices }) {
  const { n, at, size, head } = checkpoint;
  if (heads[size] === head) return;
  const restoration = lostBy(root, size, restorations);
  if (restoration !== undefined) {
    const text = `Checkpoint ${n} (${at}, in ${from}) was over ${size} entries, of which ${restoration.size} came back.`;
    notices.push({ code: 'LOST', text });
    return;
  }
  const what =
    size >= heads.length
      ? `was over ${size} entries, of which ${heads.length - 1} are left`
      : `does not have the head of the first ${size} entries as they are now`;
  problems.push({ code: 'HEAD', text: `The signed head of checkpoint ${n} (${at}, in ${from}) ${what}.` });
}

/**
 * One proof as the API answers it: of an entry, or of growth since an earlier root.
 *
 * @param {any} proof
 * @param {string[]} heads
 * @param {Problem[]} problems
 */
function checkProof({ entry, inclusion, log, checkpoint }, heads, problems) {
  const head = bytes(checkpoint.head);
  if (inclusion !== undefined) {
    const { leaf: _, ...own } = entry;
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
      firstRoot: bytes(heads[first]),
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
