// @ts-check
import {
  hasOnly,
  isCheckpoint,
  isCount,
  isEnd,
  isInclusion,
  isObject,
  isRestoration,
  linesOf,
  strictly,
} from './shapes.mjs';

/**
 * @typedef {import('./verify.mjs').Problem} Problem
 * @typedef {import('./verify.mjs').Bundle} Bundle
 */

const COMPANY = /^cmp_[0-9a-z]{26}$/;

/**
 * Reads a bundle. A line that is none of a bundle ends the reading: what follows it can not be told apart.
 *
 * @param {string | Uint8Array} content
 * @param {Problem[]} problems
 * @returns {Bundle}
 */
export function readBundle(content, problems) {
  /** @type {Bundle} */
  const bundle = {
    ...{ companyId: '', entries: [], extra: [], unsealed: [], checkpoints: [], restorations: [] },
    whole: false,
  };
  let at = 0;
  for (const line of linesOf(content)) {
    at += 1;
    const wrong = at === 1 ? takeFirst(line, bundle) : takeLine(line, bundle);
    if (wrong === undefined) continue;
    problems.push({ code: 'UNREADABLE', text: at === 1 ? wrong : `Line ${at} of the bundle ${wrong}.` });
    bundle.whole = false;
    break;
  }
  if (!bundle.whole) {
    problems.push({
      code: 'INCOMPLETE',
      text: 'The bundle broke off: its last line does not count what is in it.',
    });
  }
  return bundle;
}

/**
 * @param {string | undefined} line
 * @param {Bundle} bundle
 * @returns {string | undefined} what is wrong
 */
function takeFirst(line, bundle) {
  const first = strictly(line ?? '');
  const known = hasOnly(first, ['strongroom', 'v', 'iss', 'companyId']) && first['strongroom'] === 'log';
  if (!known || !COMPANY.test(String(first['companyId'])))
    return 'This is not a bundle: its first line does not say so.';
  if (first['v'] !== 1) return 'The bundle is of a version that is not known here.';
  bundle.companyId = String(first['companyId']);
  return undefined;
}

/**
 * @param {string | undefined} line
 * @param {Bundle} bundle
 * @returns {string | undefined} what is wrong
 */
function takeLine(line, bundle) {
  if (bundle.whole) return 'stands behind its last one';
  const value = strictly(line ?? '');
  if (value === undefined) return 'is not JSON as the hub writes it';
  if (hasOnly(value, ['leaf', 'entry']) && isEntry(value['entry'], null)) {
    bundle.entries.push({ entry: value['entry'], leaf: String(value['leaf']) });
  } else if (hasOnly(value, ['extra', 'index']) && isEntry(value['extra']) && isCount(value['index'])) {
    bundle.extra.push({ entry: value['extra'], index: value['index'] });
  } else if (hasOnly(value, ['unsealed']) && isEntry(value['unsealed'])) {
    bundle.unsealed.push(value['unsealed']);
  } else if (hasOnly(value, ['checkpoint']) && isCheckpoint(value['checkpoint'])) {
    bundle.checkpoints.push({ checkpoint: value['checkpoint'], history: null });
  } else if (
    hasOnly(value, ['checkpoint', 'history']) &&
    isCheckpoint(value['checkpoint']) &&
    isInclusion(value['history'])
  ) {
    bundle.checkpoints.push({ checkpoint: value['checkpoint'], history: value['history'] });
  } else if (hasOnly(value, ['restoration']) && isRestoration(value['restoration'])) {
    bundle.restorations.push(value['restoration']);
  } else if (hasOnly(value, ['end']) && isEnd(value['end'])) {
    const { entries, unsealed, checkpoints } = value['end'];
    bundle.whole =
      entries === bundle.entries.length &&
      unsealed === bundle.unsealed.length &&
      checkpoints === bundle.checkpoints.length;
  } else return 'is of no kind that is known here';
  return undefined;
}

/**
 * Whatever somebody made of it in the database.
 *
 * @param {unknown} value
 * @param {null} [gone]
 */
function isEntry(value, gone) {
  return isObject(value) || value === gone;
}
