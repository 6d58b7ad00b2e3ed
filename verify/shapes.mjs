// @ts-check
/**
 * What lines of a bundle, signed roots and proofs have to look like before anything is made of them. Whoever wrote them
 * may want to be misread: so every value is of its one type, a hash is 32 bytes in its one spelling, and JSON is as it is
 * written anew, which leaves no room for a member that is there twice.
 */
import { bytes, parsed } from './canonical.mjs';

/**
 * @typedef {import('./verify.mjs').Checkpoint} Checkpoint
 * @typedef {import('./verify.mjs').Inclusion} Inclusion
 */

/** What one line may come to, in bytes: far above the leaves of every root that can be behind a restoration. */
const LONGEST = 256 * 1024 * 1024;
/** Hashes from a leaf to the root of a tree of any size that can be counted. */
const LONGEST_PATH = 64;
/** From a bucket up to the root of the tree over all companies. */
const BUCKET_PATH = 16;

/**
 * @param {unknown} value
 * @returns {value is Record<string, any>}
 */
export function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * With these members and no other.
 *
 * @param {unknown} value
 * @param {string[]} names
 * @returns {value is Record<string, any>}
 */
export function hasOnly(value, names) {
  if (!isObject(value)) return false;
  const own = Object.keys(value);
  return own.length === names.length && names.every((name) => Object.hasOwn(value, name));
}

/** @param {unknown} value */
export function isCount(value) {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/**
 * @param {unknown} value
 * @returns {value is string}
 */
export function isText(value) {
  return typeof value === 'string';
}

/** @param {unknown} value */
export function isHash(value) {
  return typeof value === 'string' && value.length === 43 && bytes(value).toString('base64url') === value;
}

/** @param {unknown} value */
export function isTime(value) {
  if (typeof value !== 'string') return false;
  const time = Date.parse(value);
  return !Number.isNaN(time) && new Date(time).toISOString() === value;
}

/**
 * @param {unknown} value
 * @param {number} [most]
 */
function areHashes(value, most = Number.POSITIVE_INFINITY) {
  return Array.isArray(value) && value.length <= most && value.every(isHash);
}

/** @param {unknown} value */
const isPath = (value) => areHashes(value, LONGEST_PATH);

/**
 * @param {unknown} value
 * @returns {value is Inclusion}
 */
export function isInclusion(value) {
  return (
    hasOnly(value, ['index', 'size', 'path']) &&
    isCount(value['index']) &&
    isCount(value['size']) &&
    isPath(value['path'])
  );
}

/** @param {unknown} value */
export function isGrowth(value) {
  return (
    hasOnly(value, ['first', 'size', 'path']) &&
    isCount(value['first']) &&
    isCount(value['size']) &&
    isPath(value['path'])
  );
}

/**
 * @param {unknown} value
 * @returns {value is Checkpoint}
 */
export function isCheckpoint(value) {
  return (
    hasOnly(value, ['n', 'at', 'size', 'head', 'bucket', 'path', 'root']) &&
    ['n', 'size'].every((name) => isCount(value[name])) &&
    isTime(value['at']) &&
    isHash(value['head']) &&
    isText(value['root']) &&
    Array.isArray(value['bucket']) &&
    value['bucket'].every(isPair) &&
    areHashes(value['path']) &&
    value['path'].length === BUCKET_PATH
  );
}

/** @param {unknown} value */
function isPair(value) {
  return hasOnly(value, ['company', 'head']) && isHash(value['company']) && isHash(value['head']);
}

/** @param {unknown} value */
export function isRestoration(value) {
  return (
    hasOnly(value, ['root', 'history', 'base', 'before', 'leaves']) &&
    isText(value['root']) &&
    (value['history'] === null || isInclusion(value['history'])) &&
    (value['base'] === null || isText(value['base'])) &&
    isPath(value['before']) &&
    areHashes(value['leaves'])
  );
}

/** @param {unknown} value */
export function isEnd(value) {
  const names = ['entries', 'unsealed', 'checkpoints'];
  return hasOnly(value, names) && names.every((name) => isCount(value[name]));
}

/**
 * @param {unknown} value what is signed as a root
 * @returns {value is Record<string, any>}
 */
export function isRoot(value) {
  const names = ['iss', 'iat', 'n', 'at', 'companies', 'root', 'history'];
  const all = isObject(value) && Object.hasOwn(value, 'restored') ? [...names, 'restored'] : names;
  return (
    hasOnly(value, all) &&
    ['iat', 'n', 'companies'].every((name) => isCount(value[name])) &&
    isText(value['iss']) &&
    isTime(value['at']) &&
    isHash(value['root']) &&
    hasOnly(value['history'], ['size', 'root']) &&
    isCount(value['history']['size']) &&
    isHash(value['history']['root']) &&
    (all === names || isRestored(value['restored']))
  );
}

/** @param {unknown} value */
function isRestored(value) {
  return (
    hasOnly(value, ['backup', 'snapshotTime', 'from']) &&
    isText(value['backup']) &&
    isTime(value['snapshotTime']) &&
    (value['from'] === null || isCount(value['from']))
  );
}

/**
 * @param {unknown} value as the API answers it: of an entry, or of growth since an earlier root
 * @returns {value is { entry?: any, inclusion?: Inclusion, log?: any, history?: Inclusion | null, checkpoint: Checkpoint }}
 */
export function isProof(value) {
  if (!isObject(value) || !isCheckpoint(value['checkpoint'])) return false;
  if (Object.hasOwn(value, 'inclusion')) {
    const names = ['entry', 'inclusion', 'checkpoint'];
    return hasOnly(value, names) && isObject(value['entry']) && isInclusion(value['inclusion']);
  }
  return (
    hasOnly(value, ['checkpoint', 'log', 'history']) &&
    isGrowth(value['log']) &&
    (value['history'] === null || isInclusion(value['history']))
  );
}

/**
 * The public keys as the hub publishes them, the newest first. Throws for anything else: without them nothing can be said.
 *
 * @param {any} jwks
 * @returns {any[]}
 */
export function keysOf(jwks) {
  const keys = jwks?.keys;
  const known = Array.isArray(keys) && keys.every((key) => isObject(key) && isText(key['kid']));
  if (!known) throw new Error('The keys are not what /.well-known/jwks.json answers.');
  if (new Set(keys.map(({ kid }) => kid)).size < keys.length)
    throw new Error('Two of the keys have one name: which of them has signed can not be told.');
  return keys;
}

/**
 * JSON as `JSON.stringify` writes it, or undefined.
 *
 * @param {string} text
 * @returns {unknown}
 */
export function strictly(text) {
  const value = parsed(text);
  try {
    return JSON.stringify(value) === text ? value : undefined;
  } catch {
    // Nested more deeply than can be written.
    return undefined;
  }
}

/**
 * The lines of a file that may be longer than a string can be; undefined for one that is too long for a line. Empty ones
 * are left out.
 *
 * @param {string | Uint8Array} content
 * @returns {Generator<string | undefined>}
 */
export function* linesOf(content) {
  const data =
    typeof content === 'string'
      ? Buffer.from(content, 'utf8')
      : Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  for (let from = 0; from < data.length;) {
    const found = data.indexOf(0x0a, from);
    const to = found < 0 ? data.length : found;
    if (to - from > LONGEST) yield undefined;
    else {
      const line = data.toString('utf8', from, to).replace(/\r$/, '');
      if (line !== '') yield line;
    }
    from = to + 1;
  }
}
