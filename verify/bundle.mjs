// @ts-check
import { parsed } from './canonical.mjs';

/**
 * @typedef {import('./verify.mjs').Problem} Problem
 * @typedef {import('./verify.mjs').Bundle} Bundle
 */

/**
 * Reads a bundle. A line that is no JSON ends the reading: what follows it can not be told apart.
 *
 * @param {string} text
 * @param {Problem[]} problems
 * @returns {Bundle}
 */
export function readBundle(text, problems) {
  /** @type {Bundle} */
  const bundle = {
    ...{ companyId: '', entries: [], extra: [], unsealed: [], checkpoints: [], restorations: [] },
    whole: false,
  };
  const lines = text.split('\n').filter((line) => line !== '');
  lines.forEach((line, at) => {
    const value = parsed(line);
    if (value === undefined) {
      problems.push({ code: 'UNREADABLE', text: `Line ${at + 1} of the bundle is not JSON.` });
    } else if (value.strongroom === 'log') {
      bundle.companyId = String(value.companyId);
      if (value.v !== 1)
        problems.push({ code: 'UNREADABLE', text: 'The bundle is of a version that is not known here.' });
    } else if (value.leaf !== undefined)
      bundle.entries.push({ entry: value.entry, leaf: String(value.leaf) });
    else if (value.extra !== undefined) bundle.extra.push({ entry: value.extra, index: value.index });
    else if (value.unsealed !== undefined) bundle.unsealed.push(value.unsealed);
    else if (value.checkpoint !== undefined)
      bundle.checkpoints.push({ checkpoint: value.checkpoint, history: value.history ?? null });
    else if (value.restoration !== undefined) bundle.restorations.push(value.restoration);
    else if (value.end !== undefined) {
      bundle.whole =
        at === lines.length - 1 &&
        value.end.entries === bundle.entries.length &&
        value.end.unsealed === bundle.unsealed.length &&
        value.end.checkpoints === bundle.checkpoints.length;
    } else
      problems.push({
        code: 'UNREADABLE',
        text: `Line ${at + 1} of the bundle is of no kind that is known here.`,
      });
  });
  if (bundle.companyId === '')
    problems.push({ code: 'UNREADABLE', text: 'This is not a bundle: its first line does not say so.' });
  if (!bundle.whole) {
    problems.push({
      code: 'INCOMPLETE',
      text: 'The bundle broke off: its last line does not count what is in it.',
    });
  }
  return bundle;
}
