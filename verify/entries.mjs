// @ts-check
/** Entries, beside their leaves, beside earlier bundles and beside receipts. */
import { changes, leafOf, nameOf, word } from './canonical.mjs';
import { lostBy } from './restored.mjs';

/**
 * @typedef {import('./verify.mjs').Problem} Problem
 * @typedef {import('./verify.mjs').Bundle} Bundle
 * @typedef {import('./verify.mjs').Taken} Taken
 * @typedef {import('./verify.mjs').Lost} Lost
 * @typedef {import('./verify.mjs').Receipt} Receipt
 * @typedef {import('./restored.mjs').Restoration} Restoration
 */

/**
 * That each entry is what its leaf was made of. So one that was changed, taken away or put in is known by itself: the
 * leaves stand under signed heads.
 *
 * @param {Bundle} bundle
 * @param {Problem[]} problems
 */
export function checkEntries({ companyId, entries, extra, unsealed }, problems) {
  const wrong = (/** @type {string} */ code, /** @type {string} */ text) => {
    problems.push({ code, text });
  };
  const seen = new Map();
  const places = placesOf(entries);
  entries.forEach(({ entry, leaf }, at) => {
    if (entry === null) return wrong('ENTRY', `Entry ${at} is gone. Its leaf was ${leaf}.`);
    const name = nameOf(entry, at);
    const own = leafOf(entry);
    if (own !== leaf) {
      const place = places.get(own);
      const was =
        place === undefined
          ? 'is not what was sealed: it was changed or put in'
          : `was sealed as entry ${place}`;
      wrong('ENTRY', `${name} ${was}. The leaf of entry ${at} was ${leaf}.`);
    }
    if (seen.has(entry.id))
      wrong('ENTRY', `${name} is there twice: it is entry ${seen.get(entry.id)} already.`);
    seen.set(entry.id, at);
    if (entry.companyId !== companyId) wrong('OTHER_COMPANY', `${name} is not of this company.`);
  });
  for (const { entry, index } of extra)
    wrong('ENTRY', `${nameOf(entry, index)} was put in beside the one that was sealed.`);
  unsealed.forEach((entry) => {
    if (seen.has(entry.id))
      wrong(
        'ENTRY',
        `The entry ${word(entry.id)} is there twice: it is entry ${seen.get(entry.id)} already.`,
      );
    if (entry.companyId !== companyId)
      wrong('OTHER_COMPANY', `The entry ${word(entry.id)} is not of this company.`);
  });
}

/**
 * Where each leaf is first.
 *
 * @param {import('./verify.mjs').Sealed[]} entries
 * @returns {Map<string, number>}
 */
function placesOf(entries) {
  const places = new Map();
  entries.forEach(({ leaf }, at) => {
    if (!places.has(leaf)) places.set(leaf, at);
  });
  return places;
}

/**
 * Names each entry that an earlier bundle has and this one has not, or has otherwise, under a root by then or not yet.
 * Answers those that a restore took back.
 *
 * @param {Bundle} older
 * @param {Taken | undefined} under its newest checkpoint
 * @param {Bundle} bundle
 * @param {Problem[]} problems
 * @param {Lost} lost
 */
export function checkOlder(older, under, bundle, problems, { restorations, notices }) {
  const { entries } = bundle;
  const places = placesOf(entries);
  checkWaiting(older, bundle, places, problems, restorations);
  return older.entries.filter(({ entry, leaf }, at) => {
    if (entries[at]?.leaf === leaf) return false;
    const now = places.get(leaf);
    const same = entries[at]?.entry;
    const what =
      now !== undefined
        ? `is entry ${now} now`
        : same?.id === entry?.id && same !== undefined
          ? `was changed: ${changes(entry, same)}`
          : 'is gone';
    const restored = under !== undefined && lostBy(under.root, at + 1, restorations) !== undefined;
    const text = `${nameOf(entry, at)} of an earlier bundle ${what}.`;
    (restored ? notices : problems).push({ code: restored ? 'LOST' : 'ENTRY', text });
    return restored;
  });
}

/**
 * What waited for a root in an earlier bundle is under one by now, or still waits.
 *
 * @param {Bundle} older
 * @param {Bundle} bundle
 * @param {Map<string, number>} places
 * @param {Problem[]} problems
 * @param {Restoration[]} restorations
 */
function checkWaiting(older, { unsealed }, places, problems, restorations) {
  const waiting = new Set(unsealed.map(leafOf));
  for (const entry of older.unsealed) {
    const leaf = leafOf(entry);
    if (places.has(leaf) || waiting.has(leaf)) continue;
    problems.push({
      code: 'ENTRY',
      text: `The entry ${word(entry.id)} (${word(entry.action)}, ${word(entry.at)}) of an earlier bundle, not under a root by then, is not in the log as it was.${maybeLost('it was written', restorations)}`,
    });
  }
}

/**
 * What can not be told: when it was written or sealed.
 *
 * @param {string} when
 * @param {Restoration[]} restorations
 */
function maybeLost(when, restorations) {
  const times = restorations.map(({ root }) => `${root.restored?.snapshotTime} and ${root.at}`);
  return times.length === 0 ? '' : ` If ${when} between ${times.join(', or ')}, a restore lost it.`;
}

/**
 * @param {string} line
 * @param {Problem[]} problems
 * @returns {Receipt[]}
 */
export function readReceipt(line, problems) {
  const found = /^(?:audit-entry:\s*)?(aud_[0-9a-z]{26});\s*leaf=([\w-]{43})$/i.exec(line.trim());
  if (found?.[1] !== undefined && found[2] !== undefined) return [{ id: found[1], leaf: found[2] }];
  problems.push({ code: 'UNREADABLE', text: `This is no receipt: ${line.trim().slice(0, 80)}` });
  return [];
}

/**
 * @param {Receipt[]} receipts
 * @param {Bundle} bundle
 * @param {Problem[]} problems
 * @param {{ restorations: Restoration[], gone: Map<string, string> }} lost
 */
export function checkReceipts(receipts, { entries, unsealed }, problems, { restorations, gone }) {
  const all = [...entries.map(({ entry }) => entry), ...unsealed];
  const byId = new Map(all.filter((entry) => entry !== null).map((entry) => [entry.id, leafOf(entry)]));
  for (const { id, leaf } of receipts) {
    const found = byId.get(id);
    // Of what a restore took back an earlier bundle shows that it had been sealed since the backup.
    if (found === leaf || (found === undefined && gone.get(id) === leaf)) continue;
    const maybe = maybeLost('you got it', restorations);
    const what =
      found === undefined
        ? 'is not in the log'
        : 'is in the log otherwise than it was when you got its receipt';
    problems.push({
      code: 'RECEIPT',
      text: `The entry ${id}, of which you have a receipt, ${what}.${maybe}`,
    });
  }
}
