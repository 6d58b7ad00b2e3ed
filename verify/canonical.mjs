// @ts-check
/** Entries, leaves and heads in the form that is hashed, and in words. */
import { leafHash, sha256 } from './merkle.mjs';

/**
 * The leaf of an entry, in base64url; '' for what no entry can be, and so has never been sealed.
 *
 * @param {any} entry
 */
export function leafOf(entry) {
  // The leaf has a member `v` of its own: one that was put into the entry would be hidden by it.
  if (entry === null || typeof entry !== 'object' || Object.hasOwn(entry, 'v')) return '';
  const form = canonical(entry);
  return form === undefined ? '' : leafHash(Buffer.from(form, 'utf8')).toString('base64url');
}

/**
 * RFC 8785 of an entry with `"v":1`, as far as entries go: strings, integers, booleans, null, and objects of these.
 *
 * @param {any} entry
 * @returns {string | undefined} undefined: it has something else
 */
export function canonical(entry) {
  try {
    return sorted({ ...entry, v: 1 });
  } catch {
    return undefined;
  }
}

/**
 * @param {any} value
 * @returns {string}
 */
function sorted(value) {
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`;
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new RangeError('not an integer');
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${sorted(member)}`).join(',')}}`;
}

/**
 * @param {number} size
 * @param {string} root
 */
export function headHash(size, root) {
  const head = Buffer.alloc(9);
  head.writeUInt8(2);
  head.writeBigUInt64BE(BigInt(size), 1);
  return sha256(head, bytes(root));
}

/** @param {any} text */
export function bytes(text) {
  return Buffer.from(String(text), 'base64url');
}

/**
 * @param {any} entry
 * @param {number} at
 */
export function nameOf(entry, at) {
  return `Entry ${at} (${word(entry?.id)}, ${word(entry?.action)}, ${word(entry?.at)})`;
}

/**
 * Whatever stands in the place of a text, as far as it goes into a sentence.
 *
 * @param {any} value
 */
export function word(value) {
  return (typeof value === 'string' ? value : typeof value).slice(0, 80);
}

/**
 * The names of the members that differ.
 *
 * @param {any} before
 * @param {any} now
 */
export function changes(before, now) {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(now ?? {})])];
  const of = (/** @type {any} */ entry, /** @type {string} */ name) =>
    Object.hasOwn(entry ?? {}, name) ? canonical({ member: entry[name] }) : '';
  return names.filter((name) => of(before, name) !== of(now, name)).join(', ');
}

/**
 * For a terminal: what could move its cursor, or turn the direction of a line, is written as a code.
 *
 * @param {string} text
 */
export function printable(text) {
  const shown = text.replace(
    /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return shown.length > 1000 ? `${shown.slice(0, 1000)}…` : shown;
}

/** @param {string} text */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
