// @ts-check
/** Signed roots: what each says, and what they say of each other. */
import { compactVerify, importJWK } from 'jose';
import { bytes, headHash, parsed } from './canonical.mjs';
import { growingTree, inclusionHolds, leafHash, sha256 } from './merkle.mjs';
import { isRoot, strictly } from './shapes.mjs';

/**
 * @typedef {import('./verify.mjs').Problem} Problem
 * @typedef {import('./verify.mjs').Checkpoint} Checkpoint
 * @typedef {import('./verify.mjs').Inclusion} Inclusion
 * @typedef {import('./verify.mjs').Root} Root
 * @typedef {import('./restored.mjs').Restoration} Restoration
 */

const BUCKETS = 65_536;
const ROOT_TYP = 'strongroom-root+jwt';
/** Of a root that only says that the logs are those of a backup again. */
const RESTORED_TYP = 'strongroom-restored+jwt';

/**
 * A signed root: its signature, its type, and that it is a root at all.
 *
 * @param {string} jws
 * @param {string} from
 * @param {{ keys: any[] }} jwks
 * @param {Problem[]} problems
 * @returns {Promise<Root | undefined>}
 */
export async function openRoot(jws, from, jwks, problems) {
  const kid = headerOf(jws)?.kid;
  const key = jwks.keys.findIndex((each) => each.kid === kid);
  if (key < 0) {
    problems.push({
      code: 'UNKNOWN_KEY',
      text: `The signature of ${from} is by a key that is not among the public keys.`,
    });
    return undefined;
  }
  try {
    const { payload, protectedHeader } = await compactVerify(jws, await importJWK(jwks.keys[key], 'ES256'), {
      algorithms: ['ES256'],
    });
    const root = rootIn(Buffer.from(payload).toString('utf8'), protectedHeader.typ);
    if (root === undefined) {
      problems.push({
        code: 'NOT_A_ROOT',
        text: `What is signed for ${from} is a statement of another kind.`,
      });
      return undefined;
    }
    return { ...root, payload: Buffer.from(payload), key, from };
  } catch {
    problems.push({ code: 'SIGNATURE', text: `The signature of ${from} does not hold.` });
    return undefined;
  }
}

/**
 * @param {string} payload
 * @param {string | undefined} typ
 * @returns {any} undefined: it is not one
 */
function rootIn(payload, typ) {
  const root = strictly(payload);
  if (!isRoot(root)) return undefined;
  return typ === (root['restored'] === undefined ? ROOT_TYP : RESTORED_TYP) ? root : undefined;
}

/** @param {string} jws */
function headerOf(jws) {
  return parsed(Buffer.from(String(jws).split('.')[0] ?? '', 'base64url').toString('utf8'));
}

/**
 * That a checkpoint says what its root says, and leads from the company's head to the root, once.
 *
 * @param {Checkpoint} checkpoint
 * @param {Root} root
 * @param {string} companyId
 * @param {Problem[]} problems
 * @returns {boolean}
 */
export function checkCheckpoint(checkpoint, root, companyId, problems) {
  const { n, at, size, head, bucket, path } = checkpoint;
  const before = problems.length;
  const wrong = (/** @type {string} */ what) => {
    problems.push({ code: 'CHECKPOINT', text: `Checkpoint ${n} ${what}.` });
  };
  if (root.n !== n || root.at !== at) wrong('has another number or time than its signed root');
  const company = sha256(Buffer.from(`company/${companyId}`));
  const pairs = bucket.map((pair) => Buffer.concat([bytes(pair.company), bytes(pair.head)]));
  const sorted = bucket.every((pair, place) => {
    const before = bucket[place - 1];
    return before === undefined || bytes(before.company).compare(bytes(pair.company)) < 0;
  });
  // Sorted and without a repeat: nobody is under a root twice, with one head for you and one for others.
  if (!sorted) wrong('has companies that are not sorted, or one twice');
  const own = bucket.find((pair) => bytes(pair.company).equals(company));
  // A backup may be older than your first entry under a root: then you are not in its tree.
  const absent = own === undefined && size === 0 && root.restored !== undefined;
  if (!absent && (own === undefined || !bytes(own.head).equals(headHash(size, head)))) {
    wrong(`does not have your log of ${size} entries under its root`);
  }
  const tree = growingTree();
  for (const pair of pairs) tree.add(leafHash(pair));
  const proof = { index: company.readUInt16BE(0), size: BUCKETS, leaf: tree.root(), path: path.map(bytes) };
  if (!inclusionHolds({ ...proof, root: bytes(root.root) })) wrong('does not lead to its signed root');
  return problems.length === before;
}

/**
 * What the signed roots say of each other: one of each number, times that go on, keys that do not come back, companies
 * that do not get fewer.
 *
 * @param {Root[]} signed
 * @param {Problem[]} problems
 * @param {Restoration[]} restorations
 */
export function checkRoots(signed, problems, restorations) {
  const sorted = [...signed].sort((a, b) => a.n - b.n);
  sorted.forEach((root, place) => {
    const before = sorted[place - 1];
    if (root.history.size !== root.n) {
      problems.push({ code: 'HISTORY', text: `Root ${root.n} has a history of ${root.history.size} roots.` });
    }
    if (before === undefined) return;
    if (before.n === root.n) {
      if (!before.payload.equals(root.payload)) {
        problems.push({
          code: 'EQUIVOCATION',
          text: `There are two different signed roots of the number ${root.n} (${before.from}, ${root.from}): keep both, they are the proof.`,
        });
      }
      return;
    }
    if (!(Date.parse(before.at) < Date.parse(root.at))) {
      problems.push({
        code: 'TIME',
        text: `Root ${root.n} (${root.at}) is not later than root ${before.n} (${before.at}).`,
      });
    }
    // The public keys are listed with the newest first.
    if (root.key > before.key) {
      problems.push({
        code: 'RETIRED_KEY',
        text: `Root ${root.n} is signed by a key that had been replaced when root ${before.n} was signed.`,
      });
    }
    // A backup does not have the companies that came later.
    const restored = restorations.some(({ root: { n } }) => n === root.n);
    if (root.companies < before.companies && !restored) {
      problems.push({
        code: 'HISTORY',
        text: `Root ${root.n} is over fewer companies than root ${before.n}.`,
      });
    }
  });
}

/**
 * That an earlier root is in the history of a later one.
 *
 * @param {{ inclusion: Inclusion, root: Root }} history
 * @param {Root[]} before those that were given of this number
 * @param {Problem[]} problems
 */
export function checkHistory({ inclusion, root }, before, problems) {
  const { index, size, path } = inclusion;
  const to = { size: root.history.size, root: bytes(root.history.root) };
  const holds = before.some(
    ({ payload }) =>
      size === to.size && inclusionHolds({ index, path: path.map(bytes), leaf: leafHash(payload), ...to }),
  );
  if (!holds)
    problems.push({ code: 'HISTORY', text: `Root ${index} is not in the history of root ${root.n}.` });
}
