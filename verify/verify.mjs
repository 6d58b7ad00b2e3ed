// @ts-check
/**
 * Checks a company's log, offline: with a bundle (`GET /v1/audit/bundle`), the public keys (`/.well-known/jwks.json`), and
 * whatever the merchant has kept: earlier bundles, signed roots, receipts. Nothing that the hub says of itself is believed.
 */
import { readBundle } from './bundle.mjs';
import { printable, word } from './canonical.mjs';
import { checkEntries, checkOlder, checkReceipts, readReceipt } from './entries.mjs';
import { checkHead, checkProof, checkSizes, headsOf, sizesIn } from './heads.mjs';
import { checkPublished, named, restorationOf } from './restored.mjs';
import { checkCheckpoint, checkHistory, checkRoots, openRoot } from './roots.mjs';
import { isProof, keysOf } from './shapes.mjs';

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
 * @typedef {{ keys: any[], companyId: string, signed: Root[], taken: Taken[], problems: Problem[] }} Roots all that
 *   were opened so far
 * @typedef {{ restorations: Restoration[], notices: Problem[] }} Lost what was restored, and what was lost by it
 */

/** How much older than the newest root an entry may be that is not under it, in milliseconds: far above any delay. */
const WAITS = 60 * 60_000;

/**
 * Checks everything that was given, and says in words what does not hold. An empty list of problems: all of it holds.
 * `notices` are what the hub itself says, signed and in its history, of logs that were restored from a backup.
 *
 * @param {{
 *   bundle: string | Uint8Array,
 *   jwks: { keys: any[] },
 *   earlier?: (string | Uint8Array)[],
 *   roots?: string[],
 *   proofs?: any[],
 *   receipts?: string[],
 * }} given
 * @returns {Promise<{ problems: Problem[], notices: Problem[], companyId: string, entries: number, unsealed: number, checkpoints: number,
 *   receipts: number, until: string }>}
 */
export async function verifyLog(given) {
  const { jwks, earlier = [], roots = [], proofs = [], receipts = [] } = given;
  /** @type {Problem[]} */
  const problems = [];
  /** @type {Problem[]} */
  const notices = [];
  const keys = keysOf(jwks);
  const bundle = readBundle(given.bundle, problems);
  const others = earlier.flatMap((each) => othersOf(bundle, each, problems));
  const shown = proofs.flatMap((each) => proofIn(each, problems));
  checkEntries(bundle, problems);

  /** @type {Roots} */
  const all = { keys, companyId: bundle.companyId, signed: [], taken: [], problems };
  const { own, newestRoot } = await takeOwn(bundle, all);
  /** @type {Restoration[]} */
  const restorations = newestRoot === undefined ? [] : await restored(bundle, newestRoot, own, all);
  notices.push(...restorations.map(named));
  for (const other of others) {
    for (const { checkpoint } of other.checkpoints) await take(checkpoint, 'an earlier bundle', all);
  }
  for (const [at, jws] of roots.entries()) await open(jws, `root ${at + 1} of those given`, all);
  /** @type {{ inclusion: Inclusion, root: Root }[]} */
  const histories = [];
  for (const { checkpoint, history } of shown) {
    const taken = await take(checkpoint, 'a proof', all);
    if (taken !== undefined && history) histories.push({ inclusion: history, root: taken.root });
  }
  const { signed, taken } = all;
  const heads = headsOf(bundle.entries, sizesIn(taken, shown));
  for (const proof of shown) checkProof(proof, heads, problems);
  const byNumber = numbered(signed);
  for (const history of histories)
    checkHistory(history, byNumber.get(history.inclusion.index) ?? [], problems);
  const lost = { restorations, notices };
  for (const each of taken) checkHead(each, heads, bundle.entries.length, problems, lost);
  checkSizes(taken, restorations, problems);
  checkRoots(signed, problems, restorations);
  checkPublished(signed, restorations, problems);
  /** What a restore took back, by id: its leaf. @type {Map<string, string>} */
  const gone = new Map();
  for (const other of others) {
    const under = taken.find(({ checkpoint }) => checkpoint === other.checkpoints.at(-1)?.checkpoint);
    for (const { entry, leaf } of checkOlder(other, under, bundle, problems, lost)) gone.set(entry?.id, leaf);
  }
  const read = receipts.flatMap((line) => readReceipt(line, problems));
  checkReceipts(read, bundle, problems, { restorations, gone });
  checkNewest(bundle, problems);
  if (newestRoot?.restored === undefined) checkWaited(bundle, problems);
  const told = (/** @type {Problem} */ { code, text }) => ({ code, text: printable(text) });
  return {
    problems: problems.map(told),
    notices: notices.map(told),
    companyId: bundle.companyId,
    entries: bundle.entries.length,
    unsealed: bundle.unsealed.length,
    checkpoints: signed.length,
    receipts: read.length,
    until: bundle.checkpoints.at(-1)?.checkpoint.at ?? '',
  };
}

/**
 * That what is not under the newest root is younger than that. A root comes every few minutes, and is over all that is there
 * by then; one that says that the logs were restored is over what the backup had.
 *
 * @param {Bundle} bundle
 * @param {Problem[]} problems
 */
function checkWaited({ checkpoints, unsealed }, problems) {
  const at = checkpoints.at(-1)?.checkpoint.at;
  if (at === undefined) return;
  for (const entry of unsealed) {
    if (Date.parse(word(entry.at)) > Date.parse(at) - WAITS) continue;
    problems.push({
      code: 'ENTRY',
      text: `The entry ${word(entry.id)} (${word(entry.action)}, ${word(entry.at)}) is not under the root of ${at}: it was put in later, or is kept from being sealed.`,
    });
  }
}

/**
 * Roots by their numbers, all there are of each.
 *
 * @param {Root[]} signed
 * @returns {Map<number, Root[]>}
 */
function numbered(signed) {
  const byNumber = new Map();
  for (const root of signed) byNumber.set(root.n, [...(byNumber.get(root.n) ?? []), root]);
  return byNumber;
}

/**
 * An earlier bundle, unless it is of another company.
 *
 * @param {Bundle} bundle
 * @param {string | Uint8Array} content
 * @param {Problem[]} problems
 * @returns {Bundle[]}
 */
function othersOf({ companyId }, content, problems) {
  const other = readBundle(content, problems);
  if (other.companyId === companyId) return [other];
  const text = `An earlier bundle is of ${other.companyId}, not of ${companyId}.`;
  problems.push({ code: 'OTHER_COMPANY', text });
  return [];
}

/**
 * @param {unknown} proof
 * @param {Problem[]} problems
 */
function proofIn(proof, problems) {
  if (isProof(proof)) return [proof];
  problems.push({ code: 'UNREADABLE', text: 'A proof is none that the hub gives, or not whole.' });
  return [];
}

/**
 * @param {string} jws
 * @param {string} from
 * @param {Roots} all
 */
async function open(jws, from, { keys, signed, problems }) {
  const root = await openRoot(jws, from, { keys }, problems);
  if (root !== undefined) signed.push(root);
  return root;
}

/**
 * @param {Checkpoint} checkpoint
 * @param {string} from
 * @param {Roots} all
 * @returns {Promise<Taken | undefined>}
 */
async function take(checkpoint, from, all) {
  const root = await open(checkpoint.root, `checkpoint ${checkpoint.n}`, all);
  if (root === undefined) return undefined;
  const holds = checkCheckpoint(checkpoint, root, all.companyId, all.problems);
  const taken = { checkpoint, root, from, holds };
  all.taken.push(taken);
  return taken;
}

/**
 * The bundle's own checkpoints. The last one is the newest; each of the others has to be in its history.
 *
 * @param {Bundle} bundle
 * @param {Roots} all
 * @returns {Promise<{ own: Taken[], newestRoot: Root | undefined }>}
 */
async function takeOwn({ checkpoints }, all) {
  /** @type {(Taken | undefined)[]} */
  const own = [];
  for (const { checkpoint } of checkpoints) own.push(await take(checkpoint, 'this bundle', all));
  const newestRoot = own.at(-1)?.root;
  if (newestRoot !== undefined) {
    checkpoints.slice(0, -1).forEach(({ checkpoint: { n }, history }, at) => {
      const root = own[at]?.root;
      if (root === undefined) return;
      // Of this very root: another one's place says nothing of it.
      if (history?.index === n) checkHistory({ inclusion: history, root: newestRoot }, [root], all.problems);
      else
        all.problems.push({
          code: 'HISTORY',
          text: `Root ${n} is not shown in the history of root ${newestRoot.n}.`,
        });
    });
  }
  return { own: own.filter((taken) => taken !== undefined), newestRoot };
}

/**
 * @param {Bundle} bundle
 * @param {Root} newest
 * @param {Taken[]} own
 * @param {Roots} all
 * @returns {Promise<Restoration[]>}
 */
async function restored({ restorations: lines }, newest, own, all) {
  /** @type {Map<number, Restoration>} */
  const found = new Map();
  for (const line of lines) {
    const root = await open(line.root, 'a restoration', all);
    const base = line.base === null ? undefined : await open(line.base, 'the root of a backup', all);
    if (root === undefined) continue;
    const restoration = restorationOf(line, { root, base, newest, own }, all.problems);
    if (restoration !== undefined) found.set(root.n, restoration);
  }
  return [...found.values()];
}

/**
 * @param {Bundle} bundle
 * @param {Problem[]} problems
 */
function checkNewest({ checkpoints, entries }, problems) {
  const newest = checkpoints.at(-1);
  if (newest === undefined) problems.push({ code: 'NO_ROOT', text: 'The bundle has no signed root.' });
  else if (newest.checkpoint.size !== entries.length) {
    const [has, says] = [entries.length, newest.checkpoint.size];
    problems.push({
      code: 'TRUNCATED',
      text: `The newest root is over ${says} entries; the bundle has ${has}.`,
    });
  }
}
